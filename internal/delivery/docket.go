package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"gonets/internal/db"
)

// docket is a batch in the hands of the process that has its lease: which of
// its deliveries are leaving. The batch's row says the same. Marking so costs
// one row per batch and commit, not one per message.
type docket struct {
	batchID  int64
	epoch    int64   // of the lease
	revision int64   // raised with each commit; like leaving, the committer alone changes it
	leaving  []int64 // as it is committed
}

// docketText writes an entry: to the lease that the page knows, and once. A try
// whose answer was lost may arrive after the next one.
const docketText = `
	UPDATE batches SET leaving = $4, accepted = accepted + $5, revision = revision + 1
	 WHERE id = $1 AND epoch = $2 AND revision = $3`

func (e entry) args() []any {
	return []any{e.batchID, e.epoch, e.revision, idsText(e.leaving), e.accepted}
}

// entry is what one transaction changes in a docket.
type entry struct {
	*docket
	leaving  []int64
	accepted int64
}

// decide gives the marks, and says what the page changes in its dockets, in
// the order of their batches. Whose lease is lost stay as they are.
func (p *page) decide() {
	p.entries = make([]entry, 0, len(p.dockets))
	for _, d := range p.dockets {
		if !p.held[d] {
			continue
		}
		e := entry{docket: d, leaving: slices.Clone(d.leaving)}
		for i := range p.records {
			if r := &p.records[i]; r.docket == d {
				e.leaving = without(e.leaving, r.ID)
				if p.moved[r.ID] && r.State == Accepted {
					e.accepted++
				}
			}
		}
		for _, m := range p.marks {
			if m.docket == d && p.planned[m.ID] && !slices.Contains(e.leaving, m.ID) {
				e.leaving = append(e.leaving, m.ID)
				p.marked[m.ID] = true
			}
		}
		p.entries = append(p.entries, e)
	}
}

func without(ids []int64, id int64) []int64 {
	if i := slices.Index(ids, id); i >= 0 {
		return slices.Delete(ids, i, i+1)
	}
	return ids
}

// idsText is the form in which a batch lists what is leaving.
func idsText(ids []int64) string {
	if len(ids) == 0 {
		return ""
	}
	b := []byte{'['}
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	return string(append(b, ']'))
}

func parseIDs(text string) (ids []int64, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &ids)
	}
	return ids, err
}

// leavingIn are the deliveries of runs that are leaving. They are in the few
// batches with a lease; the plus keeps SQLite from walking all of a run's.
func leavingIn(ctx context.Context, q db.Q, runIDs ...int64) ([]int64, error) {
	rows, err := q.Query(ctx, `SELECT leaving FROM batches WHERE lease_until > 0 AND leaving <> '' AND +run_id = ANY($1)`, runIDs)
	if err != nil {
		return nil, fmt.Errorf("read what is leaving: %w", err)
	}
	defer rows.Close()
	var all []int64
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read what is leaving: %w", err)
		}
		ids, err := parseIDs(text)
		if err != nil {
			return nil, fmt.Errorf("read what is leaving: %w", err)
		}
		all = append(all, ids...)
	}
	return all, rows.Err()
}
