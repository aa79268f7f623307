package stats

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/fault"
)

// tried is an attempt, for counting one by one.
type tried struct {
	at                       time.Time
	user, mailing, run, code int64
	outcome                  int64
	domain                   string
}

func sample(dice *rand.Rand, n int) (list []tried) {
	for range n {
		run := dice.Int64N(6) + 1
		list = append(list, tried{
			at:   time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(dice.IntN(120*24*3600)) * time.Second),
			user: run%2 + 1, mailing: run%4 + 1, run: run,
			outcome: dice.Int64N(3), code: []int64{0, 250, 451, 550}[dice.IntN(4)], domain: fmt.Sprintf("d%d.test", dice.IntN(4)),
		})
	}
	return list
}

func write(t *testing.T, d *db.DB, list []tried) {
	t.Helper()
	ctx := t.Context()
	err := d.Tx(ctx, func(tx db.Tx) error {
		for i, a := range list {
			_, err := tx.Exec(ctx, `
				INSERT INTO attempts (at, month, delivery_id, run_id, mailing_id, user_id, recipient_id, address, outcome, stage, code)
				VALUES ($1, 202603, $2, $3, $4, $5, 1, $6, $7, 'data', $8)`,
				db.At(a.at), i+1, a.run, a.mailing, a.user, "r@"+a.domain, a.outcome, a.code)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever range of whoever's is asked for, in whatever zone: the answer is a
// count of the attempts.
func TestAnswersEqualACount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		dice := rand.New(rand.NewPCG(1, 2))
		list := sample(dice, 1500)
		write(t, d, list)
		ledger := delivery.New(d, delivery.DefaultPolicy(), nil)
		if _, _, err := ledger.Recount(t.Context(), func(int64) {}); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			zone := []string{"UTC", "Europe/Moscow", "Asia/Kathmandu", "America/Santiago"}[dice.IntN(4)]
			place, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			from := time.Date(2026, 3, dice.IntN(110), 0, 0, 0, 0, place)
			over := Range{from, from.AddDate(0, 0, dice.IntN(40)+1)}
			about := About{Scope: delivery.Scope(dice.IntN(4)), ID: dice.Int64N(2) + 1}
			if about.Scope == delivery.OfService {
				about.ID = 0
			}
			if about.Scope == delivery.OfRun { // asked about as a whole
				over = Range{}
			}
			compare(t, d, about, over, list)
		}
	})
}

func compare(t *testing.T, d *db.DB, about About, over Range, list []tried) {
	t.Helper()
	got := ask(t, d, about, over)
	var total delivery.Tries
	answers, domains, mailings := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, a := range list {
		of := map[delivery.Scope]int64{delivery.OfUser: a.user, delivery.OfMailing: a.mailing, delivery.OfRun: a.run}[about.Scope]
		if of != about.ID || over != (Range{}) && (a.at.Before(over.From) || !a.at.Before(over.To)) {
			continue
		}
		switch delivery.Outcome(a.outcome) {
		case delivery.Success:
			total.Accepted++
		case delivery.Failure:
			total.Failed++
		case delivery.Unknown:
			total.Unknown++
		}
		if a.code == 0 {
			answers[""]++
		} else {
			answers[fmt.Sprint(a.code)]++
		}
		domains[a.domain]++
		mailings[fmt.Sprint(a.mailing)]++
	}
	if got.Total != total {
		t.Errorf("%+v %v: got %+v, want %+v", about, over, got.Total, total)
	}
	if about.Scope > delivery.OfUser {
		clear(mailings)
	}
	for name, pair := range map[string]struct {
		got  []Line
		want map[string]int64
	}{"answers": {got.Answers, answers}, "domains": {got.Domains, domains}, "mailings": {got.Mailings, mailings}} {
		lines := map[string]int64{}
		for _, l := range pair.got {
			lines[l.Name] = l.Attempts()
		}
		if !maps.Equal(lines, pair.want) {
			t.Errorf("%+v %v: %s: got %v, want %v", about, over, name, lines, pair.want)
		}
	}
}

func ask(t *testing.T, d *db.DB, about About, over Range) Answer {
	t.Helper()
	r := reading{about: about, over: over, quarters: map[db.Time]delivery.Tries{}}
	if err := d.Snapshot(t.Context(), func(q db.Q) error { return r.read(t.Context(), q) }); err != nil {
		t.Fatal(err)
	}
	a, err := r.answer()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// What was sent a moment ago is in the answer, folded or not.
func TestAnswersHoldWhatIsNotFolded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		ledger := delivery.New(d, delivery.DefaultPolicy(), nil)
		go ledger.Run(ctx)
		err := d.Tx(ctx, func(tx db.Tx) error {
			if err := ledger.OpenTx(ctx, tx, delivery.Run{ID: 1, MailingID: 2, UserID: 1}); err != nil {
				return err
			}
			return ledger.PlanTx(ctx, tx, 1, []delivery.Plan{{RecipientID: 1}})
		})
		if err != nil {
			t.Fatal(err)
		}
		b, ok, err := ledger.Claim(ctx, "a", 1)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if _, err := ledger.Commit(ctx, nil, b.Deliveries[0]); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
		took := delivery.Result{Delivery: b.Deliveries[0], End: delivery.Took, At: at, Address: "a@b.test", Stage: "end_of_data", Code: 250}
		if _, err := ledger.Commit(ctx, []delivery.Result{took}, nil); err != nil {
			t.Fatal(err)
		}
		list := []tried{{at: at, user: 1, mailing: 2, run: 1, code: 250, domain: "b.test"}}
		over := Range{at.Add(-time.Hour), at.Add(time.Hour)}
		for range 2 {
			for _, about := range []About{{delivery.OfService, 0}, {delivery.OfUser, 1}, {delivery.OfUser, 9}, {delivery.OfMailing, 2}} {
				compare(t, d, about, over, list)
				compare(t, d, about, Range{over.To, over.To.Add(time.Hour)}, list)
			}
			compare(t, d, About{delivery.OfRun, 1}, Range{}, list)
			if err := ledger.Fold(ctx); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestWhoMayAsk(t *testing.T) {
	s := New(dbtest.SQLite(t), nil)
	user := account.Actor{ID: 1, Role: account.RoleUser}
	for _, about := range []About{{delivery.OfService, 0}, {delivery.OfUser, 2}} {
		if _, err := s.Ask(context.Background(), user, about, Range{}); err == nil {
			t.Errorf("a user may see the statistics of %+v", about)
		}
	}
}

func TestSpan(t *testing.T) {
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 22, 30, 0, 0, time.UTC) // the 23rd in Moscow
	for _, tt := range []struct {
		span     Span
		from, to string // in Moscow; or the failing field
		field    string
	}{
		{span: Span{}, from: "2026-10-25", to: "2026-11-24"},
		{span: Span{Days: 7}, from: "2026-11-17", to: "2026-11-24"},
		{span: Span{Days: 1}, from: "2026-11-23", to: "2026-11-24"},
		{span: Span{From: "2026-11-01", To: "2026-11-01"}, from: "2026-11-01", to: "2026-11-02"},
		{span: Span{From: "2026-11-01", Days: 7}, from: "2026-11-01", to: "2026-11-24"},
		{span: Span{From: "2025-11-23", To: "2026-11-23"}, from: "2025-11-23", to: "2026-11-24"},
		{span: Span{Days: 367}, field: "days"},
		{span: Span{Days: -1}, field: "days"},
		{span: Span{From: "yesterday", To: "2026-11-01"}, field: "from"},
		{span: Span{To: "2026-11-01"}, field: "from"},
		{span: Span{From: "2026-11-02", To: "2026-11-01"}, field: "to"},
		{span: Span{From: "2020-11-02", To: "2026-11-01"}, field: "from"},
	} {
		got, err := tt.span.Range(moscow, now)
		if tt.field != "" {
			if fields := fieldsOf(err); !slices.Equal(fields, []string{tt.field}) {
				t.Errorf("%+v: wrong are %v, want %s", tt.span, fields, tt.field)
			}
			continue
		}
		if err != nil || got.From.Format(time.DateOnly) != tt.from || got.To.Format(time.DateOnly) != tt.to || got.To.Hour() != 0 {
			t.Errorf("%+v: got %v, %v; want %s to %s", tt.span, got, err, tt.from, tt.to)
		}
	}
}

// On the day without a midnight the columns meet all the same.
func TestPoints(t *testing.T) {
	cairo, err := time.LoadLocation("Africa/Cairo") // on 24 April 2026, 00:00 became 01:00
	if err != nil {
		t.Fatal(err)
	}
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, cairo)
	}
	for _, tt := range []struct {
		days int
		step Step
		n    int
	}{{1, Hourly, 24}, {3, Hourly, 71}, {7, Daily, 7}, {90, Daily, 90}, {105, Weekly, 16}, {366, Weekly, 53}} {
		from := midnight(at(time.April, 23, 12), 0)
		a := Answer{Range: Range{from, midnight(from, tt.days)}}
		a.Quarters = []Quarter{{from, delivery.Tries{Accepted: 1}}, {a.To.Add(-delivery.Quarter), delivery.Tries{Failed: 2}}}
		step, points := a.Points(cairo)
		if step != tt.step || len(points) != tt.n || points[0].Accepted != 1 || points[len(points)-1].Failed != 2 {
			t.Errorf("%d days: got %d points by the %s, want %d by the %s", tt.days, len(points), step, tt.n, tt.step)
		}
		for i := 1; i < len(points); i++ {
			if !points[i].At.After(points[i-1].At) {
				t.Fatalf("%d days: %v comes after %v", tt.days, points[i].At, points[i-1].At)
			}
		}
	}
	a := Answer{Quarters: []Quarter{{at(time.April, 24, 1), delivery.Tries{Accepted: 3}}}} // a Friday
	if hours := a.Hours(cairo); hours[4][1].Accepted != 3 {
		t.Errorf("hours: got %+v", hours)
	}
}

func fieldsOf(err error) (names []string) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		for _, field := range f.Fields {
			names = append(names, field.Name)
		}
	}
	return names
}
