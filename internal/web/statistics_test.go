package web

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/web/browsertest"
)

func TestStatisticsPages(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, boris := k.user("anna", account.RoleUser, "en"), k.user("boris", account.RoleUser, "ru")
		mod := k.user("mod", account.RoleModerator, "en")
		anna.get("/statistics").shows("No attempts in this range").hides("data-chart")

		anna.recipients(4, "Tag")
		m := anna.mailing("Autumn")
		run := anna.start(m)
		k.carry(run, delivery.Took, delivery.Took, delivery.RefusedForGood, delivery.RefusedForNow)
		of := fmt.Sprintf("/mailings/%d/statistics", m.ID)
		ofRun := fmt.Sprintf("/runs/%d/statistics", run)
		for _, path := range []string{"/statistics", "/statistics?days=7", of, ofRun} {
			anna.get(path).status(http.StatusOK).shows("data-chart", "550 5.1.1", "There is no such mailbox", "gonets.example").hides("No attempts")
		}
		anna.get("/statistics").shows(">Autumn</a>", "/attempts?code=550", "Attempts by the day", "50%")
		anna.get("/statistics?days=1").shows("Attempts by the hour")

		boris.get("/statistics").hides("Autumn").shows("За этот период попыток не было")
		boris.get("/statistics?owner=all").hides("Autumn", "Чьи рассылки")
		boris.get(of).status(http.StatusNotFound)
		boris.get(ofRun).status(http.StatusNotFound)
		boris.get(of + ".csv?table=time").status(http.StatusNotFound)
		mod.get("/statistics").hides("Autumn").shows("No attempts")
		mod.get("/statistics?owner=all").shows("Autumn", "550 5.1.1", "owner=all")
		mod.get(of).shows("550 5.1.1").hides("/recipients?q=")
		k.guest().get("/statistics").status(http.StatusSeeOther)
	})
}

func TestStatisticsRefuseBadRanges(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, boris := k.user("anna", account.RoleUser, "en"), k.user("boris", account.RoleUser, "ru")
		for query, sentence := range map[string]string{
			"?from=yesterday":                "Write a date such as 2026-11-30.",
			"?from=2026-11-02&to=2026-11-01": "The end is before the start.",
			"?from=2001-01-01":               "At most 366 days can be shown at once.",
			"?days=none":                     "Choose 1 to 366 days.",
		} {
			anna.get("/statistics" + query).status(http.StatusUnprocessableEntity).shows(sentence).hides("data-chart")
		}
		boris.get("/statistics?from=2026-11-02&to=2026-11-01").status(http.StatusUnprocessableEntity).
			shows("Конец раньше начала.", `value="2026-11-02"`)
		anna.get("/statistics.csv?table=nonsense").status(http.StatusNotFound)
		anna.get("/statistics.csv?table=time&days=9999").status(http.StatusUnprocessableEntity)
	})
}

func TestStatisticsAsFiles(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		anna.recipients(3, "Tag")
		run := anna.start(anna.mailing("Autumn"))
		k.carry(run, delivery.Took, delivery.RefusedForGood, delivery.Lost)
		for table, want := range map[string][]string{
			"time":     {"from,attempts,accepted,failed,unknown,retried\n", ",3,1,1,1,0\n"},
			"answers":  {"550 5.1.1,", ",1,0,1,0,0\n", "250 2.0.0,"},
			"domains":  {"domain,", ",3,1,1,1,0\n"},
			"mailings": {",Autumn,3,1,1,1,0\n"},
			"hours":    {"weekday,hour,", ",3,1,1,1,0\n", "\n1,0,", "\n7,23,"},
		} {
			anna.get("/statistics.csv?table=" + table).status(http.StatusOK).shows(want...)
		}
		anna.get(fmt.Sprintf("/runs/%d/statistics.csv?table=answers", run)).shows("550 5.1.1,")
	})
}

// The numbers of the statistics open the attempts of the same days.
func TestAttemptsOfDays(t *testing.T) {
	eachDesk(t, func(k *desk) {
		t := k.t
		anna := k.user("anna", account.RoleUser, "en")
		anna.history(k.clock.Now(), 40, 500)
		today := k.clock.Now().In(anna.zone()).Format(time.DateOnly)
		var want int64
		err := k.DB.Read().QueryRow(t.Context(), `SELECT count(*) FROM attempts WHERE at >= $1 AND at < $2`,
			db.At(midnightIn(anna.zone(), k.clock.Now(), -9)), db.At(midnightIn(anna.zone(), k.clock.Now(), -4))).Scan(&want)
		if err != nil {
			t.Fatal(err)
		}
		f := delivery.Filter{
			UserID: anna.actor.ID, Limit: 1000,
			From: midnightIn(anna.zone(), k.clock.Now(), -9), To: midnightIn(anna.zone(), k.clock.Now(), -4),
		}
		got, err := k.Ledger.Attempts(t.Context(), f)
		if err != nil || int64(len(got)) != want || want == 0 {
			t.Errorf("got %d attempts of these days (%v), want %d", len(got), err, want)
		}
		anna.get("/attempts?from=" + today + "&to=" + today).status(http.StatusOK).shows(`name="from" value="` + today)
	})
}

func (p *visitor) zone() *time.Location {
	zone, err := time.LoadLocation(p.actor.TimeZone)
	if err != nil {
		p.t.Fatal(err)
	}
	return zone
}

func midnightIn(zone *time.Location, now time.Time, days int) time.Time {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, zone)
}

// history writes attempts of the days before now, as several mailings made
// them.
func (p *visitor) history(now time.Time, days, n int) {
	p.t.Helper()
	dice := rand.New(rand.NewPCG(3, 4))
	mailings := []int64{p.mailing("Осенний дайджест").ID, p.mailing("Приглашение на вебинар").ID, p.mailing("Напоминание об оплате").ID}
	answers := []struct {
		code     int64
		enhanced string
		outcome  delivery.Outcome
	}{{550, "5.1.1", 1}, {452, "4.2.2", 1}, {550, "5.7.26", 1}, {421, "4.7.0", 1}, {0, "", 2}}
	domains := []string{"gmail.com", "mail.ru", "yandex.ru", "example.com", "bk.ru", "list.ru", "outlook.com"}
	err := p.DB.Tx(p.t.Context(), func(tx db.Tx) error {
		for i := range n {
			at := now.Add(-time.Duration(days) * 24 * time.Hour * time.Duration(n-i) / time.Duration(n)).Truncate(time.Hour)
			if at = at.Add(time.Duration(dice.IntN(3600)) * time.Second); at.Hour() < 5 || at.After(now) {
				at = at.Add(-time.Hour)
			}
			a := struct {
				code     int64
				enhanced string
				outcome  delivery.Outcome
			}{250, "2.0.0", 0}
			if dice.IntN(9) == 0 {
				a = answers[dice.IntN(len(answers))]
			}
			_, err := tx.Exec(p.t.Context(), `
				INSERT INTO attempts (at, month, delivery_id, run_id, mailing_id, user_id, recipient_id, address, outcome, stage, code, enhanced)
				VALUES ($1, $2, $3, 1, $4, $5, 1, $6, $7, 'rcpt', $8, $9)`,
				db.At(at), delivery.Month(at), i/2+1, mailings[dice.IntN(3)*dice.IntN(3)/2], p.actor.ID,
				fmt.Sprintf("r%d@%s", i, domains[min(dice.IntN(7), dice.IntN(7))]), int64(a.outcome), a.code, a.enhanced)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		_, _, err = p.Ledger.Recount(p.t.Context(), func(int64) {})
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// What is read anew of a run each second is its newest minutes alone, and comes
// to the same.
func TestSlotsAreReadOn(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		anna.recipients(3, "Tag")
		run := anna.start(anna.mailing("Autumn"))
		s := &Web{Parts: Parts{Ledger: k.Ledger}}
		at := db.At(k.clock.Now().Truncate(delivery.SlotLength))
		slot := func(back time.Duration, n int64) {
			err := k.DB.Tx(k.t.Context(), func(tx db.Tx) error {
				_, err := tx.Exec(k.t.Context(), `
					INSERT INTO delivery_slots (run_id, at, accepted) VALUES ($1, $2, $3)
					    ON CONFLICT (run_id, at) DO UPDATE SET accepted = excluded.accepted`, run, at-db.Time(back.Microseconds()), n)
				return err
			})
			if err != nil {
				k.t.Fatal(err)
			}
		}
		for i := range 30 {
			slot(time.Duration(30-i)*delivery.SlotLength, int64(i))
		}
		read := func(last *reading) []delivery.Slot {
			list, err := s.slots(k.t.Context(), run, last)
			if err != nil {
				k.t.Fatal(err)
			}
			return list
		}
		last := &reading{Run: &mailing.Run{ID: run}, Slots: read(nil)}
		slot(delivery.SlotLength, 100) // the newest goes on
		slot(0, 7)                     // and the next begins
		if got, want := read(last), read(nil); len(want) != 31 || !slices.Equal(got, want) {
			k.t.Errorf("got %v, want %v", got, want)
		}
		if last.Slots[29].Accepted != 29 {
			k.t.Error("what was told before has changed")
		}
	})
}

func TestStatisticsInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	browser := browsertest.Open(t)
	k := newDesk(t, dbtest.SQLiteURL(t))
	mod := k.user("mod", account.RoleModerator, "ru")
	enter := k.server.URL + "/let-in?email=" + url.QueryEscape(mod.actor.Email)
	browser.Look(t, "statistics-empty", enter, k.server.URL+"/statistics")
	mod.history(k.clock.Now(), 60, 3000)
	browser.Look(t, "statistics", enter, k.server.URL+"/statistics")
	browser.Look(t, "statistics-hours", enter, k.server.URL+"/statistics?days=1&owner=all")
	browser.Look(t, "attempts-days", enter, k.server.URL+"/attempts?from=2026-11-02&to=2026-11-20")
}
