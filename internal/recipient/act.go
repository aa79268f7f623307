package recipient

import (
	"context"
	"fmt"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// Selection names recipients for a bulk action: some, or all of a filter.
type Selection struct {
	IDs    []int64
	Filter *Filter // used where IDs is empty; its Limit is of no account
}

// Bulk actions go in transactions of this many recipients.
const perAction = 200

// DeleteMany deletes what is selected and says how many that were. It goes in
// pieces: where it fails or ctx ends, those before are deleted.
func (r *Recipients) DeleteMany(ctx context.Context, actor account.Actor, s Selection) (int64, error) {
	return r.each(ctx, actor, r.light(r.pieces(actor.ID, s)), r.deleting(actor.ID))
}

// AddTag tags what is selected, and says how many recipients it visited.
func (r *Recipients) AddTag(ctx context.Context, actor account.Actor, s Selection, name string) (int64, error) {
	name, err := oneTag(name)
	if err != nil {
		return 0, err
	}
	return r.each(ctx, actor, r.pieces(actor.ID, s), adding(actor.ID, name))
}

// RemoveTag takes a tag from what is selected, and says how many recipients
// it visited.
func (r *Recipients) RemoveTag(ctx context.Context, actor account.Actor, s Selection, name string) (int64, error) {
	name, err := oneTag(name)
	if err != nil {
		return 0, err
	}
	tag, found, err := findTag(ctx, r.db.Read(), actor.ID, name)
	if err != nil || !found {
		return 0, err
	}
	return r.each(ctx, actor, r.pieces(actor.ID, s), removing(tag.ID))
}

// act changes recipients that are held, and says how many it visited.
type act func(ctx context.Context, tx db.Tx, list []held) (int64, error)

func (r *Recipients) deleting(userID int64) act {
	return func(ctx context.Context, tx db.Tx, list []held) (int64, error) {
		return int64(len(list)), r.deleteTx(ctx, tx, userID, list)
	}
}

func adding(userID int64, name string) act {
	return func(ctx context.Context, tx db.Tx, list []held) (int64, error) {
		ids, err := tagIDsTx(ctx, tx, userID, []string{name})
		if err != nil {
			return 0, err
		}
		has, err := taggingsTx(ctx, tx, idsOf(list))
		if err != nil {
			return 0, err
		}
		count := map[int64]int{}
		for t := range has {
			count[t.recipient]++
		}
		tag := ids[db.Fold(name)]
		add := make([]tagging, 0, len(list))
		for _, h := range list {
			if has[tagging{tag, h.id}] {
				continue
			}
			if count[h.id] >= MaxTags {
				return 0, fault.New(fault.Conflict, "recipient.tags_many", fault.Args{"Max": MaxTags})
			}
			add = append(add, tagging{tag, h.id})
		}
		return int64(len(list)), addTagsTx(ctx, tx, add)
	}
}

func removing(tagID int64) act {
	return func(ctx context.Context, tx db.Tx, list []held) (int64, error) {
		return int64(len(list)), untagTx(ctx, tx,
			`DELETE FROM recipient_tags WHERE tag_id = $2 AND recipient_id = ANY($1) RETURNING tag_id`, idsOf(list), tagID)
	}
}

// each holds what is selected, piece by piece, and adds up what act says.
func (r *Recipients) each(ctx context.Context, actor account.Actor, next pieces, do act) (int64, error) {
	var done int64
	for {
		ids, err := next(ctx)
		if err != nil {
			return done, fmt.Errorf("select recipients: %w", err)
		}
		if len(ids) == 0 {
			return done, nil
		}
		var n int64
		err = r.db.Tx(ctx, func(tx db.Tx) error {
			n, err = doTx(ctx, tx, actor.ID, ids, do)
			return err
		})
		if err != nil {
			return done, fmt.Errorf("change recipients: %w", err)
		}
		done += n
	}
}

// doTx does something with those of the recipients who are the user's.
func doTx(ctx context.Context, tx db.Tx, userID int64, ids []int64, do act) (int64, error) {
	list, err := holdOwnTx(ctx, tx, userID, ids)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return do(ctx, tx, list)
}

// pieces are the ids of a selection, piece by piece, and then none.
type pieces func(context.Context) ([]int64, error)

// pieces are those of a selection, perAction each.
func (r *Recipients) pieces(userID int64, s Selection) pieces {
	rest := s.IDs
	if len(rest) > 0 || s.Filter == nil {
		return func(context.Context) ([]int64, error) {
			n := min(len(rest), perAction)
			ids := rest[:n]
			rest = rest[n:]
			return ids, nil
		}
	}
	f := *s.Filter
	return func(ctx context.Context) ([]int64, error) {
		list, err := page(ctx, r.db.Read(), userID, f, perAction)
		ids := make([]int64, len(list))
		for i := range list {
			ids[i], f.After = list[i].ID, list[i].ID
		}
		return ids, err
	}
}

// forgottenAtOnce bounds the deliveries that a transaction forgets: other
// writers wait for it, and some recipients have a delivery of every day.
const forgottenAtOnce = 500

// light are pieces whose recipients have at most forgottenAtOnce deliveries
// together, or are one alone.
func (r *Recipients) light(next pieces) pieces {
	var rest []int64
	var load map[int64]int
	return func(ctx context.Context) (ids []int64, err error) {
		if len(rest) == 0 {
			if rest, err = next(ctx); err != nil || len(rest) == 0 {
				return nil, err
			}
			if load, err = r.ledger.Load(ctx, rest); err != nil {
				return nil, err
			}
		}
		n := 1
		for sum := load[rest[0]]; n < len(rest) && sum+load[rest[n]] <= forgottenAtOnce; n++ {
			sum += load[rest[n]]
		}
		ids, rest = rest[:n], rest[n:]
		return ids, nil
	}
}
