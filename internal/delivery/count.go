package delivery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"gonets/internal/db"
)

// SlotLength is the grain of a run's chart.
const SlotLength = 10 * time.Second

// tally gathers what one transaction changes in the counters.
type tally map[int64]*change

type change struct {
	states      map[State]int64
	lastAt      db.Time
	lastOutcome Outcome
	slots       map[db.Time]map[State]int64
	facts       facts
}

func (t tally) of(runID int64) *change {
	c := t[runID]
	if c == nil {
		c = &change{states: map[State]int64{}, slots: map[db.Time]map[State]int64{}, facts: facts{}}
		t[runID] = c
	}
	return c
}

// attempt notes an attempt, and which of a run's is the newest.
func (t tally) attempt(r *record, retried bool) {
	c := t.of(r.RunID)
	c.facts[factOf(r, retried)]++
	if r.At >= c.lastAt {
		c.lastAt, c.lastOutcome = r.At, r.Outcome
	}
}

// state notes a delivery that moved out of planned or leaving.
func (t tally) state(r *record) {
	if r.State == Planned {
		return
	}
	c := t.of(r.RunID)
	c.states[r.State]++
	slot := db.At(r.At.Time().Truncate(SlotLength))
	if c.slots[slot] == nil {
		c.slots[slot] = map[State]int64{}
	}
	c.slots[slot][r.State]++
}

func (t tally) writeTx(ctx context.Context, tx db.Tx) error {
	list := t.statements()
	if len(list) == 0 {
		return nil
	}
	if err := scribeOf(tx).execTx(ctx, tx, list); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	return nil
}

// statement is a text with its arguments.
type statement struct {
	text string
	args []any
}

const countText = `
	UPDATE ledgers
	   SET accepted        = accepted + $2,
	       deferred        = deferred + $3,
	       failed          = failed + $4,
	       uncertain       = uncertain + $5,
	       skipped         = skipped + $6,
	       last_outcome    = CASE WHEN $7 >= last_attempt_at THEN $8 ELSE last_outcome END,
	       last_attempt_at = CASE WHEN $7 >= last_attempt_at THEN $7 ELSE last_attempt_at END
	 WHERE run_id = $1`

const slotText = `
	INSERT INTO delivery_slots (run_id, at, accepted, deferred, failed, uncertain)
	VALUES ($1, $2, $3, $4, $5, $6)
	    ON CONFLICT (run_id, at) DO UPDATE
	   SET accepted  = delivery_slots.accepted + excluded.accepted,
	       deferred  = delivery_slots.deferred + excluded.deferred,
	       failed    = delivery_slots.failed + excluded.failed,
	       uncertain = delivery_slots.uncertain + excluded.uncertain`

// statements write the tally, run by run.
func (t tally) statements() []statement {
	var list []statement
	all := facts{}
	for _, runID := range slices.Sorted(maps.Keys(t)) {
		c := t[runID]
		maps.Copy(all, c.facts) // a fact names its run
		list = append(list, statement{countText, []any{
			runID, c.states[Accepted], c.states[Deferred], c.states[Failed], c.states[Uncertain], c.states[Skipped],
			int64(c.lastAt), int64(c.lastOutcome),
		}})
		for _, at := range slices.Sorted(maps.Keys(c.slots)) {
			s := c.slots[at]
			list = append(list, statement{slotText, []any{
				runID, int64(at), s[Accepted], s[Deferred], s[Failed], s[Uncertain],
			}})
		}
	}
	return append(list, all.statements()...)
}

const countColumns = `recipients, accepted, deferred, failed, uncertain, skipped`

func (c *Counts) fields() []any {
	return []any{&c.Recipients, &c.Accepted, &c.Deferred, &c.Failed, &c.Uncertain, &c.Skipped}
}

// Counts are the numbers of a run.
func (l *Ledger) Counts(ctx context.Context, q db.Q, runID int64) (Counts, error) {
	var c Counts
	err := q.QueryRow(ctx, `SELECT `+countColumns+` FROM ledgers WHERE run_id = $1`, runID).Scan(c.fields()...)
	if err != nil {
		return Counts{}, fmt.Errorf("read the counts of run %d: %w", runID, err)
	}
	return c, nil
}

// Last is the newest attempt of a run; the zero time where there was none.
type Last struct {
	At      time.Time
	Outcome Outcome
}

// Summary is a run's row in the ledger, for lists.
type Summary struct {
	Counts
	Held bool
	Last Last
}

// Summaries are the summaries of runs, by run.
func (l *Ledger) Summaries(ctx context.Context, q db.Q, runIDs []int64) (map[int64]Summary, error) {
	if len(runIDs) == 0 {
		return nil, nil
	}
	rows, err := q.Query(ctx, `
		SELECT run_id, held, last_attempt_at, last_outcome, `+countColumns+`
		  FROM ledgers WHERE run_id = ANY($1)`, runIDs)
	if err != nil {
		return nil, fmt.Errorf("read the counts of runs: %w", err)
	}
	defer rows.Close()
	found := make(map[int64]Summary, len(runIDs))
	for rows.Next() {
		var s Summary
		var id, held int64
		var at db.Time
		if err := rows.Scan(append([]any{&id, &held, &at, &s.Last.Outcome}, s.fields()...)...); err != nil {
			return nil, fmt.Errorf("read the counts of runs: %w", err)
		}
		s.Held, s.Last.At = held == 1, at.Time()
		found[id] = s
	}
	return found, rows.Err()
}

// Slot is what became of a run's deliveries in SlotLength from At on.
type Slot struct {
	At                                    time.Time
	Accepted, Deferred, Failed, Uncertain int64
}

// Slots are the newest slots of a run from a moment on (zero: from its start),
// oldest first.
func (l *Ledger) Slots(ctx context.Context, runID int64, since time.Time, limit int) ([]Slot, error) {
	rows, err := l.db.Read().Query(ctx, `
		SELECT at, accepted, deferred, failed, uncertain FROM delivery_slots
		 WHERE run_id = $1 AND at >= $2 ORDER BY at DESC LIMIT $3`, runID, db.At(since), limit)
	if err != nil {
		return nil, fmt.Errorf("read the slots of run %d: %w", runID, err)
	}
	defer rows.Close()
	var slots []Slot
	for rows.Next() {
		var s Slot
		var at db.Time
		if err := rows.Scan(&at, &s.Accepted, &s.Deferred, &s.Failed, &s.Uncertain); err != nil {
			return nil, fmt.Errorf("read the slots of run %d: %w", runID, err)
		}
		s.At = at.Time()
		slots = append(slots, s)
	}
	slices.Reverse(slots)
	return slots, rows.Err()
}

// Rebuild counts the deliveries of a run anew and puts its counters right. It
// says whether they were wrong.
func (l *Ledger) Rebuild(ctx context.Context, runID int64) (wrong bool, err error) {
	err = l.db.Tx(ctx, func(tx db.Tx) error {
		if _, err := lockRuns(ctx, tx, runID); err != nil {
			return err
		}
		var was, is Counts
		if was, err = l.Counts(ctx, tx, runID); err != nil {
			return err
		}
		if is, err = count(ctx, tx, runID); err != nil {
			return err
		}
		wrong = was != is
		_, err := tx.Exec(ctx, `
			UPDATE ledgers SET recipients = $2, accepted = $3, deferred = $4, failed = $5, uncertain = $6, skipped = $7
			 WHERE run_id = $1`, runID, is.Recipients, is.Accepted, is.Deferred, is.Failed, is.Uncertain, is.Skipped)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("rebuild the counts of run %d: %w", runID, err)
	}
	return wrong, nil
}

// count counts the rows themselves.
func count(ctx context.Context, q db.Q, runID int64) (Counts, error) {
	var c Counts
	rows, err := q.Query(ctx, `
		SELECT d.state, count(*) FROM batches b JOIN deliveries d ON d.batch_id = b.id
		 WHERE b.run_id = $1 AND d.run_id = $1 GROUP BY d.state`, runID)
	if err != nil {
		return c, err
	}
	defer rows.Close()
	for rows.Next() {
		var s State
		var n int64
		if err := rows.Scan(&s, &n); err != nil {
			return c, err
		}
		c.Recipients += n
		switch s {
		case Accepted:
			c.Accepted = n
		case Deferred:
			c.Deferred = n
		case Failed:
			c.Failed = n
		case Uncertain:
			c.Uncertain = n
		case Skipped:
			c.Skipped = n
		case Planned, Leaving: // remaining
		}
	}
	return c, rows.Err()
}
