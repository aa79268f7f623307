package delivery

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gonets/internal/db"
)

// Whatever happens to deliveries, rollups and journal together are a count of
// the attempts, at every moment; and what is damaged is counted anew.
func TestStatisticsEqualTheLedger(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for seed := range uint64(3) {
			w := &walk{fixture: f, dice: rand.New(rand.NewPCG(seed, 8)), first: int64(seed * 100)}
			for step := range 300 {
				w.step()
				if step%50 == 49 {
					w.compare(fmt.Sprintf("seed %d, step %d", seed, step))
				}
			}
		}
		if n, wrong, err := f.Recount(t.Context(), func(int64) {}); n < 100 || wrong != 0 || err != nil {
			t.Errorf("recount: got %d attempts, %d rows wrong, %v", n, wrong, err)
		}
		w := &walk{fixture: f}
		for _, damage := range []string{
			`DELETE FROM stat_rollups WHERE subject = 2`,
			`UPDATE stat_rollups SET accepted = accepted + 7, retried = 0 WHERE scope = 1`,
			`INSERT INTO stat_rollups (scope, scope_id, subject, grain, at, name, failed) VALUES (2, 99, 1, 1, 0, '550', 4)`,
			`DELETE FROM stat_journal`,
		} {
			f.tx(func(ctx context.Context, tx db.Tx) error {
				_, err := tx.Exec(ctx, damage)
				return err
			})
			if _, wrong, err := f.Recount(t.Context(), func(int64) {}); wrong == 0 || err != nil {
				t.Errorf("%s: %d rows were wrong (%v)", damage, wrong, err)
			}
			w.compare(damage)
		}
	})
}

// walk does to a ledger what may happen to it, at random.
type walk struct {
	*fixture
	dice    *rand.Rand
	first   int64 // below the ids of its runs
	runs    []int64
	planned []*Delivery
	leaving []*Delivery
}

func (w *walk) step() {
	w.t.Helper()
	ctx := w.t.Context()
	switch at := w.dice.IntN(20); {
	case at == 0 || len(w.runs) == 0:
		w.openRun()
	case at < 8:
		w.leave()
	case at < 14:
		w.arrive()
	case at == 14:
		w.now.pass(time.Duration(w.dice.IntN(5*3600)) * time.Second)
		_, err := w.RetryDue(ctx, 100)
		w.must(err)
	case at == 15 && w.dice.IntN(4) == 0: // nodes die; what they say later comes late
		w.now.pass(time.Minute)
		_, err := w.Sweep(ctx)
		w.must(err)
	case at == 16:
		w.tx(func(ctx context.Context, tx db.Tx) error {
			return w.ForgetRecipientTx(ctx, tx, w.dice.Int64N(9)+1)
		})
	case at == 17 && w.dice.IntN(4) == 0:
		w.must(w.Fold(ctx))
	default:
		for _, run := range w.runs {
			for _, id := range w.feed(run) {
				b, _, err := w.Claim(ctx, "a", id)
				w.must(err)
				w.planned = append(w.planned, b.Deliveries...)
			}
		}
	}
}

func (w *walk) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *walk) openRun() {
	id := w.first + int64(len(w.runs)) + 1
	w.runs = append(w.runs, id)
	w.tx(func(ctx context.Context, tx db.Tx) error {
		run := Run{ID: id, MailingID: 10 + id%3, UserID: 1 + id%2, Resend: id%4 != 0}
		if err := w.OpenTx(ctx, tx, run); err != nil {
			return err
		}
		var chunk []Plan
		for i := range int64(8) {
			chunk = append(chunk, Plan{RecipientID: i + 1})
		}
		return w.PlanTx(ctx, tx, id, chunk)
	})
}

func (w *walk) leave() {
	if len(w.planned) == 0 {
		return
	}
	i := w.dice.IntN(len(w.planned))
	if d := w.planned[i]; w.mark(d) {
		w.leaving = append(w.leaving, d)
	}
	w.planned = slices.Delete(w.planned, i, i+1)
}

func (w *walk) arrive() {
	if len(w.leaving) == 0 {
		return
	}
	i := w.dice.IntN(len(w.leaving))
	d := w.leaving[i]
	w.leaving = slices.Delete(w.leaving, i, i+1)
	r := Result{
		Delivery: d, End: End(w.dice.IntN(int(CannotCompose) + 1)), At: w.now.Now(), Stage: StageEndOfData,
		Address: fmt.Sprintf("r%d@D%d.test", d.RecipientID, d.RecipientID%3),
	}
	switch r.End {
	case Took:
		r.Code, r.Enhanced = 250, "2.0.0"
	case RefusedForNow:
		r.Code = 451
	case RefusedForGood:
		r.Code, r.Enhanced = 550, "5.1.1"
	case Lost, Dropped, CannotCompose: // no answer
	}
	if _, err := w.Commit(w.t.Context(), []Result{r}, nil); err != nil {
		w.t.Fatal(err)
	}
	if r.End == Dropped {
		w.planned = append(w.planned, d)
	}
}

// compare counts the attempts one by one and compares.
func (w *walk) compare(when string) {
	w.t.Helper()
	want, got := w.count(), w.recorded()
	for r, n := range want {
		if got[r] != n {
			w.t.Fatalf("%s: %+v: got %+v, want %+v", when, r, got[r], n)
		}
	}
	for r, n := range got {
		if want[r] != n {
			w.t.Fatalf("%s: %+v: got %+v, want %+v", when, r, n, want[r])
		}
	}
}

// recorded is what rollups and journal say.
func (w *walk) recorded() sums {
	w.t.Helper()
	ctx := w.t.Context()
	got := sums{}
	w.must(w.db.Snapshot(ctx, func(q db.Q) error {
		unfolded := facts{}
		if err := Unfolded(ctx, q, func(fact Fact, n int64) { unfolded[fact] += n }); err != nil {
			return err
		}
		got = unfolded.sums()
		return got.addKept(ctx, q, 1)
	}))
	maps.DeleteFunc(got, func(_ Rollup, n Tries) bool { return n == Tries{} })
	return got
}

func (w *walk) count() sums {
	w.t.Helper()
	rows, err := w.db.Read().Query(w.t.Context(), `SELECT `+attemptColumns+` FROM attempts ORDER BY id`)
	w.must(err)
	list, err := attemptsOf(rows)
	w.must(err)
	want, seen := sums{}, map[int64]bool{}
	for _, a := range list {
		one := Tries{Retried: db.Flag(seen[a.DeliveryID])}
		seen[a.DeliveryID] = true
		*map[Outcome]*int64{Success: &one.Accepted, Failure: &one.Failed, Unknown: &one.Unknown}[a.Outcome] = 1
		_, domain, _ := strings.Cut(strings.ToLower(a.Address), "@")
		answer := ""
		if a.Code != 0 {
			answer = strings.TrimSuffix(fmt.Sprintf("%d %s", a.Code, a.Enhanced), " ")
		}
		for scope, id := range map[Scope]int64{OfService: 0, OfUser: a.UserID, OfMailing: a.MailingID, OfRun: a.RunID} {
			for subject, name := range map[Subject]string{ByAnswer: answer, ByDomain: domain, ByMailing: strconv.FormatInt(a.MailingID, 10)} {
				if subject == ByMailing && scope > OfUser {
					continue
				}
				want.add(Rollup{scope, id, subject, true, db.At(a.At.Truncate(24 * time.Hour)), name}, one)
				if scope != OfRun {
					want.add(Rollup{scope, id, subject, false, db.At(a.At.Truncate(Quarter)), name}, one)
				}
			}
			want.add(Rollup{scope, id, ByTime, false, db.At(a.At.Truncate(Quarter)), ""}, one)
		}
	}
	return want
}

// A list with a domain for each recipient costs no page more than 500 names;
// a domain that many have still gets its own.
func TestStatisticsBoundTheNames(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const small = 700
		all := facts{{At: 1, UserID: 1, MailingID: 1, RunID: 1, Domain: "big.test"}: notable}
		for i := range small {
			all[Fact{UserID: 1, MailingID: 1, RunID: 1, Domain: fmt.Sprintf("d%d.test", i)}] = 1
		}
		for range 2 { // the second time, most have their row
			f.tx(func(ctx context.Context, tx db.Tx) error { return scribeOf(tx).execTx(ctx, tx, all.statements()) })
			if err := f.Fold(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, scope := range []Scope{OfService, OfUser, OfMailing, OfRun} {
			var names, others, big, sum int64
			err := f.db.Read().QueryRow(t.Context(), `
				SELECT count(*), sum(accepted), sum(CASE WHEN name = '*' THEN accepted ELSE 0 END), sum(CASE WHEN name = 'big.test' THEN accepted ELSE 0 END)
				  FROM stat_rollups WHERE scope = $1 AND subject = 2 AND grain = 1`, int64(scope)).Scan(&names, &sum, &others, &big)
			if err != nil {
				t.Fatal(err)
			}
			if names > maxNames+1 || sum != 2*(small+notable) || big != 2*notable || others == 0 {
				t.Errorf("scope %d: %d names of %d attempts, %d of them of the others, %d of the big one", scope, names, sum, others, big)
			}
		}
	})
}

func TestJournalReadsWhatItWrote(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := facts{}
		for range rapid.IntRange(0, 5).Draw(rt, "facts") {
			want[Fact{
				At: db.Time(rapid.Int64().Draw(rt, "at")), UserID: 1, MailingID: 2, RunID: 3,
				Outcome: Outcome(rapid.IntRange(0, 2).Draw(rt, "outcome")), Retried: rapid.Bool().Draw(rt, "retried"),
				Code: 550, Enhanced: rapid.String().Draw(rt, "enhanced"), Domain: rapid.String().Draw(rt, "domain"),
			}] = rapid.Int64().Draw(rt, "n")
		}
		got := facts{}
		if err := got.read(want.String()); err != nil || !maps.Equal(got, want) {
			rt.Fatalf("got %v (%v), want %v", got, err, want)
		}
	})
}
