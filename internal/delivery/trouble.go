package delivery

import (
	"context"
	"fmt"
	"time"

	"gonets/internal/db"
)

// troubleShown is how long a trouble that nobody confirms is believed. A node
// looks at its server at least once a minute.
const troubleShown = 5 * time.Minute

// Trouble says that a mail server is away, as a node sees it. Nobody is lost:
// every delivery that needs it stays planned.
type Trouble struct {
	Node, Server string
	Stage        string
	Code         int64
	Response     string
	Since        db.Time
	CheckedAt    db.Time
}

// Report notes that a node's mail server is away, or still is.
func (l *Ledger) Report(ctx context.Context, t Trouble) error {
	return l.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO server_troubles (node, server, since, checked_at, stage, code, response)
			VALUES ($1, $2, $3, $3, $4, $5, $6)
			    ON CONFLICT (node, server) DO UPDATE
			   SET checked_at = excluded.checked_at, stage = excluded.stage, code = excluded.code, response = excluded.response`,
			t.Node, t.Server, db.At(tx.Now()), t.Stage, t.Code, t.Response)
		return err
	})
}

// Recovered takes the troubles of a node back.
func (l *Ledger) Recovered(ctx context.Context, node string) error {
	return l.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM server_troubles WHERE node = $1`, node)
		return err
	})
}

// Troubles are the mail servers that are away now. Those that no node has
// looked at for five minutes are left out: their node is gone.
func (l *Ledger) Troubles(ctx context.Context) ([]Trouble, error) {
	rows, err := l.db.Read().Query(ctx, `
		SELECT node, server, stage, code, response, since, checked_at
		  FROM server_troubles WHERE checked_at > $1 ORDER BY since`, db.At(l.db.Now().Add(-troubleShown)))
	if err != nil {
		return nil, fmt.Errorf("read the mail servers' troubles: %w", err)
	}
	defer rows.Close()
	var list []Trouble
	for rows.Next() {
		var t Trouble
		if err := rows.Scan(&t.Node, &t.Server, &t.Stage, &t.Code, &t.Response, &t.Since, &t.CheckedAt); err != nil {
			return nil, fmt.Errorf("read the mail servers' troubles: %w", err)
		}
		list = append(list, t)
	}
	return list, rows.Err()
}
