package recipient

import (
	"context"

	"gonets/internal/db"
)

// bulk is what the two databases do differently when many rows travel at
// once; an import spends most of its time here.
type bulk interface {
	// insertTx inserts those of the entries whose address is not there yet,
	// each key once in the list, and answers the ids of these by key.
	insertTx(ctx context.Context, tx db.Tx, userID int64, list []*entry, status map[string]Status) (map[string]int64, error)
	// mergeTx writes what an import may change of recipients that are held.
	mergeTx(ctx context.Context, tx db.Tx, list []merged) error
	// tagTx tags recipients, given in the order of the tags, and counts by tag
	// those that did not bear it.
	tagTx(ctx context.Context, tx db.Tx, list []tagging) (map[int64]int64, error)
}

// merged is an existing recipient with the columns of an import laid over.
type merged struct {
	id     int64
	status Status // before
	entry
}

func bulkOf(q db.Q) bulk {
	if q.Dialect() == db.SQLite {
		return bulkSQLite{}
	}
	return bulkPostgres{}
}

// statusAt is when a status that is not the usual one began.
func statusAt(s Status, now db.Time) int64 {
	if s == Active {
		return 0
	}
	return int64(now)
}

// keyedIDs reads rows of id and key.
func keyedIDs(rows db.Rows, into map[string]int64) error {
	defer rows.Close()
	for rows.Next() {
		var id int64
		var key string
		if err := rows.Scan(&id, &key); err != nil {
			return err
		}
		into[key] = id
	}
	return rows.Err()
}
