package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gonets/internal/account"
)

const far = `"2099-01-04T09:00:00Z"` // a Sunday

// TestEveryOperation walks what the description names: success, a stranger,
// nobody, a wrong role, wrong input, a wrong state. Every answer is held
// against the description by ask.
func TestEveryOperation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		walk := map[string]func(){
			"GET /me":                      w.walkMe,
			"GET /recipients":              w.walkRecipients,
			"POST /recipients":             w.walkCreateRecipient,
			"GET /recipients/{id}":         w.walkRecipient,
			"PATCH /recipients/{id}":       w.walkUpdateRecipient,
			"DELETE /recipients/{id}":      w.walkDeleteRecipient,
			"POST /recipients/imports":     w.walkUpload,
			"GET /recipients/imports/{id}": w.walkImport,
			"GET /messages":                w.walkMessages,
			"POST /messages":               w.walkCreateMessage,
			"GET /messages/{id}":           w.walkMessage,
			"PATCH /messages/{id}":         w.walkUpdateMessage,
			"DELETE /messages/{id}":        w.walkDeleteMessage,
			"POST /messages/{id}/preview":  w.walkPreview,
			"POST /messages/{id}/test":     w.walkTest,
			"GET /mailings":                w.walkMailings,
			"POST /mailings":               w.walkCreateMailing,
			"GET /mailings/{id}":           w.walkMailing,
			"PATCH /mailings/{id}":         w.walkUpdateMailing,
			"DELETE /mailings/{id}":        w.walkDeleteMailing,
			"POST /mailings/{id}/start":    w.walkStart,
			"POST /mailings/{id}/pause":    w.walkPause,
			"POST /mailings/{id}/resume":   w.walkResume,
			"POST /mailings/{id}/stop":     w.walkStop,
			"POST /mailings/{id}/send":     w.walkSend,
			"POST /mailings/{id}/disable":  w.walkDisable,
			"POST /mailings/{id}/enable":   w.walkEnable,
			"GET /mailings/{id}/runs":      w.walkRuns,
			"GET /runs/{id}":               w.walkRun,
			"GET /runs/{id}/deliveries":    w.walkDeliveries,
			"GET /deliveries/{id}":         w.walkDelivery,
			"GET /attempts":                w.walkAttempts,
			"GET /stats":                   w.walkStatistics,
			"GET /users":                   w.walkUsers,
			"GET /users/{id}":              w.walkUser,
			"DELETE /users/{id}":           w.walkDeleteUser,
			"POST /users/{id}/block":       w.walkBlock,
			"POST /users/{id}/unblock":     w.walkUnblock,
		}
		operations := w.operations()
		for _, do := range slices.Sorted(maps.Keys(operations)) {
			if walk[do] == nil {
				t.Errorf("%s has no case", do)
				continue
			}
			walk[do]()
			w.expect(http.StatusUnauthorized, request{do: do, id: "1"})
			if strings.Contains(do, "{id}") {
				w.expect(http.StatusNotFound, request{as: "root", do: do, id: "999999"})
				w.expect(http.StatusNotFound, request{as: "root", do: do, id: "..%2F1"})
				w.expect(http.StatusNotFound, request{as: "root", do: do, id: "01"})
			}
			if operations[do].RequestBody != nil && !strings.HasSuffix(do, "imports") {
				w.expect(http.StatusUnprocessableEntity, request{as: "root", do: do, id: "1", body: `{"nonsense": 1}`}, "nonsense")
				w.expect(http.StatusUnprocessableEntity, request{as: "root", do: do, id: "1", body: `[]`}, "")
				w.expect(http.StatusUnprocessableEntity, request{as: "root", do: do, id: "1", body: `{"a`}, "")
				w.expect(http.StatusUnprocessableEntity, request{as: "root", do: do, id: "1", body: "{\"a\": \"\xff\"}"}, "")
				w.expect(http.StatusUnsupportedMediaType, request{as: "root", do: do, id: "1", body: `a=b`, typ: "application/x-www-form-urlencoded"})
			}
			w.expect(http.StatusUnprocessableEntity, request{as: "root", do: do, id: "1", args: "?nonsense=1"}, "nonsense")
			if !slices.ContainsFunc([]int{200, 201, 202}, func(status int) bool { return w.seen[do][status] }) {
				t.Errorf("%s never succeeded", do)
			}
		}
	})
}

// lists walks what is the same for every list.
func (w *world) lists(q request) {
	w.t.Helper()
	for args, field := range map[string]string{
		"?limit=0": "limit", "?limit=501": "limit", "?limit=ten": "limit", "?after=x": "after", "?after=-1": "after",
	} {
		q.args = args
		w.expect(422, q, field)
	}
}

func (w *world) walkMe() {
	a := w.expect(200, request{as: "mod", do: "GET /me"})
	if a.text("email") != "mod@users.example" || a.text("role") != "moderator" {
		w.t.Errorf("me is %s", a.body)
	}
}

func (w *world) walkUsers() {
	a := w.expect(200, request{as: "mod", do: "GET /users", args: "?search=anna"})
	if items := a.items(); len(items) != 1 || items[0]["email"] != "anna@users.example" || strings.Contains(a.body, "argon") {
		w.t.Errorf("users: %s", a.body)
	}
	if a := w.expect(200, request{as: "mod", do: "GET /users", args: "?search=anna&state=blocked"}); len(a.items()) != 0 {
		w.t.Errorf("blocked users: %s", a.body)
	}
	w.expect(422, request{as: "mod", do: "GET /users", args: "?state=asleep"}, "state")
	w.expect(403, request{as: "anna", do: "GET /users"})
	w.lists(request{as: "mod", do: "GET /users"})
}

func (w *world) walkUser() {
	do := "GET /users/{id}"
	id := formatID(w.user("busy", account.RoleUser).ID)
	w.mailing("busy")
	w.expect(200, request{as: "busy", do: "POST /mailings/{id}/start", id: w.mailing("busy")})
	for _, as := range []string{"mod", "busy"} {
		a := w.expect(200, request{as: as, do: do, id: id})
		if a.text("email") != "busy@users.example" || a.json["mailings"] != 2.0 || a.json["active_mailings"] != 1.0 || a.json["sending_mailings"] != 1.0 {
			w.t.Errorf("%s sees %s", as, a.body)
		}
	}
	w.expect(404, request{as: "anna", do: do, id: id})
}

func (w *world) walkBlock() {
	do := "POST /users/{id}/block"
	u := w.user("blockee", account.RoleUser)
	id := formatID(u.ID)
	mailing := w.mailing("blockee")
	w.expect(200, request{as: "blockee", do: "POST /mailings/{id}/start", id: mailing})
	w.expect(403, request{as: "anna", do: do, id: id, body: `{"reason": "spam"}`})
	w.expect(403, request{as: "mod", do: do, id: formatID(w.users["root"].ID), body: `{"reason": "spam"}`})
	w.expect(422, request{as: "mod", do: do, id: id}, "reason")
	if a := w.expect(200, request{as: "mod", do: do, id: id, body: `{"reason": "spam"}`}); a.text("blocked_reason") != "spam" {
		w.t.Errorf("blocked: %s", a.body)
	}
	w.expect(409, request{as: "mod", do: do, id: id, body: `{"reason": "spam"}`})
	w.expect(401, request{as: "blockee", do: "GET /me"})
	if a := w.expect(200, request{as: "mod", do: "GET /mailings/{id}", id: mailing}); a.text("state") != "paused" {
		w.t.Errorf("a blocked user's mailing: %s", a.body)
	}
}

func (w *world) walkUnblock() {
	do := "POST /users/{id}/unblock"
	u := w.user("unblockee", account.RoleUser)
	id := formatID(u.ID)
	w.expect(409, request{as: "mod", do: do, id: id})
	w.expect(200, request{as: "mod", do: "POST /users/{id}/block", id: id, body: `{"reason": "spam"}`})
	w.expect(403, request{as: "anna", do: do, id: id})
	w.expect(200, request{as: "mod", do: do, id: id, body: `{"reason": "a mistake"}`})
	w.expect(200, request{as: "unblockee", do: "GET /me"})
}

func (w *world) walkDeleteUser() {
	do := "DELETE /users/{id}"
	u := w.user("leaver", account.RoleUser)
	w.user("chief", account.RoleAdmin)
	id := formatID(u.ID)
	w.expect(403, request{as: "anna", do: do, id: id})
	w.expect(403, request{as: "mod", do: do, id: id})
	w.expect(200, request{as: "chief", do: do, id: id, args: "?reason=asked"})
	w.expect(404, request{as: "chief", do: do, id: id})
	w.expect(401, request{as: "leaver", do: "GET /me"})
}
