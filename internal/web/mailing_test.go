package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
)

// good is a form that is in order, with some fields changed.
func good(messageID int64, changes url.Values) url.Values {
	form := url.Values{
		"name":               {"November news"},
		"message_id":         {strconv.FormatInt(messageID, 10)},
		"audience":           {"all"},
		"sender.name":        {"Shop"},
		"sender.email":       {"shop@shop.example"},
		"schedule.frequency": {"weekly"},
		"schedule.weekdays":  {"mo", "fr"},
		"schedule.start_at":  {"2026-12-01T10:30"},
		"schedule.time_zone": {"Europe/Moscow"},
		"on_uncertain":       {"hold"},
		"do":                 {"save"},
	}
	maps.Copy(form, changes)
	return form
}

func TestMailingForm(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		ids := anna.recipients(2, "News")
		form := good(anna.message("Hello"), url.Values{
			"audience": {"some"}, "audience.tags": {"news"}, "audience.recipient_ids": {fmt.Sprint(ids[0])},
		})
		anna.post("/mailings/new", form).leads("/mailings/1")
		anna.get("/mailings/1").status(http.StatusOK).shows("November news", "The draft is saved", "Draft",
			"On Mondays and Fridays at 10:30 (Europe/Moscow)", "4 Dec 2026, 10:30", "7 Dec 2026, 10:30", "11 Dec 2026, 10:30")

		m, err := k.Mailings.Get(t.Context(), anna.actor, 1)
		if err != nil {
			t.Fatal(err)
		}
		if want := time.Date(2026, 12, 1, 7, 30, 0, 0, time.UTC); !m.Schedule.Start.Equal(want) {
			t.Errorf("start: got %v, want %v", m.Schedule.Start, want)
		}
		if m.OnUncertain != mailing.Hold || len(m.Audience.Tags) != 1 || len(m.Audience.RecipientIDs) != 1 {
			t.Errorf("made %+v", m)
		}
		anna.get("/mailings/1/edit").status(http.StatusOK).shows(`value="2026-12-01T10:30"`, "r1@news.example", "2 recipients now")
		form.Set("name", "December news")
		anna.post("/mailings/1/edit", form).leads("/mailings/1")
		anna.get("/mailings").status(http.StatusOK).shows("December news").hides("November news")
	})
}

// TestMailingFormRefused gives a form all that can be wrong with it at once,
// and looks for each word at its field, with what was typed still there.
func TestMailingFormRefused(t *testing.T) {
	eachDesk(t, func(k *desk) {
		foreign := k.user("boris", account.RoleUser, "en")
		theirs := foreign.message("Secret plans")
		stranger := foreign.recipients(1, "Secret")[0]
		changes := url.Values{
			"name": {""}, "audience": {"some"}, "audience.tags": {"Nowhere"}, "audience.recipient_ids": {fmt.Sprint(stranger)},
			"sender.email": {"nobody"}, "schedule.start_at": {"2026-11-20T10:30"}, "schedule.end_at": {"2026-11-19T10:30"},
		}
		for lang, words := range map[string][]string{
			"en": {"The start lies in the past", "The end lies before the start", "no such message"},
			"ru": {"Начало — в прошлом", "Окончание — раньше начала", "Такого сообщения нет"},
		} {
			p := k.user("anna-"+lang, account.RoleUser, lang)
			p.post("/mailings/new", good(theirs, changes)).status(http.StatusUnprocessableEntity).
				shows(words...).
				shows(`id="field-name-problem"`, `id="field-message-id-problem"`, `id="field-sender-email-problem"`,
					`id="field-schedule-start-at-problem"`, `id="field-schedule-end-at-problem"`, `id="field-audience-problem"`,
					`value="2026-11-20T10:30"`, `value="nobody"`).
				hides("Secret plans", "r1@secret.example")
			p.post("/mailings/new", good(p.message("Mine"), url.Values{
				"schedule.time_zone": {"Mars/Olympus"}, "schedule.start_at": {"soon"},
			})).status(http.StatusUnprocessableEntity).
				shows("Mars/Olympus", `id="field-schedule-start-at-problem"`, `id="field-schedule-time-zone-problem"`)
			p.get("/mailings").hides("November news")
		}
	})
}

// TestMailingFormFinds searches for recipients without scripts: the form comes
// back as it was typed, with what was found.
func TestMailingFormFinds(t *testing.T) {
	k := newDesk(t, sqliteURL(t))
	anna := k.user("anna", account.RoleUser, "en")
	ids := anna.recipients(3, "News")
	k.user("boris", account.RoleUser, "en").recipients(1, "Secret")
	form := good(0, url.Values{
		"name": {"Half done"}, "audience": {"some"}, "audience.recipient_ids": {fmt.Sprint(ids[0])}, "find": {"r"}, "do": {"find"},
	})
	anna.post("/mailings/new", form).status(http.StatusOK).
		shows(`value="Half done"`, "r1@news.example", "r2@news.example", "r3@news.example", "1 recipient now").
		hides("secret.example", "error-summary")
	form.Del("do") // Enter in the search field
	anna.post("/mailings/new", form).status(http.StatusOK).shows("r2@news.example").hides("error-summary")
	form.Set("found", "r") // Enter in another field, with the finds in sight
	anna.post("/mailings/new", form).status(http.StatusUnprocessableEntity)
	anna.get("/mailings/audience?audience=some&find=r2&audience.recipient_ids="+fmt.Sprint(ids[0])).status(http.StatusOK).
		shows("r1@news.example", "r2@news.example").hides("r3@news.example", "<html")
}

func TestSchedulePreview(t *testing.T) {
	k := newDesk(t, sqliteURL(t))
	ru := k.user("olga", account.RoleUser, "ru")
	for query, want := range map[string]string{
		"schedule.frequency=once&when=started&schedule.time_zone=UTC":                                                             "Один раз, сразу после запуска",
		"schedule.frequency=daily&schedule.start_at=2026-12-01T09:00&schedule.time_zone=UTC":                                      "Каждый день в 09:00 (UTC)",
		"schedule.frequency=monthly&schedule.month_day=-1&schedule.start_at=2026-12-01T09:00&schedule.time_zone=UTC":              "31 дек 2026, 09:00",
		"schedule.frequency=rrule&schedule.rrule=FREQ%3DSECONDLY&schedule.start_at=2026-12-01T09:00&schedule.time_zone=UTC":       "не может выходить чаще раза в час",
		"schedule.frequency=weekly&schedule.start_at=2026-12-01T09:00&schedule.end_at=2026-11-01T09:00&schedule.time_zone=UTC":    "Окончание — раньше начала",
		"schedule.frequency=once&when=at&schedule.time_zone=UTC":                                                                  "Введите дату и время",
		"schedule.frequency=daily&schedule.start_at=2026-12-01T09:00&schedule.time_zone=%3Cscript%3E":                             "&lt;script&gt;",
		"schedule.frequency=weekly&schedule.weekdays=su&schedule.start_at=2026-12-01T09:00&schedule.time_zone=Asia%2FNovosibirsk": "6 дек 2026, 09:00",
	} {
		ru.get("/mailings/schedule?"+query).status(http.StatusOK).shows(want, `id="schedule-preview"`).hides("<html")
	}
}

func TestMailingActs(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		anna.recipients(3, "News")
		m := anna.mailing("News")
		at := mailingURL(m.ID, "")
		anna.get(at).shows("Start").hides(at+"/pause", at+"/stop")
		anna.post(at+"/start", nil).leads(at)
		anna.get(at).shows("The mailing is started.", at+"/pause", at+"/stop", at+"/live").hides(at + "/start")
		anna.post(at+"/start", nil).leads(at)
		anna.get(at).shows("This mailing is already active.")
		anna.post(at+"/pause", nil).leads(at)
		anna.get(at).shows("Paused", at+"/resume")
		anna.post(at+"/resume", nil).leads(at)
		anna.post(at+"/stop", nil).leads(at)
		anna.get(at).shows("The mailing is stopped.")
		anna.post(at+"/duplicate", nil).leads(mailingURL(m.ID+1, "/edit"))
		anna.get(mailingURL(m.ID+1, "/edit")).shows("News (copy)")
		anna.post(at+"/delete", nil).leads("/mailings")
		anna.get(at).status(http.StatusNotFound)
	})
}

func TestMailingList(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		anna.get("/mailings").status(http.StatusOK).shows("No mailings yet", "/mailings/new")
		anna.recipients(2, "News")
		fine, bad, sending := anna.mailing("Fine one"), anna.mailing("Bad one"), anna.mailing("Busy one")
		run := anna.start(bad)
		k.carry(run, delivery.Took, delivery.RefusedForGood)
		k.finish(run)
		anna.start(sending)
		waits := anna.mailing("Waiting one")
		run = anna.start(waits)
		k.carry(run, delivery.Took, delivery.RefusedForNow)
		k.user("boris", account.RoleUser, "en").mailing("Secret one")
		moderator := k.user("mod", account.RoleModerator, "en")
		if _, err := k.Mailings.Disable(t.Context(), moderator.actor, fine.ID, "Nobody agreed"); err != nil {
			t.Fatal(err)
		}
		anna.get("/mailings").status(http.StatusOK).
			shows("4 mailings, 1 sending now", "Waiting to retry", "Fine one", "Bad one", "Busy one", "50%", "0 of 2", "Nobody agreed").
			hides("Secret one")
		for query, want := range map[string][2]string{
			"?state=attention": {"Bad one", "Busy one"},
			"?state=sending":   {"Busy one", "Bad one"},
			"?state=disabled":  {"Fine one", "Busy one"},
			"?state=finished":  {"Bad one", "Busy one"},
			"?q=bUSY":          {"Busy one", "Bad one"},
		} {
			anna.get("/mailings"+query).shows(want[0]).hides(want[1], "Waiting one")
		}
		anna.get("/mailings?q=nothing+like+it").shows("Nothing was found")
		moderator.get("/mailings").hides("Fine one", "Secret one")
	})
}

// TestForeignMailings asks for what is another user's: nothing of it shows.
func TestForeignMailings(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, boris := k.user("anna", account.RoleUser, "en"), k.user("boris", account.RoleUser, "en")
		anna.recipients(2, "News")
		run := anna.start(anna.mailing("Secret"))
		k.carry(run, delivery.Took, delivery.RefusedForGood)
		for _, path := range []string{
			"/mailings/1", "/mailings/1/live", "/mailings/1/runs", "/mailings/1/edit", "/runs/1", "/runs/1/live",
			"/runs/1/deliveries", "/runs/1/deliveries.csv", "/deliveries/1", "/attempts?mailing=1", "/attempts.csv?mailing=1",
			"/mailings/0", "/mailings/x", "/runs/77", "/deliveries/77",
		} {
			boris.get(path).status(http.StatusNotFound).hides("Secret", "news.example")
			k.guest().get(path).leads("/login?" + url.Values{"next": {path}}.Encode())
		}
		for _, path := range []string{
			"/mailings/1/start", "/mailings/1/pause", "/mailings/1/resume", "/mailings/1/stop", "/mailings/1/send",
			"/mailings/1/duplicate", "/mailings/1/delete", "/mailings/1/edit", "/runs/1/resend",
		} {
			boris.post(path, url.Values{}).status(http.StatusNotFound)
			k.guest().post(path, url.Values{}).leads("/login")
		}
		boris.get("/attempts?owner=all").status(http.StatusOK).hides("news.example", "Secret")
		boris.get("/attempts.csv?owner=all").status(http.StatusOK).hides("news.example", "Secret")
	})
}

// TestModeratorSees looks at a foreign mailing as a moderator: masked, and with
// nothing to press.
func TestModeratorSees(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, mod := k.user("anna", account.RoleUser, "en"), k.user("mod", account.RoleModerator, "en")
		anna.recipients(2, "News")
		run := anna.start(anna.mailing("Offers"))
		k.carry(run, delivery.Took, delivery.RefusedForGood)
		for _, path := range []string{
			"/mailings/1", "/runs/1", "/runs/1/deliveries", "/runs/1/deliveries.csv", "/deliveries/2", "/attempts?mailing=1",
			"/attempts?owner=all", "/attempts.csv?owner=all",
		} {
			mod.get(path).status(http.StatusOK).shows("r***@news.example").
				hides("r1@news.example", "r2@news.example", "/mailings/1/pause", "/mailings/1/edit", "/mailings/1/delete", "/recipients/1")
		}
		mod.get("/attempts").hides("news.example")
		mod.get("/mailings/1/edit").status(http.StatusForbidden)
		mod.post("/mailings/1/pause", url.Values{}).status(http.StatusForbidden)
		mod.post("/runs/1/resend", url.Values{}).status(http.StatusForbidden)
	})
}
