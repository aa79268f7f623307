package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/delivery"
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

func (w *world) walkRecipients() {
	for i := range 5 {
		w.recipient("anna", fmt.Sprintf("page%d@example.com", i))
	}
	w.recipient("boris", "foreign@example.com")
	var got []string
	q := request{as: "anna", do: "GET /recipients", args: "?limit=2&search=page"}
	for {
		a := w.expect(200, q)
		for _, item := range a.items() {
			got = append(got, item["email"].(string))
		}
		if a.text("next") == "" {
			break
		}
		q.args = "?limit=2&search=page&after=" + a.text("next")
	}
	want := []string{"page4@example.com", "page3@example.com", "page2@example.com", "page1@example.com", "page0@example.com"}
	if !slices.Equal(got, want) {
		w.t.Errorf("pages: got %q, want %q", got, want)
	}
	a := w.expect(200, request{as: "anna", do: "GET /recipients", args: "?tag=NEWS&status=active&limit=500&after="})
	if strings.Contains(a.body, "foreign@") {
		w.t.Errorf("anna sees a recipient of boris': %s", a.body)
	}
	w.expect(422, request{as: "anna", do: "GET /recipients", args: "?status=asleep"}, "status")
	w.lists(request{as: "anna", do: "GET /recipients"})
}

func (w *world) walkCreateRecipient() {
	do := "POST /recipients"
	a := w.expect(201, request{as: "anna", do: do, body: `{"email": "Ivan@Example.com", "name": "Иван", "comment": "a\nb",
		"tags": ["VIP", "vip"], "attributes": {"city": "Казань", "visits": 9007199254740993, "paid": true, "likes": ["tea", 2]},
		"time_zone": "Europe/Moscow", "locale": "ru"}`})
	if !strings.Contains(a.body, `"visits":9007199254740993`) || !strings.Contains(a.body, `"tags":["VIP"]`) {
		w.t.Errorf("created %s", a.body)
	}
	w.expect(422, request{as: "anna", do: do, body: `{"email": "ivan@example.COM"}`}, "email") // taken
	w.expect(422, request{as: "anna", do: do, body: `{}`}, "email")
	w.expect(422, request{as: "anna", do: do}, "email")
	w.expect(422, request{as: "anna", do: do, body: `{"email": 5, "tags": "a", "name": null, "attributes": [], "x": 1, "Email": "a@b.c"}`},
		"Email", "attributes", "email", "tags", "x")
	w.expect(422, request{as: "anna", do: do, body: `{"email": "no", "name": "a\u0000", "tags": ["a,b"],
		"attributes": {"email": "x", "a": {}}, "time_zone": "Mars/Base", "locale": "!"}`},
		"email", "name", "tags", "attributes.a", "attributes.email", "time_zone", "locale")
	russian := w.expect(422, request{as: "anna", do: do, body: `{}`, lang: "ru-RU, en;q=0.5"})
	if !strings.Contains(russian.body, "Заполните") {
		w.t.Errorf("in Russian: %s", russian.body)
	}
	w.expect(413, request{as: "anna", do: do, body: `{"comment": "` + strings.Repeat("x", maxBody) + `"}`})
}

func (w *world) walkRecipient() {
	id := w.recipient("anna", "get@example.com")
	w.expect(200, request{as: "anna", do: "GET /recipients/{id}", id: id})
	w.expect(404, request{as: "boris", do: "GET /recipients/{id}", id: id})
	w.expect(404, request{as: "root", do: "GET /recipients/{id}", id: id})
}

func (w *world) walkUpdateRecipient() {
	id := w.recipient("anna", "patch@example.com")
	do := "PATCH /recipients/{id}"
	a := w.expect(200, request{as: "anna", do: do, id: id, body: `{"comment": "new"}`})
	if a.text("comment") != "new" || a.text("name") != "Ivan" || !strings.Contains(a.body, `"tags":["news"]`) {
		w.t.Errorf("changed to %s", a.body)
	}
	a = w.expect(200, request{as: "anna", do: do, id: id, body: `{"tags": [], "name": ""}`})
	if a.text("name") != "" || a.text("comment") != "new" || !strings.Contains(a.body, `"tags":[]`) {
		w.t.Errorf("changed to %s", a.body)
	}
	w.expect(422, request{as: "anna", do: do, id: id, body: `{"email": "no"}`}, "email")
	w.expect(404, request{as: "boris", do: do, id: id, body: `{"comment": "mine"}`})
}

func (w *world) walkDeleteRecipient() {
	id := w.recipient("anna", "delete@example.com")
	do := "DELETE /recipients/{id}"
	w.expect(404, request{as: "boris", do: do, id: id})
	w.expect(200, request{as: "anna", do: do, id: id})
	w.expect(404, request{as: "anna", do: do, id: id})
}

func (w *world) walkMessages() {
	id := w.message("anna")
	foreign := w.message("boris")
	a := w.expect(200, request{as: "anna", do: "GET /messages", args: "?search=hello"})
	if !strings.Contains(a.body, `"`+id+`"`) || strings.Contains(a.body, `"`+foreign+`"`) {
		w.t.Errorf("anna's messages: %s", a.body)
	}
	w.lists(request{as: "anna", do: "GET /messages"})
}

func (w *world) walkCreateMessage() {
	do := "POST /messages"
	w.expect(201, request{as: "anna", do: do, body: `{"subject": "Hi", "format": "markdown", "body": "# Hi {{ recipient.name }}", "text": "Hi"}`})
	w.expect(422, request{as: "anna", do: do, body: `{}`}, "subject", "format", "body")
	w.expect(422, request{as: "anna", do: do, body: `{"subject": "a\nb", "format": "pdf", "body": "{% if %}"}`}, "subject", "format", "body")
}

func (w *world) walkMessage() {
	id := w.message("anna")
	a := w.expect(200, request{as: "anna", do: "GET /messages/{id}", id: id})
	if a.text("body") != "Good day" {
		w.t.Errorf("message: %s", a.body)
	}
	w.expect(404, request{as: "boris", do: "GET /messages/{id}", id: id})
}

func (w *world) walkUpdateMessage() {
	id := w.message("anna")
	do := "PATCH /messages/{id}"
	a := w.expect(200, request{as: "anna", do: do, id: id, body: `{"body": "Good evening"}`})
	if a.json["version"] != 2.0 || a.text("subject") != "Hello, {{ recipient.name }}" {
		w.t.Errorf("changed to %s", a.body)
	}
	w.expect(422, request{as: "anna", do: do, id: id, body: `{"body": ""}`}, "body")
	w.expect(404, request{as: "boris", do: do, id: id, body: `{"body": "mine"}`})
}

func (w *world) walkDeleteMessage() {
	do := "DELETE /messages/{id}"
	id := w.message("anna")
	w.expect(404, request{as: "boris", do: do, id: id})
	w.expect(200, request{as: "anna", do: do, id: id})
	w.expect(404, request{as: "anna", do: do, id: id})
	used := w.mailing("anna")
	message := w.expect(200, request{as: "anna", do: "GET /mailings/{id}", id: used}).text("message_id")
	w.expect(200, request{as: "anna", do: "POST /mailings/{id}/start", id: used})
	w.expect(409, request{as: "anna", do: do, id: message})
}

func (w *world) walkPreview() {
	id := w.message("anna")
	to := w.recipient("anna", "preview@example.com")
	foreign := w.recipient("boris", "preview@example.com")
	do := "POST /messages/{id}/preview"
	a := w.expect(200, request{as: "anna", do: do, id: id, body: fmt.Sprintf(`{"recipient_id": %q}`, to)})
	if a.text("subject") != "Hello, Ivan" || !strings.HasPrefix(a.text("text"), "Good day") {
		w.t.Errorf("preview: %s", a.body)
	}
	w.expect(200, request{as: "anna", do: do, id: id})
	w.expect(422, request{as: "anna", do: do, id: id, body: fmt.Sprintf(`{"recipient_id": %q}`, foreign)}, "recipient_id")
	w.expect(404, request{as: "boris", do: do, id: id})
}

func (w *world) walkTest() {
	id := w.message("anna")
	do := "POST /messages/{id}/test"
	a := w.expect(200, request{as: "anna", do: do, id: id})
	if a.json["code"] != 250.0 {
		w.t.Errorf("test: %s", a.body)
	}
	if n, err := w.inbox.Count(w.t.Context()); n != 1 || err != nil {
		w.t.Errorf("the inbox has %d mails, %v; want 1", n, err)
	}
	w.expect(404, request{as: "boris", do: do, id: id})
	w.inbox.Stop()
	if a := w.expect(503, request{as: "anna", do: do, id: id}); !strings.Contains(a.body, "127.0.0.1") {
		w.t.Errorf("without a mail server: %s", a.body)
	}
}

func (w *world) walkMailings() {
	do := "GET /mailings"
	mine, foreign := w.mailing("anna"), w.mailing("boris")
	has := func(a answered, id string) bool {
		return slices.ContainsFunc(a.items(), func(item map[string]any) bool { return item["id"] == id })
	}
	if a := w.expect(200, request{as: "anna", do: do}); !has(a, mine) || has(a, foreign) {
		w.t.Errorf("anna's mailings: %s", a.body)
	}
	if a := w.expect(200, request{as: "mod", do: do, args: "?limit=500"}); !has(a, mine) || !has(a, foreign) {
		w.t.Errorf("all mailings: %s", a.body)
	}
	boris := formatID(w.users["boris"].ID)
	if a := w.expect(200, request{as: "mod", do: do, args: "?owner=" + boris}); has(a, mine) || !has(a, foreign) {
		w.t.Errorf("boris' mailings: %s", a.body)
	}
	w.expect(403, request{as: "anna", do: do, args: "?owner=" + boris})
	w.expect(422, request{as: "anna", do: do, args: "?state=asleep"}, "state")
	w.lists(request{as: "anna", do: do})
}

func (w *world) walkCreateMailing() {
	do := "POST /mailings"
	message, foreign := w.message("anna"), w.message("boris")
	to, stranger := w.recipient("anna", "mailing@example.com"), w.recipient("boris", "mailing@example.com")
	a := w.expect(201, request{as: "anna", do: do, body: fmt.Sprintf(`{"name": "Weekly", "message_id": %q,
		"audience": {"tags": ["News"], "recipient_ids": [%q]}, "sender": {"email": "anna@example.com"}, "on_uncertain": "hold",
		"schedule": {"frequency": "weekly", "weekdays": ["mo", "th"], "start_at": %s, "time_zone": "Europe/Moscow"}}`, message, to, far)})
	for _, want := range []string{
		`"weekdays":["mo","th"]`, `"recipient_ids":["` + to + `"]`, `"state":"draft"`, `"disabled":null`, `"next_run_at":null`,
		`"next_runs":["2099-01-05T09:00:00Z","2099-01-08T09:00:00Z","2099-01-12T09:00:00Z"]`, `"last_attempt":null`,
	} {
		if !strings.Contains(a.body, want) {
			w.t.Errorf("created %s, want %s in it", a.body, want)
		}
	}
	w.expect(422, request{as: "anna", do: do, body: `{}`},
		"name", "message_id", "audience", "sender.email", "schedule.frequency")
	w.expect(422, request{as: "anna", do: do, body: fmt.Sprintf(`{"name": "X", "message_id": %q, "audience": {"recipient_ids": [%q]},
		"schedule": {"frequency": "once", "start_at": "2001-01-01T00:00:00Z"}, "sender": {"email": "no"}, "on_uncertain": "hope"}`, foreign, stranger)},
		"sender.email", "on_uncertain", "schedule.start_at", "message_id", "audience.recipient_ids")
	w.expect(422, request{as: "anna", do: do, body: `{"message_id": "x", "audience": {"recipient_ids": ["x", "y"]}, "schedule": {"weekdays": ["xx"]}}`},
		"message_id", "audience.recipient_ids", "schedule.weekdays")
	w.expect(422, request{as: "anna", do: do, body: `{"audience": {"everybody": true}, "schedule": {"start_at": "tomorrow", "month_day": 1.5}, "sender": "me"}`},
		"audience.everybody", "schedule.month_day", "schedule.start_at", "sender")
}

func (w *world) walkMailing() {
	id := w.mailing("anna")
	w.expect(200, request{as: "anna", do: "GET /mailings/{id}", id: id})
	w.expect(200, request{as: "mod", do: "GET /mailings/{id}", id: id})
	w.expect(404, request{as: "boris", do: "GET /mailings/{id}", id: id})
}

func (w *world) walkUpdateMailing() {
	id := w.mailing("anna")
	do := "PATCH /mailings/{id}"
	a := w.expect(200, request{as: "anna", do: do, id: id, body: `{"schedule": {"frequency": "daily", "start_at": ` + far + `}}`})
	if a.text("name") != "News" || !strings.Contains(a.body, `"frequency":"daily"`) || !strings.Contains(a.body, `"all":true`) {
		w.t.Errorf("changed to %s", a.body)
	}
	w.expect(422, request{as: "anna", do: do, id: id, body: `{"name": ""}`}, "name")
	w.expect(403, request{as: "mod", do: do, id: id, body: `{"name": "Mine"}`})
	w.expect(404, request{as: "boris", do: do, id: id, body: `{"name": "Mine"}`})
}

func (w *world) walkDeleteMailing() {
	id := w.mailing("anna")
	do := "DELETE /mailings/{id}"
	w.expect(403, request{as: "mod", do: do, id: id})
	w.expect(404, request{as: "boris", do: do, id: id})
	w.expect(200, request{as: "anna", do: do, id: id})
	w.expect(404, request{as: "anna", do: do, id: id})
}

// act walks what an owner does to a mailing, from a state that allows it to
// one that does not.
func (w *world) act(do, id, state string) {
	w.t.Helper()
	w.expect(403, request{as: "mod", do: do, id: id})
	w.expect(404, request{as: "boris", do: do, id: id})
	if a := w.expect(200, request{as: "anna", do: do, id: id}); a.text("state") != state {
		w.t.Errorf("%s: %s, want the state %s", do, a.body, state)
	}
	w.expect(409, request{as: "anna", do: do, id: id})
}

func (w *world) walkStart() {
	w.act("POST /mailings/{id}/start", w.mailing("anna"), "active")
	past := w.mailing("anna")
	w.expect(200, request{as: "anna", do: "PATCH /mailings/{id}", id: past, body: `{"schedule": {"frequency": "daily", "start_at": ` + far + `}}`})
	a := w.expect(200, request{as: "anna", do: "POST /mailings/{id}/start", id: past})
	if a.text("next_run_at") != strings.Trim(far, `"`) {
		w.t.Errorf("started: %s", a.body)
	}
}

func (w *world) walkPause() {
	id := w.mailing("anna")
	w.expect(409, request{as: "anna", do: "POST /mailings/{id}/pause", id: id})
	w.expect(200, request{as: "anna", do: "POST /mailings/{id}/start", id: id})
	w.act("POST /mailings/{id}/pause", id, "paused")
}

func (w *world) walkResume() {
	id := w.mailing("anna")
	w.expect(200, request{as: "anna", do: "POST /mailings/{id}/start", id: id})
	w.expect(200, request{as: "anna", do: "POST /mailings/{id}/pause", id: id})
	w.act("POST /mailings/{id}/resume", id, "active")
}

func (w *world) walkStop() {
	id := w.mailing("anna")
	w.expect(409, request{as: "anna", do: "POST /mailings/{id}/stop", id: id})
	w.expect(200, request{as: "anna", do: "PATCH /mailings/{id}", id: id, body: `{"schedule": {"frequency": "once", "start_at": ` + far + `}}`})
	w.expect(200, request{as: "anna", do: "POST /mailings/{id}/start", id: id})
	w.act("POST /mailings/{id}/stop", id, "finished")
}

func (w *world) walkSend() {
	id := w.mailing("anna")
	do := "POST /mailings/{id}/send"
	w.expect(403, request{as: "mod", do: do, id: id})
	w.expect(404, request{as: "boris", do: do, id: id})
	w.expect(202, request{as: "anna", do: do, id: id})
	w.expect(409, request{as: "anna", do: do, id: id})
}

func (w *world) walkDisable() {
	id := w.mailing("anna")
	do := "POST /mailings/{id}/disable"
	w.expect(422, request{as: "mod", do: do, id: id, body: `{}`}, "reason")
	w.expect(404, request{as: "boris", do: do, id: id, body: `{"reason": "spam"}`})
	w.expect(403, request{as: "anna", do: do, id: id, body: `{"reason": "spam"}`})
	a := w.expect(200, request{as: "mod", do: do, id: id, body: `{"reason": "spam"}`})
	if d, _ := a.json["disabled"].(map[string]any); d["reason"] != "spam" {
		w.t.Errorf("disabled: %s", a.body)
	}
	w.expect(409, request{as: "mod", do: do, id: id, body: `{"reason": "spam"}`})
	w.expect(409, request{as: "anna", do: "POST /mailings/{id}/start", id: id})
}

func (w *world) walkEnable() {
	id := w.mailing("anna")
	do := "POST /mailings/{id}/enable"
	w.expect(409, request{as: "mod", do: do, id: id})
	w.expect(200, request{as: "mod", do: "POST /mailings/{id}/disable", id: id, body: `{"reason": "spam"}`})
	w.expect(403, request{as: "anna", do: do, id: id})
	w.expect(404, request{as: "boris", do: do, id: id})
	w.expect(200, request{as: "mod", do: do, id: id, body: `{"reason": "a mistake"}`})
}

func (w *world) walkRuns() {
	w.recipient("anna", "runs@example.com")
	id := w.mailing("anna")
	run := w.run("anna", id)
	do := "GET /mailings/{id}/runs"
	a := w.expect(200, request{as: "anna", do: do, id: id})
	if items := a.items(); len(items) != 1 || items[0]["id"] != run {
		w.t.Errorf("runs: %s", a.body)
	}
	w.expect(200, request{as: "mod", do: do, id: id})
	w.expect(404, request{as: "boris", do: do, id: id})
	w.lists(request{as: "anna", do: do, id: id})
}

func (w *world) walkRun() {
	for i := range 3 {
		w.recipient("anna", fmt.Sprintf("run%d@example.com", i))
	}
	run := w.run("anna", w.mailing("anna"))
	w.try(run, delivery.Result{End: delivery.Took, Address: "a@example.com", Stage: "end_of_data", Code: 250})
	a := w.expect(200, request{as: "anna", do: "GET /runs/{id}", id: run})
	counts, _ := a.json["counts"].(map[string]any)
	sum := 0.0
	for _, name := range []string{"accepted", "deferred", "failed", "uncertain", "skipped", "remaining"} {
		sum += counts[name].(float64)
	}
	if counts["accepted"] != 1.0 || counts["recipients"] != sum || a.json["planned"] != true || a.json["finished_at"] != nil {
		w.t.Errorf("run: %s", a.body)
	}
	w.expect(200, request{as: "mod", do: "GET /runs/{id}", id: run})
	w.expect(404, request{as: "boris", do: "GET /runs/{id}", id: run})
}

func (w *world) walkDeliveries() {
	email := "deliveries@example.com"
	w.recipient("anna", email)
	run := w.run("anna", w.mailing("anna"))
	do := "GET /runs/{id}/deliveries"
	a := w.expect(200, request{as: "anna", do: do, id: run, args: "?state=planned&limit=500"})
	if !strings.Contains(a.body, email) {
		w.t.Errorf("deliveries: %s", a.body)
	}
	if first := w.expect(200, request{as: "anna", do: do, id: run, args: "?limit=1"}); len(first.items()) != 1 || first.text("next") == "" {
		w.t.Errorf("a page of one: %s", first.body)
	}
	if a := w.expect(200, request{as: "anna", do: do, id: run, args: "?state=failed"}); len(a.items()) != 0 {
		w.t.Errorf("failed deliveries: %s", a.body)
	}
	if masked := w.expect(200, request{as: "mod", do: do, id: run, args: "?limit=500"}); strings.Contains(masked.body, email) || !strings.Contains(masked.body, "d***@example.com") {
		w.t.Errorf("a moderator sees %s", masked.body)
	}
	w.expect(404, request{as: "boris", do: do, id: run})
	w.expect(422, request{as: "anna", do: do, id: run, args: "?state=asleep"}, "state")
	w.lists(request{as: "anna", do: do, id: run})
}

// refused makes a run in which a recipient of anna's was refused.
func (w *world) refused(email string) (mailingID, deliveryID string) {
	w.t.Helper()
	owner := "owner" + strings.Split(email, "@")[0]
	w.user(owner, account.RoleUser)
	w.recipient(owner, email)
	mailingID = w.mailing(owner)
	run := w.run(owner, mailingID)
	w.try(run, delivery.Result{
		End: delivery.RefusedForGood, Address: email, Stage: "rcpt", Code: 550, Enhanced: "5.1.1",
		Response: "<" + strings.ToUpper(email) + "> no such user", Server: "mx.example.com",
	})
	return mailingID, w.ask(request{as: owner, do: "GET /runs/{id}/deliveries", id: run}).items()[0]["id"].(string)
}

func (w *world) walkDelivery() {
	_, id := w.refused("delivery@example.com")
	do := "GET /deliveries/{id}"
	a := w.expect(200, request{as: "ownerdelivery", do: do, id: id})
	for _, want := range []string{`"email":"delivery@example.com"`, `"state":"failed"`, `"reason":"refused"`, `"code":550`, `.` + id + `@gonets.example"`} {
		if !strings.Contains(a.body, want) {
			w.t.Errorf("delivery: %s, want %s in it", a.body, want)
		}
	}
	if masked := w.expect(200, request{as: "mod", do: do, id: id}); strings.Contains(strings.ToLower(masked.body), "delivery@example.com") {
		w.t.Errorf("a moderator sees %s", masked.body)
	}
	w.expect(404, request{as: "boris", do: do, id: id})
}

func (w *world) walkAttempts() {
	mailing, id := w.refused("attempts@example.com")
	do := "GET /attempts"
	a := w.expect(200, request{as: "ownerattempts", do: do, args: "?outcome=failure&code=550&mailing_id=" + mailing})
	if items := a.items(); len(items) != 1 || items[0]["delivery_id"] != id || items[0]["mailing_id"] != mailing || !strings.Contains(a.body, "ATTEMPTS@") {
		w.t.Errorf("attempts: %s", a.body)
	}
	if a := w.expect(200, request{as: "ownerattempts", do: do, args: "?outcome=success"}); len(a.items()) != 0 {
		w.t.Errorf("successes: %s", a.body)
	}
	if a := w.expect(200, request{as: "boris", do: do, args: "?mailing_id=" + mailing}); len(a.items()) != 0 {
		w.t.Errorf("boris sees %s", a.body)
	}
	masked := w.expect(200, request{as: "mod", do: do, args: "?mailing_id=" + mailing})
	if len(masked.items()) != 1 || strings.Contains(strings.ToLower(masked.body), "attempts@example.com") {
		w.t.Errorf("a moderator sees %s", masked.body)
	}
	w.expect(422, request{as: "boris", do: do, args: "?outcome=maybe&code=5000"}, "outcome", "code")
	w.lists(request{as: "anna", do: do})
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
