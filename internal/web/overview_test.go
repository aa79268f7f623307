package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
	"gonets/internal/web/browsertest"
)

func TestOverviewBegins(t *testing.T) {
	eachDesk(t, func(k *desk) {
		k.guest().get("/overview").leads("/login?next=%2Foverview")
		anna, boris := k.user("anna", account.RoleUser, "en"), k.user("boris", account.RoleUser, "ru")
		boris.recipients(2, "Tag")
		boris.message("Hello")
		page := anna.get("/overview").status(http.StatusOK).shows("Add recipients", "Write a message", "Make a mailing")
		if strings.Contains(page.body, "(Done)") {
			k.t.Error("a step is done by somebody else's work")
		}
		if got := strings.Count(boris.get("/overview").shows("С чего начать").body, "(Готово)"); got != 2 {
			k.t.Errorf("steps done: %d, want 2", got)
		}
	})
}

func TestOverviewShowsOwn(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, boris := k.user("anna", account.RoleUser, "en"), k.user("boris", account.RoleModerator, "en")
		anna.recipients(3, "Tag")
		run := anna.start(anna.mailing("Autumn"))
		k.carry(run, delivery.Took)
		anna.weekly("Digest")
		anna.mailing("Idea")

		anna.get("/overview").status(http.StatusOK).shows(
			"Being sent now", "Autumn", "1 of 3", "Digest", "29 Nov 2026, 14:26", "in 7 days", "Idea",
			`href="/mailings?state=draft"`, "3 active", `aria-label="Active mailings: 2"`, `aria-label="Drafts: 1"`,
		)
		// A moderator sees other users' mailings elsewhere.
		boris.mailing("Other")
		boris.get("/overview").status(http.StatusOK).shows("Other", `aria-label="Recipients: 0"`).
			hides("Autumn", "Digest", "Idea", "Being sent now")
	})
}

// TestDisabledCountsAsDisabled counts a mailing that is disabled as the home
// page does: it is not active.
func TestDisabledCountsAsDisabled(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, mod := k.user("anna", account.RoleUser, "en"), k.user("mod", account.RoleModerator, "en")
		anna.weekly("Digest")
		anna.weekly("Bait")
		anna.get("/overview").shows(`aria-label="Active mailings: 2"`).hides(`href="/mailings?state=disabled"`)
		bait := mailingURL(2, "")
		mod.post(judgeURL(2, disabling), because("Spam")).leads(bait)
		anna.get("/overview").shows(`aria-label="Active mailings: 1"`, `aria-label="Disabled: 1"`)
		anna.get("/mailings?state=active").shows("Digest").hides("Bait")
		mod.get(moderationMailings + "?state=active").shows("Digest").hides("Bait")
		mod.get(userURL(anna.actor.ID, "")).shows(`aria-label="Active: 1"`)
	})
}

// weekly makes a mailing that is due in a week, and starts it.
func (p *visitor) weekly(name string) {
	p.t.Helper()
	m, err := p.Mailings.Create(p.t.Context(), p.actor, mailing.Input{
		Name: name, MessageID: p.message("About " + name), Audience: recipient.Audience{All: true},
		Schedule: schedule.Schedule{Frequency: schedule.Weekly, Zone: "Europe/Moscow", Start: p.clock.Now().Add(7 * 24 * time.Hour)},
		Sender:   mailing.Sender{Name: "Shop", Email: "shop@shop.example"},
	})
	if err == nil {
		_, err = p.Mailings.Start(p.t.Context(), p.actor, m.ID)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func TestOverviewTellsOfTrouble(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		anna.get("/overview").hides("Nobody was lost")
		err := k.Ledger.Report(context.Background(), delivery.Trouble{Node: "n", Server: "mx.example", Stage: "connect", Response: "connection refused"})
		if err != nil {
			k.t.Fatal(err)
		}
		anna.get("/overview").shows("Waiting for the mail server: mx.example: connection refused. Nobody was lost.")
	})
}

func TestOverviewInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	browser := browsertest.Open(t)
	k := newDesk(t, dbtest.SQLiteURL(t))
	anna := k.user("anna", account.RoleUser, "ru")
	enter := k.enterURL(anna.actor.Email)
	ids := anna.recipients(3, "Tag")
	browser.Look(t, "overview-start", enter, k.server.URL+"/overview")
	k.carry(anna.start(anna.mailing("Осень")), delivery.Took)
	anna.weekly("Дайджест")
	anna.mailing("Задумка")
	browser.Look(t, "overview", enter, k.server.URL+"/overview")

	link := k.server.URL + "/u/" + k.Recipients.UnsubscribeToken(ids[0], 1)
	browser.Look(t, "unsubscribe", link, link)
}
