package recipient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/queue"
)

// Act is what a change does to each recipient.
type Act string

// What changes do.
const (
	ActTag    Act = "tag"
	ActUntag  Act = "untag"
	ActDelete Act = "delete"
)

// Change is an act on all recipients that a filter matches, worked in the
// background: nobody has to wait for it, and it goes on where its node died.
// Recipients who are added while it goes on are not in it.
type Change struct {
	ID        int64
	UserID    int64
	Act       Act
	Tag       string // given or taken away
	Filter    Filter // its After is how far the change is
	Total     int64  // whom the filter matched at the beginning; -1: not counted yet
	Done      int64
	ErrorKey  string // why it ended early: a translation key; empty: it did not
	ErrorArgs fault.Args
	CreatedAt time.Time
	// FinishedAt is zero while the change goes on.
	FinishedAt time.Time
}

type changeJob struct {
	ID int64 `json:"id"`
}

func (changeJob) Kind() string { return "change_recipients" }

const changeColumns = `id, user_id, act, tag, search, of_tag, of_status, below, total, done,
	error_key, error_args, created_at, finished_at`

func scanChange(row db.Row) (Change, error) {
	var c Change
	var args string
	var createdAt, finishedAt db.Time
	err := row.Scan(&c.ID, &c.UserID, &c.Act, &c.Tag, &c.Filter.Search, &c.Filter.Tag, &c.Filter.Status, &c.Filter.After,
		&c.Total, &c.Done, &c.ErrorKey, &args, &createdAt, &finishedAt)
	if errors.Is(err, db.ErrNoRows) {
		return Change{}, fault.Missing()
	}
	if err != nil {
		return Change{}, err
	}
	c.CreatedAt, c.FinishedAt = createdAt.Time(), finishedAt.Time()
	return c, json.Unmarshal([]byte(args), &c.ErrorArgs)
}

func findChange(ctx context.Context, q db.Q, id int64) (Change, error) {
	return scanChange(q.QueryRow(ctx, `SELECT `+changeColumns+` FROM recipient_changes WHERE id = $1`, id))
}

// BeginChange enqueues an act on all of the actor's recipients that a filter
// matches. A user's second one at a time is a Conflict.
func (r *Recipients) BeginChange(ctx context.Context, actor account.Actor, do Act, tag string, f Filter) (c Change, err error) {
	switch do {
	case ActTag, ActUntag:
		tag, err = oneTag(tag)
	case ActDelete:
		tag = ""
	default:
		err = fmt.Errorf("unknown act %q", do)
	}
	if err != nil {
		return Change{}, fmt.Errorf("begin change: %w", err)
	}
	err = r.db.Tx(ctx, func(tx db.Tx) error {
		c, err = scanChange(tx.QueryRow(ctx, `
			INSERT INTO recipient_changes (user_id, act, tag, search, of_tag, of_status, below, created_at, moved_at)
			SELECT $1, $2, $3, $4, $5, $6, coalesce((SELECT max(id) FROM recipients WHERE user_id = $1), 0) + 1, $7, $7
			    ON CONFLICT (user_id) WHERE finished_at = 0 DO NOTHING
			RETURNING `+changeColumns,
			actor.ID, string(do), tag, f.Search, f.Tag, string(f.Status), int64(db.At(tx.Now()))))
		if fault.Is(err, fault.NotFound) {
			return fault.New(fault.Conflict, "change.one_at_a_time", nil)
		}
		if err != nil {
			return err
		}
		return r.queue.InsertTx(ctx, tx, changeJob{c.ID})
	})
	if err != nil {
		return Change{}, fmt.Errorf("begin change: %w", err)
	}
	return c, nil
}

// Change is one change of the actor's.
func (r *Recipients) Change(ctx context.Context, actor account.Actor, id int64) (Change, error) {
	c, err := findChange(ctx, r.db.Read(), id)
	if err == nil {
		err = may(actor, account.RecipientView, c.UserID)
	}
	if err != nil {
		return Change{}, fmt.Errorf("get change: %w", err)
	}
	return c, nil
}

// OpenChange is the change of the actor's that goes on, if one does.
func (r *Recipients) OpenChange(ctx context.Context, actor account.Actor) (c Change, goesOn bool, err error) {
	c, err = scanChange(r.db.Read().QueryRow(ctx, `SELECT `+changeColumns+`
		FROM recipient_changes WHERE user_id = $1 AND finished_at = 0`, actor.ID))
	if fault.Is(err, fault.NotFound) {
		return Change{}, false, nil
	}
	if err != nil {
		return Change{}, false, fmt.Errorf("look for an open change: %w", err)
	}
	return c, true, nil
}

// CancelChange stops a change that goes on; what it did stays.
func (r *Recipients) CancelChange(ctx context.Context, actor account.Actor, id int64) error {
	c, err := r.Change(ctx, actor, id)
	if err == nil {
		err = may(actor, account.RecipientEdit, c.UserID)
	}
	if err != nil {
		return err
	}
	if !c.FinishedAt.IsZero() {
		return fault.New(fault.Conflict, "change.finished", nil)
	}
	return r.finishChange(ctx, id, fault.New(fault.Conflict, "change.cancelled", nil))
}

// finishChange ends a change that goes on; f is why it ends early.
func (r *Recipients) finishChange(ctx context.Context, id int64, f *fault.Error) error {
	key, args, err := encodeFault(f)
	if err != nil {
		return fmt.Errorf("end change: %w", err)
	}
	err = r.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE recipient_changes SET error_key = $2, error_args = $3, finished_at = $4
			WHERE id = $1 AND finished_at = 0`, id, key, args, db.At(tx.Now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("end change: %w", err)
	}
	return nil
}

// changeShift is how long a job works on a change before it lets others at the
// queue.
const changeShift = 10 * time.Second

// change goes on with a change, for one shift.
func (r *Recipients) change(ctx context.Context, id int64) error {
	c, err := findChange(ctx, r.db.Read(), id)
	if fault.Is(err, fault.NotFound) || err == nil && !c.FinishedAt.IsZero() {
		return nil
	}
	if err == nil && c.Total < 0 {
		err = r.countChange(ctx, &c)
	}
	if err == nil {
		err = r.workChange(ctx, &c)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && (f.Kind == fault.Conflict || f.Kind == fault.Invalid) {
		return r.finishChange(ctx, id, f)
	}
	if errors.Is(err, errSuperseded) {
		return nil
	}
	return err
}

// countChange counts whom the filter matches, so that people see how far it is.
func (r *Recipients) countChange(ctx context.Context, c *Change) (err error) {
	if c.Total, err = countUpTo(ctx, r.db.Read(), c.UserID, c.Filter, math.MaxInt64-1); err != nil {
		return fmt.Errorf("count whom to change: %w", err)
	}
	return r.db.Tx(ctx, func(tx db.Tx) error { return c.moveTx(ctx, tx, c.Filter.After) })
}

// moveTx writes how far a change is, which was at another place. The error is
// errSuperseded where it no longer is: somebody else went on with it, or ended
// it.
func (c *Change) moveTx(ctx context.Context, tx db.Tx, was int64) error {
	n, err := tx.Exec(ctx, `UPDATE recipient_changes SET below = $2, total = $3, done = $4, moved_at = $5
		WHERE id = $1 AND below = $6 AND finished_at = 0`, c.ID, c.Filter.After, c.Total, c.Done, db.At(tx.Now()), was)
	if err == nil && n == 0 {
		err = errSuperseded
	}
	return err
}

// workChange does what is left of a change, as far as a shift goes.
func (r *Recipients) workChange(ctx context.Context, c *Change) error {
	do, next, err := r.acting(ctx, c)
	if err != nil {
		return err
	}
	for end := r.db.Now().Add(changeShift); ; {
		ids, err := next(ctx)
		if err != nil {
			return fmt.Errorf("select recipients: %w", err)
		}
		if len(ids) == 0 {
			return r.finishChange(ctx, c.ID, nil)
		}
		if err := r.changePiece(ctx, c, ids, do); err != nil {
			return err
		}
		if r.db.Now().After(end) {
			return queue.Later(0)
		}
	}
}

// changePiece acts on the next recipients of a change, the lowest id last.
func (r *Recipients) changePiece(ctx context.Context, c *Change, ids []int64, do act) error {
	moved := *c
	err := r.db.Tx(ctx, func(tx db.Tx) error {
		n, err := doTx(ctx, tx, c.UserID, ids, do)
		if err != nil {
			return err
		}
		moved.Done, moved.Filter.After = c.Done+n, ids[len(ids)-1]
		return moved.moveTx(ctx, tx, c.Filter.After)
	})
	if err == nil {
		*c = moved
	}
	return err
}

// acting is what a change does and to whom, piece by piece.
func (r *Recipients) acting(ctx context.Context, c *Change) (act, pieces, error) {
	next := r.pieces(c.UserID, Selection{Filter: &c.Filter})
	switch c.Act {
	case ActTag:
		return adding(c.UserID, c.Tag), next, nil
	case ActUntag:
		tag, _, err := findTag(ctx, r.db.Read(), c.UserID, c.Tag)
		return removing(tag.ID), next, err // nobody has a tag that is not there
	case ActDelete:
		return r.deleting(c.UserID), r.light(next), nil
	default:
		return nil, nil, fmt.Errorf("unknown act %q", c.Act)
	}
}

// SweepChanges sends a job to changes that stand still, because their node
// died. Every node may call it every few seconds: where nothing is amiss it
// only reads.
func (r *Recipients) SweepChanges(ctx context.Context) error {
	before := db.At(r.db.Now().Add(-stalled))
	ids, err := readIDs(ctx, r.db.Read(), `SELECT id FROM recipient_changes WHERE finished_at = 0 AND moved_at < $1`, before)
	for _, id := range ids {
		err = errors.Join(err, r.db.Tx(ctx, func(tx db.Tx) error {
			n, err := tx.Exec(ctx, `UPDATE recipient_changes SET moved_at = $2
				WHERE id = $1 AND finished_at = 0 AND moved_at < $3`, id, db.At(tx.Now()), before)
			if err != nil || n == 0 {
				return err
			}
			return r.queue.InsertTx(ctx, tx, changeJob{id})
		}))
	}
	if err != nil {
		return fmt.Errorf("sweep changes: %w", err)
	}
	return nil
}
