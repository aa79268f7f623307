package delivery

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"gonets/internal/db"
)

// foldChunk is how many of the journal's rows one transaction folds: few
// enough for 50 ms.
const foldChunk = 200

// Fold folds what the journal holds into the rollups. Any number of nodes may
// do it at once: each takes rows that nobody else has taken.
func (l *Ledger) Fold(ctx context.Context) error {
	var waiting int64
	err := l.db.Read().QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM stat_journal LIMIT 1) AS one`).Scan(&waiting)
	for n := foldChunk; err == nil && waiting > 0 && n == foldChunk; {
		err = l.db.Tx(ctx, func(tx db.Tx) error {
			n, err = foldTx(ctx, tx)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("fold the statistics: %w", err)
	}
	return nil
}

func foldTx(ctx context.Context, tx db.Tx) (n int, err error) {
	query := `SELECT id, facts FROM stat_journal ORDER BY id LIMIT $1`
	if tx.Dialect() == db.Postgres {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	found, ids, err := readJournal(ctx, tx, query, foldChunk)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM stat_journal WHERE id = ANY($1)`, ids); err != nil {
		return 0, err
	}
	s := found.sums()
	if err := s.limit(ctx, tx); err != nil {
		return 0, err
	}
	return len(ids), s.writeTx(ctx, tx)
}

func readJournal(ctx context.Context, q db.Q, query string, args ...any) (facts, []int64, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	found := facts{}
	var ids []int64
	for rows.Next() {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, nil, err
		}
		if err := found.read(text); err != nil {
			return nil, nil, err
		}
		ids = append(ids, id)
	}
	return found, ids, rows.Err()
}

// Unfolded are the attempts that the rollups do not hold yet, for who reads
// both in one snapshot: each kind with its number, which is negative where
// something is taken back.
func Unfolded(ctx context.Context, q db.Q, note func(Fact, int64)) error {
	found, _, err := readJournal(ctx, q, `SELECT id, facts FROM stat_journal`)
	if err != nil {
		return fmt.Errorf("read the journal of the statistics: %w", err)
	}
	for fact, n := range found {
		note(fact, n)
	}
	return nil
}

const (
	// maxNames bounds the domains (and answers) that are told apart in a day
	// of one scope: what a page costs must not depend on how many there are.
	maxNames = 500
	// notable is how many attempts at once earn a name its row beyond that.
	notable = 50
)

// OtherNames is the name of all those that are not told apart.
const OtherNames = "*"

// shelf is where names are limited: a scope's day of a subject.
type shelf struct {
	scope   Scope
	scopeID int64
	subject Subject
	at      db.Time
}

func (r Rollup) shelf() shelf { return shelf{r.Scope, r.ScopeID, r.Subject, begin(r.At, day)} }

// limit puts the names that are too many together.
func (s sums) limit(ctx context.Context, q db.Q) error {
	fresh := map[shelf]sums{} // by day
	for r, t := range s {
		if r.Daily && r.limited() {
			if fresh[r.shelf()] == nil {
				fresh[r.shelf()] = sums{}
			}
			fresh[r.shelf()][r] = t
		}
	}
	known := make(map[shelf]map[string]bool, len(fresh))
	for on, rollups := range fresh {
		names, err := on.names(ctx, q)
		if err != nil {
			return fmt.Errorf("read the names of the statistics: %w", err)
		}
		rollups.name(names)
		known[on] = names
	}
	s.keep(known)
	return nil
}

func (r Rollup) limited() bool { return r.Subject == ByDomain || r.Subject == ByAnswer }

// names are those that have a row already.
func (s shelf) names(ctx context.Context, q db.Q) (map[string]bool, error) {
	rows, err := q.Query(ctx, `
		SELECT name FROM stat_rollups
		 WHERE scope = $1 AND scope_id = $2 AND subject = $3 AND grain = 1 AND at = $4`,
		int64(s.scope), s.scopeID, int64(s.subject), int64(s.at))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		known[name] = true
	}
	return known, rows.Err()
}

// name gives the sums of one shelf names, the most frequent first, as long as
// there is room.
func (s sums) name(known map[string]bool) {
	known[""] = true // deleted addresses; no answer
	byNumber := func(a, b Rollup) int {
		return cmp.Or(cmp.Compare(s[b].Attempts(), s[a].Attempts()), cmp.Compare(a.Name, b.Name))
	}
	for _, r := range slices.SortedFunc(maps.Keys(s), byNumber) {
		if n := s[r].Attempts(); n >= notable || n > 0 && len(known) < maxNames {
			known[r.Name] = true
		}
	}
}

// keep puts what has a name that is not known to the others.
func (s sums) keep(known map[shelf]map[string]bool) {
	for r, t := range s {
		if !r.limited() || r.Name == OtherNames || known[r.shelf()][r.Name] {
			continue
		}
		delete(s, r)
		r.Name = OtherNames
		s.add(r, t)
	}
}
