package recipient

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/fault"
)

// MaxAudience bounds the tags, and the recipients, that an audience may name.
const MaxAudience = 1000

// Audience says whom a mailing goes to: all of the owner's, or the union of
// tags and of single recipients.
type Audience struct {
	All          bool     `json:"all"`
	Tags         []string `json:"tags"`
	RecipientIDs []int64  `json:"recipient_ids"`
}

// StoredAudience is an audience whose names were resolved.
type StoredAudience struct {
	All          bool    `json:"all"`
	TagIDs       []int64 `json:"tag_ids"`       // ascending
	RecipientIDs []int64 `json:"recipient_ids"` // ascending
}

// Planned is a recipient of an audience.
type Planned struct {
	ID   int64
	Skip string // why nothing is sent: "unsubscribed", "suppressed", "deleted", or empty
}

// ResolveAudienceTx looks up what an audience names. What is not the user's
// is an Invalid error at audience.tags or audience.recipient_ids. An audience
// that names nobody is left to the caller.
func (r *Recipients) ResolveAudienceTx(ctx context.Context, tx db.Tx, userID int64, a Audience) (StoredAudience, error) {
	stored := StoredAudience{All: a.All, TagIDs: []int64{}, RecipientIDs: []int64{}}
	if a.All {
		return stored, nil
	}
	var fields fault.Fields
	if len(a.Tags) > MaxAudience {
		fields.Add("audience.tags", "recipient.audience_many", fault.Args{"Max": MaxAudience})
	}
	if len(a.RecipientIDs) > MaxAudience {
		fields.Add("audience.recipient_ids", "recipient.audience_many", fault.Args{"Max": MaxAudience})
	}
	if err := fields.Err(); err != nil {
		return StoredAudience{}, err
	}
	if err := resolveTags(ctx, tx, userID, a.Tags, &stored, &fields); err != nil {
		return StoredAudience{}, fmt.Errorf("resolve audience: %w", err)
	}
	if err := resolveIDs(ctx, tx, userID, a.RecipientIDs, &stored, &fields); err != nil {
		return StoredAudience{}, fmt.Errorf("resolve audience: %w", err)
	}
	return stored, fields.Err()
}

func resolveTags(ctx context.Context, q db.Q, userID int64, names []string, stored *StoredAudience, fields *fault.Fields) error {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = db.Fold(name)
	}
	ids, err := tagIDs(ctx, q, userID, keys)
	if err != nil {
		return err
	}
	for i, key := range keys {
		id, found := ids[key]
		if !found {
			fields.Add("audience.tags", "recipient.audience_tag", fault.Args{"Tag": cut(strings.TrimSpace(names[i]))})
			return nil
		}
		stored.TagIDs = append(stored.TagIDs, id)
	}
	stored.TagIDs = ascending(stored.TagIDs)
	return nil
}

func resolveIDs(ctx context.Context, q db.Q, userID int64, ids []int64, stored *StoredAudience, fields *fault.Fields) error {
	ids = ascending(ids)
	rows, err := q.Query(ctx, `SELECT id FROM recipients WHERE user_id = $1 AND id = ANY($2) ORDER BY id`, userID, ids)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		stored.RecipientIDs = append(stored.RecipientIDs, id)
	}
	for i, id := range ids {
		if i >= len(stored.RecipientIDs) || stored.RecipientIDs[i] != id {
			fields.Add("audience.recipient_ids", "recipient.audience_recipient", fault.Args{"ID": fmt.Sprint(id)})
			break
		}
	}
	return rows.Err()
}

// ascending is a sorted copy without repetition.
func ascending(ids []int64) []int64 {
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// AudienceChunkTx is the next piece of an audience: up to limit recipients
// with ids above after, ascending, each once. Each tag is read by key from
// where the last piece ended, so a piece costs the same anywhere. Nobody of the
// user's leaves before the transaction ends: see closeTx.
func (r *Recipients) AudienceChunkTx(ctx context.Context, tx db.Tx, userID int64, a StoredAudience, after int64, limit int) (list []Planned, err error) {
	if err := closeTx(ctx, tx, userID); err != nil {
		return nil, fmt.Errorf("read audience: %w", err)
	}
	if a.All {
		list, err = planned(ctx, tx, `SELECT id, status FROM recipients
			WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`, userID, after, limit)
	} else {
		list, err = chosenChunk(ctx, tx, userID, a, after, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("read audience: %w", err)
	}
	return list, nil
}

// AgainTx reads recipients of one user, who are to get something again, under
// the same promise. The ids are ascending; deleted ones are in the answer.
func (r *Recipients) AgainTx(ctx context.Context, tx db.Tx, userID int64, ids []int64) ([]Planned, error) {
	if err := closeTx(ctx, tx, userID); err != nil {
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	there, err := planned(ctx, tx, `SELECT id, status FROM recipients WHERE id = ANY($1) ORDER BY id`, ids)
	if err != nil {
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	list := make([]Planned, len(ids))
	for i, id := range ids {
		list[i] = Planned{id, delivery.ReasonDeleted}
		if len(there) > 0 && there[0].ID == id {
			list[i], there = there[0], there[1:]
		}
	}
	return list, nil
}

// Who is planned into a run passes a door that whoever leaves passes, too: who
// unsubscribes, is suppressed or deleted. Otherwise one who leaves at the moment
// at which their run is planned would have no delivery to be skipped yet, and
// get one afterwards. One lock for a user costs less than one for each recipient.

// closeTx keeps a user's recipients from leaving until the transaction ends.
// Whoever left before is seen to have left.
func closeTx(ctx context.Context, tx db.Tx, userID int64) error {
	return db.ExcludeTx(ctx, tx, door(userID))
}

// leaveTx waits for plans to be written, and keeps further ones waiting. Who
// leaves comes here before they look for what is planned for them.
func leaveTx(ctx context.Context, tx db.Tx, userID int64) error {
	return db.ShareTx(ctx, tx, door(userID))
}

func door(userID int64) string { return fmt.Sprintf("recipients of %d", userID) }

// chosenChunk is a piece of the union of tags and single recipients.
func chosenChunk(ctx context.Context, q db.Q, userID int64, a StoredAudience, after int64, limit int) ([]Planned, error) {
	var union []Planned
	for _, tag := range a.TagIDs {
		// CROSS JOIN: the tag's index leads, as in choose.
		part, err := planned(ctx, q, `SELECT r.id, r.status FROM recipient_tags rt CROSS JOIN recipients r
			WHERE rt.tag_id = $2 AND rt.recipient_id > $3 AND r.id = rt.recipient_id AND r.user_id = $1
			ORDER BY rt.recipient_id LIMIT $4`, userID, tag, after, limit)
		if err != nil {
			return nil, err
		}
		union = merge(union, part, limit)
	}
	from, _ := slices.BinarySearch(a.RecipientIDs, after+1)
	ids := a.RecipientIDs[from:]
	for len(ids) > 0 {
		// Deleted ones leave gaps: a full piece needs perhaps several looks.
		n := min(len(ids), limit)
		part, err := planned(ctx, q, `SELECT id, status FROM recipients
			WHERE user_id = $1 AND id = ANY($2) ORDER BY id`, userID, ids[:n])
		if err != nil {
			return nil, err
		}
		union = merge(union, part, limit)
		ids = ids[n:]
		if len(union) == limit && len(ids) > 0 && ids[0] > union[limit-1].ID {
			break
		}
	}
	return union, nil
}

// planned reads rows of id and status.
func planned(ctx context.Context, q db.Q, query string, args ...any) ([]Planned, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Planned
	for rows.Next() {
		var p Planned
		var status Status
		if err := rows.Scan(&p.ID, &status); err != nil {
			return nil, err
		}
		if status != Active {
			p.Skip = string(status)
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// merge unites two ascending lists, up to limit.
func merge(a, b []Planned, limit int) []Planned {
	if len(a) == 0 || len(b) == 0 {
		return append(a, b...)
	}
	union := make([]Planned, 0, min(len(a)+len(b), limit))
	for len(union) < limit && len(a)+len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].ID < b[0].ID:
			union, a = append(union, a[0]), a[1:]
		case len(a) == 0 || b[0].ID < a[0].ID:
			union, b = append(union, b[0]), b[1:]
		default:
			union, a, b = append(union, a[0]), a[1:], b[1:]
		}
	}
	return union
}

// sizeLimit bounds what counting a union of tags may cost.
const sizeLimit = 100_000

// AudienceSize estimates how many recipients an audience has now, those who
// are skipped among them. exact is false where there are more than it counted.
func (r *Recipients) AudienceSize(ctx context.Context, userID int64, a StoredAudience) (n int64, exact bool, err error) {
	q := r.db.Read()
	switch {
	case a.All:
		n, _, err = counts(ctx, q, userID)
		exact = true
	case len(a.TagIDs) == 1 && len(a.RecipientIDs) == 0:
		err = q.QueryRow(ctx, `SELECT coalesce(sum(recipients), 0) FROM tags WHERE user_id = $1 AND id = $2`, userID, a.TagIDs[0]).Scan(&n)
		exact = true
	default:
		err = q.QueryRow(ctx, `SELECT count(*) FROM (
			SELECT rt.recipient_id FROM recipient_tags rt JOIN tags t ON t.id = rt.tag_id
				WHERE rt.tag_id = ANY($1) AND t.user_id = $2
			UNION SELECT id FROM recipients WHERE id = ANY($3) AND user_id = $2
			LIMIT `+fmt.Sprint(sizeLimit+1)+`) AS counted`, a.TagIDs, userID, a.RecipientIDs).Scan(&n)
		n, exact = min(n, sizeLimit), n <= sizeLimit
	}
	if err != nil {
		return 0, false, fmt.Errorf("estimate audience: %w", err)
	}
	return n, exact, nil
}

// ForSending are recipients with all that a template may name, by id. Deleted
// ones are not among them. The caller has checked whose they are.
func (r *Recipients) ForSending(ctx context.Context, q db.Q, ids []int64) (map[int64]Recipient, error) {
	list, err := collect(ctx, q, `SELECT `+columns+` FROM recipients r WHERE r.id = ANY($1)`, ids)
	if err == nil {
		err = withTags(ctx, q, list)
	}
	if err != nil {
		return nil, fmt.Errorf("read recipients to send to: %w", err)
	}
	found := make(map[int64]Recipient, len(list))
	for i := range list {
		found[list[i].ID] = list[i]
	}
	return found, nil
}
