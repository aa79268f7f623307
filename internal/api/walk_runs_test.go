package api

import (
	"fmt"
	"strings"

	"gonets/internal/account"
	"gonets/internal/delivery"
)

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
