package web

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
)

func because(reason string) url.Values { return url.Values{"reason": {reason}} }

func TestModerationMailings(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, boris := k.user("anna", account.RoleUser, "en"), k.user("boris", account.RoleUser, "en")
		mod := k.user("mod", account.RoleModerator, "en")
		mod.get(moderationMailings).status(http.StatusOK).shows("Nobody has made a mailing yet")
		anna.recipients(2, "News")
		run := anna.start(anna.mailing("Offers"))
		k.carry(run, delivery.Took, delivery.RefusedForGood)
		draft := boris.mailing("Circular")

		all := mod.get(moderationMailings).status(http.StatusOK)
		all.shows("Offers", "Circular", "anna@gonets.example", "boris@gonets.example", "/moderation/mailings/1/disable",
			userURL(anna.actor.ID, "")).
			hides("news.example", "/mailings/1/edit", "/mailings/1/delete", "/mailings/1/pause")
		for query, want := range map[string][2]string{
			"?q=circ":                                {"Circular", "Offers"},
			"?q=ANNA@gonets":                         {"Offers", "Circular"},
			"?q=r1@news":                             {"Nothing was found", "Offers"},
			"?state=draft":                           {"Circular", "Offers"},
			fmt.Sprint("?owner=", boris.actor.ID):    {"Mailings of boris@gonets.example", "Offers"},
			fmt.Sprintf("?after=%d", draft.ID):       {"Offers", "Circular"},
			"?state=disabled":                        {"Nothing was found", "Circular"},
			fmt.Sprint("?q=o&owner=", anna.actor.ID): {"Offers", "Circular"},
		} {
			mod.get(moderationMailings + query).status(http.StatusOK).shows(want[0]).hides(">" + want[1] + "<")
		}
		mod.get(moderationMailings + "?owner=999").status(http.StatusNotFound)
		for _, path := range []string{moderationMailings, moderationUsers, userURL(anna.actor.ID, ""), userURL(boris.actor.ID, "")} {
			anna.get(path).status(http.StatusForbidden).hides("boris@", "Circular")
			k.guest().get(path).leads("/login?" + url.Values{"next": {path}}.Encode())
		}
	})
}

// TestModeratorReads looks at all that a mailing has: what it sends, and to
// whom, without an address.
func TestModeratorReads(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, mod := k.user("anna", account.RoleUser, "en"), k.user("mod", account.RoleModerator, "en")
		anna.recipients(2, "News")
		run := anna.start(anna.mailing("Offers"))
		k.carry(run, delivery.Took, delivery.RefusedForGood)
		mod.get("/mailings/1").status(http.StatusOK).
			shows(moderationMailings, "All mailings", "Owner: anna@gonets.example", "/mailings/1/message", "/moderation/mailings/1/disable")
		for _, at := range []string{"/mailings/1", "/runs/1"} {
			mod.get(at+"/message").status(http.StatusOK).shows("About Offers", "Hello", at+"/message/preview?as=desktop", "Version 1").
				hides("/messages/1", "news.example")
			frame := mod.get(at + "/message/preview").status(http.StatusOK).shows("About Offers").hides("news.example")
			if got := frame.header.Get("Content-Security-Policy"); got != previewPolicy {
				t.Errorf("the policy of the preview is %q", got)
			}
			anna.get(at + "/message").status(http.StatusOK).shows("/messages/1")
			k.user("boris"+strings.ReplaceAll(at, "/", "-"), account.RoleUser, "en").get(at + "/message").
				status(http.StatusNotFound).hides("Offers")
		}
		mod.get("/messages/1").status(http.StatusNotFound)
		mod.get("/recipients/1").status(http.StatusNotFound)
	})
}

func TestJudge(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, mod := k.user("anna", account.RoleUser, "en"), k.user("mod", account.RoleModerator, "ru")
		anna.recipients(3, "News")
		m := anna.mailing("Offers")
		run := anna.start(m)
		k.carry(run, delivery.Took)
		disable, enable := judgeURL(m.ID, disabling), judgeURL(m.ID, enabling)

		for _, path := range []string{"/mailings", "/mailings/1", "/runs/1"} {
			anna.get(path).status(http.StatusOK).hides("Disabled by") // so that they are kept, and made anew in time
		}
		mod.get(disable).status(http.StatusOK).shows("обработано 1 из 3", "anna@gonets.example", "Владелец увидит причину")
		mod.post(disable, because(" ")).status(http.StatusUnprocessableEntity).shows("field-reason-problem")
		long := strings.Repeat("ж", 501)
		mod.post(disable, because(long)).status(http.StatusUnprocessableEntity).shows("field-reason-problem", long)
		mod.post(disable, because("Nobody agreed <b>")).leads("/mailings/1")
		mod.get("/mailings/1").shows("Рассылка отключена, владельцу сообщена причина.", enable, "Nobody agreed &lt;b&gt;").hides(disable)
		mod.post(disable, because("again")).leads("/mailings/1")
		mod.get("/mailings/1").shows("Модератор отключил эту рассылку: Nobody agreed")

		anna.get("/mailings/1").status(http.StatusOK).
			shows("Disabled by a moderator", "Nobody agreed &lt;b&gt;", "Only a moderator can lift this").hides(enable)
		anna.get("/mailings").shows("Nobody agreed")
		for _, path := range []string{disable, enable} {
			anna.get(path).status(http.StatusForbidden)
			anna.post(path, because("mine")).status(http.StatusForbidden)
			boris := k.user("boris"+strings.ReplaceAll(path, "/", "-"), account.RoleUser, "en")
			boris.get(path).status(http.StatusNotFound)
			boris.post(path, because("theirs")).status(http.StatusNotFound)
			k.guest().post(path, because("nobody")).leads("/login")
		}
		mod.get(enable).status(http.StatusOK).shows("осталось 2 клиента")
		mod.post(enable, because("")).leads("/mailings/1")
		if got, err := k.Mailings.Get(t.Context(), anna.actor, m.ID); err != nil || got.Disabled != nil || got.LastRun.State != mailing.RunSending {
			t.Errorf("enabled: %+v, %v", got, err)
		}
		mod.get(judgeURL(999, disabling)).status(http.StatusNotFound)
		mod.post(judgeURL(999, disabling), because("gone")).status(http.StatusNotFound)
	})
}

// TestOwnMailingOfAModerator is judged by others: nobody lifts what was said of
// their own.
func TestOwnMailingOfAModerator(t *testing.T) {
	eachDesk(t, func(k *desk) {
		mod, other := k.user("mod", account.RoleModerator, "en"), k.user("other", account.RoleModerator, "en")
		own := mod.mailing("Own one").ID
		page := mailingURL(own, "")
		paths := []string{page, "/moderation/mailings"}
		for _, path := range paths {
			mod.get(path).status(http.StatusOK).shows("Own one").hides(judgeURL(own, disabling))
			other.get(path).shows(judgeURL(own, disabling))
		}
		mod.get(judgeURL(own, disabling)).status(http.StatusForbidden)
		mod.post(judgeURL(own, disabling), because("Mine")).status(http.StatusForbidden)

		other.post(judgeURL(own, disabling), because("Nobody agreed")).leads(page)
		mod.get(page).shows("Nobody agreed", "Another moderator can lift this")
		for _, path := range paths {
			mod.get(path).status(http.StatusOK).hides(judgeURL(own, enabling))
			other.get(path).shows(judgeURL(own, enabling))
		}
		mod.get(judgeURL(own, enabling)).status(http.StatusForbidden)
		mod.post(judgeURL(own, enabling), because("")).status(http.StatusForbidden)
		if m, err := k.Mailings.Get(t.Context(), mod.actor, own); err != nil || m.Disabled == nil {
			t.Errorf("got %+v, %v", m, err)
		}
		other.post(judgeURL(own, enabling), because("")).leads(page)
		mod.get(page).hides("Nobody agreed\"")
	})
}

func TestModerationUsers(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, mod := k.user("anna", account.RoleUser, "en"), k.user("mod", account.RoleModerator, "en")
		root := k.user("root", account.RoleAdmin, "en")
		anna.recipients(2, "News")
		for i := range 3 {
			anna.start(anna.mailing(fmt.Sprint("Offer ", i)))
		}
		at := userURL(anna.actor.ID, "")
		mod.get(moderationUsers).status(http.StatusOK).
			shows("anna@gonets.example", "root@gonets.example", strings.ReplaceAll(ownedURL(anna.actor.ID, "sending"), "&", "&amp;"), at)
		mod.get(moderationUsers + "?q=ANNA").shows("anna@").hides("root@")
		mod.get(moderationUsers + "?state=blocked").shows("Nothing was found").hides("anna@")
		mod.get(at).status(http.StatusOK).
			shows("3 running mailings are paused at once.", "6 recipients have not been reached yet", "Every session ends at once", at+"/block")
		for _, p := range []*visitor{mod, root} {
			mod.get(userURL(p.actor.ID, "")).status(http.StatusOK).hides("/block\"").shows("can’t block or unblock")
			mod.post(userURL(p.actor.ID, "/block"), because("no")).status(http.StatusForbidden)
		}
		mod.post(at+"/block", because("")).status(http.StatusUnprocessableEntity).
			shows("field-reason-problem", "3 running mailings")
		anna.get("/overview").status(http.StatusOK)
		mod.post(at+"/block", because("Complaints")).leads(at)
		mod.get(at).shows("The user is blocked, and told why.", "Complaints", at+"/unblock").hides(at + "/block")
		mod.get(moderationUsers+"?state=blocked").shows("anna@", "Complaints")

		anna.get("/overview").leads("/login?next=%2Foverview") // at once
		if list, _, err := k.Mailings.List(t.Context(), mod.actor, mailing.Filter{Owner: anna.actor.ID, State: mailing.Paused}); err != nil || len(list) != 3 {
			t.Errorf("paused: %d mailings, %v", len(list), err)
		}
		mod.post(at+"/unblock", because(strings.Repeat("x", 501))).status(http.StatusUnprocessableEntity)
		mod.post(at+"/unblock", nil).leads(at)
		mod.post(at+"/unblock", nil).leads(at)
		mod.get(at).shows("not blocked", "No mailing of theirs is active now.")
		anna.get("/overview").leads("/login?next=%2Foverview") // the old session stays over
		anna.post(at+"/block", because("me")).status(http.StatusSeeOther)
		boris := k.user("boris", account.RoleUser, "en")
		boris.post(at+"/block", because("rival")).status(http.StatusForbidden)
		mod.get(userURL(999, "")).status(http.StatusNotFound)
	})
}

// A live report of somebody who is blocked ends, though nobody asks anew.
func TestLiveEndsWithTheSession(t *testing.T) {
	k := newDesk(t, sqliteURL(t))
	anna := k.user("anna", account.RoleUser, "en")
	anna.recipients(2, "News")
	anna.start(anna.mailing("Offers"))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, k.server.URL+"/mailings/1/live", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	w, err := anna.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	begun := make([]byte, 1)
	if _, err := io.ReadFull(w.Body, begun); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Accounts.Block(t.Context(), account.CommandLine(), anna.actor.ID, "Spam"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, w.Body); err != nil { // or the test ends by its own time
		t.Errorf("the stream broke: %v", err)
	}
}

func TestAudit(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, mod := k.user("anna", account.RoleUser, "en"), k.user("mod", account.RoleModerator, "en")
		root := k.user("root", account.RoleAdmin, "en")
		m := anna.mailing("Offers")
		mod.post(judgeURL(m.ID, disabling), because("=Spam, Спам")).leads("/mailings/1")
		k.clock.pass(48 * time.Hour)
		mod.post(userURL(anna.actor.ID, "/block"), because("Again")).leads(userURL(anna.actor.ID, ""))

		all := root.get("/admin/audit").status(http.StatusOK)
		all.shows("Mailing disabled", "Offers", "=Spam, Спам", "mod@gonets.example", "from 127.0.0.1", "User blocked", "Command line",
			"/mailings/1", userURL(anna.actor.ID, ""), "/admin/audit.csv", ">User created<")
		for query, want := range map[string][2]string{
			"?q=спаМ":            {"=Spam", "Again"},
			"?q=MOD@":            {"=Spam", "Nothing was found"}, // acts of theirs, and upon them
			"?action=user.block": {"Again", "=Spam"},
			"?kind=mailing":      {"=Spam", "Again"},
			"?kind=user&object=" + fmt.Sprint(anna.actor.ID): {"Again", "=Spam"},
			"?from=2026-11-24":                  {"Again", "=Spam"},
			"?until=2026-11-22":                 {"=Spam", "Again"},
			"?from=2026-11-23&until=2026-11-23": {"Nothing was found", "=Spam"},
			"?from=soon&until=0001-01-01":       {"=Spam", "Nothing was found"},
			"?q=nothing+like+it":                {"Nothing was found", "=Spam"},
		} {
			root.get("/admin/audit" + query).status(http.StatusOK).shows(want[0]).hides(want[1])
			if want[0] != "Nothing was found" {
				root.get("/admin/audit.csv" + query).status(http.StatusOK).hides(want[1])
			}
		}
		file := root.get("/admin/audit.csv").status(http.StatusOK)
		file.shows("at,actor,actor_id,action,object_kind,object_id,object,reason,address", "2026-11-22T11:26:00Z,mod@gonets.example,",
			`,mailing.disable,mailing,1,Offers,"'=Spam, Спам",127.0.0.1`)
		root.get(userURL(anna.actor.ID, "")).shows("/admin/audit?kind=user")
		mod.get(userURL(anna.actor.ID, "")).hides("/admin/audit")
		for _, path := range []string{"/admin/audit", "/admin/audit.csv"} {
			mod.get(path).status(http.StatusForbidden).hides("Offers")
			k.user("boris"+strings.ReplaceAll(path, "/", "-"), account.RoleUser, "en").get(path).status(http.StatusForbidden).hides("Offers")
			k.guest().get(path).leads("/login?" + url.Values{"next": {path}}.Encode())
		}
	})
}

func TestDeleteUser(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, mod := k.user("anna", account.RoleUser, "en"), k.user("mod", account.RoleModerator, "en")
		root := k.user("root", account.RoleAdmin, "en")
		anna.recipients(3, "News")
		anna.start(anna.mailing("Offers"))
		page := userURL(anna.actor.ID, "/delete")
		mod.get(page).status(http.StatusForbidden)
		mod.post(page, because("Mine")).status(http.StatusForbidden)
		root.get(page).status(http.StatusOK).shows("1 running mailing stops at once", "1 mailing", "1 message", "3 recipients")
		long := strings.Repeat("ж", 501)
		root.post(page, because(long)).status(http.StatusUnprocessableEntity).shows("field-reason-problem", long, "1 running mailing stops at once")
		root.post(page, because("Asked for it")).leads(moderationUsers)
		root.get(moderationUsers).status(http.StatusOK).shows("The user is deleted.").hides("anna@gonets.example</a>")
		root.get(page).status(http.StatusNotFound)
		anna.get("/mailings").leads("/login?next=%2Fmailings")
		root.get(userURL(root.actor.ID, "/delete")).status(http.StatusForbidden)
	})
}
