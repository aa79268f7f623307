package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"gonets/internal/db"
)

// Sessions keeps what web sessions hold, under the hash of the cookie's token:
// who reads the database can't take a session over.
type Sessions struct{ db *db.DB }

var _ scs.CtxStore = (*Sessions)(nil)

// Sessions is the store for a session manager.
func (a *Accounts) Sessions() *Sessions { return &Sessions{a.db} }

// FindCtx is the data of a session; found is false where there is none or it
// has expired.
func (s *Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = s.db.Read().QueryRow(ctx, `SELECT data FROM sessions WHERE hash = $1 AND expires_at > $2`,
		hashed(token), db.At(s.db.Now())).Scan(&data)
	if errors.Is(err, db.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find session: %w", err)
	}
	return data, true, nil
}

// CommitCtx keeps the data of a session until expiry.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	err := s.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO sessions (hash, data, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (hash) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`,
			hashed(token), data, db.At(expiry))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

// DeleteCtx ends a session; one that is not there has ended.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	err := s.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE hash = $1`, hashed(token))
		return err
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// Find is FindCtx for callers without a context, which scs.Store demands and
// its manager never calls.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s *Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context.
func (s *Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// Sweep deletes expired sessions, links and counts of tries, in chunks that
// leave the database to others in between; call it every few minutes.
func (a *Accounts) Sweep(ctx context.Context) error {
	for _, chunk := range []string{
		`DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE expires_at <= $1 LIMIT 500)`,
		`DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE expires_at > 0 AND expires_at <= $1 LIMIT 500)`,
		`DELETE FROM throttles WHERE name IN (SELECT name FROM throttles WHERE reset_at <= $1 LIMIT 500)`,
	} {
		if err := a.sweep(ctx, chunk); err != nil {
			return fmt.Errorf("sweep what has expired: %w", err)
		}
	}
	return nil
}

func (a *Accounts) sweep(ctx context.Context, chunk string) error {
	for {
		var n int64
		err := a.db.Tx(ctx, func(tx db.Tx) (err error) {
			n, err = tx.Exec(ctx, chunk, db.At(tx.Now()))
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
