// Package node knows which processes serve on a database. Each says now and
// then that it lives; one that has been silent for long is gone. It is for
// people to look at: who works on what is decided by leases and locks.
package node

import (
	"context"
	"fmt"
	"time"

	"gonets/internal/db"
)

// Every is how often a process says that it lives; after Gone it is not shown
// as living any more, and after a day it is forgotten.
const (
	Every   = 15 * time.Second
	Gone    = 45 * time.Second
	forgets = 24 * time.Hour
)

// Node is a process that serves.
type Node struct {
	Name      string
	Version   string
	Web       bool // serves pages and the API
	Scheduler bool // opens due runs
	Worker    bool // sends
	StartedAt time.Time
	SeenAt    time.Time
}

// Alive says that the node was heard of lately.
func (n Node) Alive(now time.Time) bool { return now.Sub(n.SeenAt) < Gone }

// Report says that a node lives.
func Report(ctx context.Context, d *db.DB, n Node) error {
	err := d.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO nodes (name, version, web, scheduler, worker, started_at, seen_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			    ON CONFLICT (name) DO UPDATE
			   SET version = excluded.version, web = excluded.web, scheduler = excluded.scheduler, worker = excluded.worker,
			       started_at = excluded.started_at, seen_at = excluded.seen_at`,
			n.Name, n.Version, db.Flag(n.Web), db.Flag(n.Scheduler), db.Flag(n.Worker), db.At(n.StartedAt), db.At(tx.Now()))
		if err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM nodes WHERE seen_at < $1`, db.At(tx.Now().Add(-forgets)))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("report node %s: %w", n.Name, err)
	}
	return nil
}

// List are the nodes of the last day, by name.
func List(ctx context.Context, q db.Q) ([]Node, error) {
	rows, err := q.Query(ctx, `
		SELECT name, version, web, scheduler, worker, started_at, seen_at FROM nodes ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	defer rows.Close()
	var list []Node
	for rows.Next() {
		var n Node
		var web, scheduler, worker int64
		var started, seen db.Time
		if err := rows.Scan(&n.Name, &n.Version, &web, &scheduler, &worker, &started, &seen); err != nil {
			return nil, fmt.Errorf("list nodes: %w", err)
		}
		n.Web, n.Scheduler, n.Worker = web == 1, scheduler == 1, worker == 1
		n.StartedAt, n.SeenAt = started.Time(), seen.Time()
		list = append(list, n)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	return list, nil
}
