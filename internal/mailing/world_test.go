package mailing_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/letter"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/queue"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
	"gonets/internal/setting"
)

// clock is moved by the test alone.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (c *clock) pass(d time.Duration) { c.set(c.Now().Add(d)) }

const grace = time.Hour

// A Sunday, at noon in Moscow.
var noon = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// world is the mailings of one node, without an engine: tests plan, send and
// advance runs themselves.
type world struct {
	*mailing.Mailings
	t          *testing.T
	url        string
	clock      *clock
	db         *db.DB
	ledger     *delivery.Ledger
	recipients *recipient.Recipients
	// recipientsWith are the same with another ledger.
	recipientsWith func(recipient.Ledger) *recipient.Recipients
	messages       *message.Messages
	settings       *setting.Settings
	anna           account.Actor // whose mailings they are
	boris          account.Actor // another user
	mod            account.Actor // a moderator
	message        int64         // one of Anna's
}

// each runs a test on both databases.
func each(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			w := newNode(t, url(t), &clock{now: noon})
			w.users()
			m, err := w.messages.Create(t.Context(), w.anna, message.Draft{Subject: "News", Format: message.Text, Body: "One"})
			if err != nil {
				t.Fatal(err)
			}
			w.message = m.ID
			t.Cleanup(w.checkTotals)
			test(t, w)
		})
	}
}

func newNode(t *testing.T, url string, c *clock) *world {
	t.Helper()
	d := dbtest.Open(t, url, c)
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	log := dbtest.Log(t)
	q := queue.New(d, log)
	queue.Handle(q, queue.Options{Lane: queue.Work}, func(context.Context, mailing.PlanJob) error { return nil })
	letters, err := letter.New(d, q, bundle, letter.Options{
		From: "gonets@mail.test", BaseURL: "https://mail.test", Secret: make([]byte, 32),
		Send: func(context.Context, string, string, []byte) (string, error) {
			return "", errors.New("nobody works here")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, url: url, clock: c, db: d,
		ledger:   delivery.New(d, delivery.DefaultPolicy(), recipient.Addresses),
		messages: message.New(d, bundle),
		anna:     account.Actor{ID: 1, Role: account.RoleUser},
		boris:    account.Actor{ID: 2, Role: account.RoleUser},
		mod:      account.Actor{ID: 3, Permissions: account.Grants(account.MailingView, account.MailingDisable), Email: "mod@gonets.test"},
	}
	w.recipientsWith = func(ledger recipient.Ledger) *recipient.Recipients {
		return recipient.New(d, q, ledger, recipient.Options{Secret: []byte("secret"), BaseURL: "https://mail.test"})
	}
	w.recipients = w.recipientsWith(w.ledger)
	w.settings = setting.New(d, true)
	w.Mailings = mailing.New(d, q, w.recipients, w.messages, w.ledger, log, mailing.Options{Grace: grace, Letters: letters, Settings: w.settings})
	w.Work()
	if err := q.Open(nil); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var committer sync.WaitGroup
	committer.Go(func() { w.ledger.Run(ctx) })
	t.Cleanup(func() { stop(); committer.Wait() })
	return w
}

// checkTotals compares the totals of the service and of the users with the rows.
func (w *world) checkTotals() {
	w.t.Helper()
	ctx := context.Background()
	got, err := w.Census(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	want := mailing.Census{Common: got.Common}
	err = w.db.Read().QueryRow(ctx, `
		SELECT (SELECT count(*) FROM mailings WHERE deleted_at = 0),
		       (SELECT count(*) FROM mailings WHERE deleted_at = 0 AND disabled_at = 0 AND state = 'active'),
		       (SELECT count(DISTINCT email_key) FROM recipients)`).Scan(&want.Mailings, &want.Active, &want.Recipients)
	if err != nil || got != want {
		w.t.Errorf("the service holds %+v (%v), want %+v", got, err, want)
	}
	var wrong int64
	err = w.db.Read().QueryRow(ctx, `
		SELECT count(*)
		  FROM (SELECT user_id, standing, count(*) AS rows_now FROM mailings GROUP BY user_id, standing) m
		  FULL JOIN (SELECT * FROM mailing_counts WHERE mailings <> 0) c ON c.user_id = m.user_id AND c.standing = m.standing
		 WHERE c.mailings IS NULL OR m.rows_now IS NULL OR c.mailings <> m.rows_now`).Scan(&wrong)
	if err != nil || wrong != 0 {
		w.t.Errorf("%d counts of mailings are not those of the rows (%v)", wrong, err)
	}
}

func (w *world) tx(f func(db.Tx) error) {
	w.t.Helper()
	if err := w.db.Tx(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	w.tx(func(tx db.Tx) error {
		_, err := tx.Exec(w.t.Context(), query, args...)
		return err
	})
}

func (w *world) users() {
	w.t.Helper()
	for id := 1; id <= 3; id++ {
		w.exec(`INSERT INTO users (id, email, email_key, password_hash, created_at)
			VALUES ($1, $2, $2, '', 1)`, id, fmt.Sprintf("user%d@gonets.test", id))
	}
}

// people gives Anna so many recipients, by one statement, and says their ids.
func (w *world) people(n int) (ids []int64) {
	w.t.Helper()
	type row struct {
		Email string `json:"email"`
	}
	list := make([]row, n)
	for i := range list {
		list[i].Email = fmt.Sprintf("r%04d@example.test", i)
	}
	text, err := json.Marshal(list)
	if err != nil {
		w.t.Fatal(err)
	}
	w.tx(func(tx db.Tx) error {
		rows, err := tx.Query(w.t.Context(), `
			INSERT INTO recipients (user_id, email, email_key, created_at, updated_at)
			SELECT CAST($2 AS BIGINT), r.email, r.email, 1, 1 FROM `+db.Records(tx, "r", "$1", "email text")+` RETURNING id`,
			string(text), w.anna.ID)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	slices.Sort(ids)
	return ids
}

// input is a sound mailing to all that goes once, when it is started.
func (w *world) input() mailing.Input {
	return mailing.Input{
		Name: "News", MessageID: w.message, Audience: recipient.Audience{All: true},
		Schedule: schedule.Schedule{Frequency: schedule.Once, Zone: "UTC"},
		Sender:   mailing.Sender{Name: "Anna", Email: "anna@example.test"},
	}
}

// daily is the schedule of every day, from a time on.
func daily(start time.Time) schedule.Schedule {
	return schedule.Schedule{Frequency: schedule.Daily, Start: start, Zone: "Europe/Moscow"}
}

func (w *world) create(sch schedule.Schedule) mailing.Mailing {
	w.t.Helper()
	in := w.input()
	if sch.Frequency != "" {
		in.Schedule = sch
	}
	m, err := w.Create(w.t.Context(), w.anna, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// started is a mailing that Anna has made and started.
func (w *world) started(sch schedule.Schedule) mailing.Mailing {
	w.t.Helper()
	return w.must(w.Start(w.t.Context(), w.anna, w.create(sch).ID))
}

func (w *world) must(m mailing.Mailing, err error) mailing.Mailing {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) get(id int64) mailing.Mailing {
	w.t.Helper()
	return w.must(w.Get(w.t.Context(), w.anna, id))
}

func (w *world) run(id int64) mailing.Run {
	w.t.Helper()
	r, err := w.Run(w.t.Context(), w.anna, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// runs are all runs of a mailing, oldest first.
func (w *world) runs(id int64) []mailing.Run {
	w.t.Helper()
	list, _, err := w.Runs(w.t.Context(), w.anna, id, 0, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

// openDue opens what is due, and says whether so many runs opened.
func (w *world) openDue(want int) {
	w.t.Helper()
	if got, err := w.OpenDue(w.t.Context()); err != nil || got != want {
		w.t.Fatalf("at %s: opened %d runs, want %d (%v)", w.clock.Now(), got, want, err)
	}
}

// plan plans a run to its end, and says in how many chunks.
func (w *world) plan(runID int64) (chunks int) {
	w.t.Helper()
	for more := true; more; chunks++ {
		var err error
		if more, err = w.Plan(w.t.Context(), runID); err != nil {
			w.t.Fatal(err)
		}
	}
	return chunks
}

// send plans a run and gives every planned delivery the same end.
func (w *world) send(runID int64, end delivery.End) {
	w.t.Helper()
	w.sendEach(runID, func(*delivery.Delivery) delivery.End { return end })
}

func (w *world) sendEach(runID int64, end func(*delivery.Delivery) delivery.End) {
	w.t.Helper()
	ctx := w.t.Context()
	w.plan(runID)
	var batches []delivery.Batch
	err := w.ledger.Feed(ctx, []int64{runID}, 100, func(_ context.Context, _ db.Tx, fed []delivery.Batch) error {
		batches = fed
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range batches {
		b, ok, err := w.ledger.Claim(ctx, "node", b.ID)
		if err != nil || !ok {
			w.t.Fatalf("claim: %v, %v", ok, err)
		}
		for _, d := range b.Deliveries {
			if marked, err := w.ledger.Commit(ctx, nil, d); err != nil || !marked {
				w.t.Fatalf("mark: %v, %v", marked, err)
			}
			result := delivery.Result{Delivery: d, End: end(d), At: w.clock.Now(), Stage: delivery.StageEndOfData}
			if _, err := w.ledger.Commit(ctx, []delivery.Result{result}, nil); err != nil {
				w.t.Fatal(err)
			}
		}
		if err := w.ledger.Release(ctx, b); err != nil {
			w.t.Fatal(err)
		}
	}
}

// advance moves every open run on until nothing more can be done at once.
func (w *world) advance() {
	w.t.Helper()
	for again := true; again; {
		again = false
		runs, err := w.OpenRuns(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range runs {
			more, err := w.Advance(w.t.Context(), r)
			if err != nil {
				w.t.Fatal(err)
			}
			again = again || more
		}
	}
}

// finish sends a run to all, and ends it.
func (w *world) finish(runID int64) {
	w.t.Helper()
	w.send(runID, delivery.Took)
	w.advance()
}

// events are the kinds of a mailing's events, oldest first.
func (w *world) events(id int64) (kinds []mailing.EventKind) {
	w.t.Helper()
	for _, e := range w.history(id) {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (w *world) history(id int64) []mailing.Event {
	w.t.Helper()
	list, err := w.Events(w.t.Context(), w.anna, id, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

func (w *world) wantEvents(id int64, want ...mailing.EventKind) {
	w.t.Helper()
	if got := w.events(id); !slices.Equal(got, want) {
		w.t.Errorf("events: got %q, want %q", got, want)
	}
}

func (w *world) wantState(id int64, want mailing.State) {
	w.t.Helper()
	if got := w.get(id); got.State != want {
		w.t.Errorf("the mailing is %s, want %s", got.State, want)
	}
}

func (w *world) wantCounts(runID int64, want delivery.Counts) {
	w.t.Helper()
	if got := w.run(runID).Counts; got != want {
		w.t.Errorf("run %d: got %+v, want %+v", runID, got, want)
	}
	if wrong, err := w.ledger.Rebuild(w.t.Context(), runID); wrong || err != nil {
		w.t.Errorf("run %d: the counters differ from the rows (%v)", runID, err)
	}
}

// skips counts the skipped deliveries of a run by their reasons.
func (w *world) skips(runID int64) map[string]int {
	w.t.Helper()
	list, err := w.ledger.Deliveries(w.t.Context(), runID, []delivery.State{delivery.Skipped}, 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	counts := map[string]int{}
	for _, d := range list {
		counts[d.Reason]++
	}
	return counts
}

// fields are the failing fields of an Invalid error as "name: key".
func fields(err error) (list []string) {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind == fault.Invalid {
		for _, f := range e.Fields {
			list = append(list, f.Name+": "+f.Key)
		}
	}
	return list
}

// key is the sentence of an error, "" for none.
func key(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Key
	}
	return fmt.Sprint(err)
}
