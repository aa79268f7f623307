package api

import (
	"fmt"
	"slices"
	"strings"
)

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
