package stats

import (
	"context"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
)

// reading gathers an answer within one snapshot.
type reading struct {
	about    About
	over     Range
	quarters map[db.Time]delivery.Tries
	named    [delivery.ByMailing + 1]map[string]delivery.Tries
}

func (r *reading) read(ctx context.Context, q db.Q) error {
	if err := r.readQuarters(ctx, q); err != nil {
		return err
	}
	for _, subject := range []delivery.Subject{delivery.ByAnswer, delivery.ByDomain, delivery.ByMailing} {
		r.named[subject] = map[string]delivery.Tries{}
		for _, p := range r.parts() {
			if err := r.readNamed(ctx, q, subject, p); err != nil {
				return err
			}
		}
	}
	return delivery.Unfolded(ctx, q, r.note)
}

// span is a part of a range, in rollups of one grain.
type span struct {
	daily    bool
	from, to db.Time
}

// parts cuts the range: whole days of UTC have rollups of their own, what
// sticks out at either end is read by the quarter of an hour.
func (r *reading) parts() []span {
	const day = 24 * time.Hour
	if r.all() {
		return []span{{true, 0, endOfTime}}
	}
	from, to := r.over.From.UTC(), r.over.To.UTC()
	first, last := from.Add(day-1).Truncate(day), to.Truncate(day)
	if !first.Before(last) {
		return []span{{false, db.At(from), db.At(to)}}
	}
	return []span{
		{false, db.At(from), db.At(first)},
		{true, db.At(first), db.At(last)},
		{false, db.At(last), db.At(to)},
	}
}

const endOfTime = db.Time(1<<63 - 1)

// all says that there is no range.
func (r *reading) all() bool { return r.over == Range{} }

func (r *reading) readQuarters(ctx context.Context, q db.Q) error {
	from, to := db.At(r.over.From), db.At(r.over.To)
	if r.all() {
		from, to = 0, endOfTime
	}
	rows, err := q.Query(ctx, `
		SELECT at, accepted, failed, unknown, retried FROM stat_rollups
		 WHERE scope = $1 AND scope_id = $2 AND subject = 0 AND grain = 0 AND at >= $3 AND at < $4`,
		int64(r.about.Scope), r.about.ID, from, to)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var at db.Time
		var t delivery.Tries
		if err := rows.Scan(&at, &t.Accepted, &t.Failed, &t.Unknown, &t.Retried); err != nil {
			return err
		}
		r.quarters[at] = t
	}
	return rows.Err()
}

func (r *reading) readNamed(ctx context.Context, q db.Q, subject delivery.Subject, p span) error {
	grain := int64(0)
	if p.daily {
		grain = 1
	}
	rows, err := q.Query(ctx, `
		SELECT name, CAST(sum(accepted) AS BIGINT), CAST(sum(failed) AS BIGINT), CAST(sum(unknown) AS BIGINT), CAST(sum(retried) AS BIGINT)
		  FROM stat_rollups
		 WHERE scope = $1 AND scope_id = $2 AND subject = $3 AND grain = $4 AND at >= $5 AND at < $6
		 GROUP BY name`,
		int64(r.about.Scope), r.about.ID, int64(subject), grain, p.from, p.to)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var t delivery.Tries
		if err := rows.Scan(&name, &t.Accepted, &t.Failed, &t.Unknown, &t.Retried); err != nil {
			return err
		}
		r.add(subject, name, t)
	}
	return rows.Err()
}

func (r *reading) add(subject delivery.Subject, name string, t delivery.Tries) {
	sum := r.named[subject][name]
	sum.Add(t)
	r.named[subject][name] = sum
}

// note adds what is not folded yet.
func (r *reading) note(f delivery.Fact, n int64) {
	if !r.all() && (f.At < db.At(r.over.From) || f.At >= db.At(r.over.To)) {
		return
	}
	for _, row := range f.Rollups() {
		if row.Scope != r.about.Scope || row.ScopeID != r.about.ID {
			continue
		}
		switch {
		case row.Subject == delivery.ByTime:
			sum := r.quarters[row.At]
			sum.Add(f.Tries(n))
			r.quarters[row.At] = sum
		case row.Daily:
			r.add(row.Subject, row.Name, f.Tries(n))
		}
	}
}
