package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"

	"gonets/internal/db"
)

// Sessions keeps what web sessions hold, under the hash of the cookie's token:
// who reads the database can't take a session over.
//
// Found ones are remembered with their users, as of the versions that every
// write raises to what is remembered here (see docs/caching.md), in its own
// transaction: so a session that has ended anywhere has ended everywhere, and
// finding one again takes the reading of two numbers, which requests that come
// at once share.
type Sessions struct {
	db       *db.DB
	known    *otter.Cache[string, *Found] // by hash; of users alone
	versions *db.Shared[int64, Versions]  // by user
}

// sessionsKnown is how many sessions a process remembers.
const sessionsKnown = 10_000

func newSessions(d *db.DB) *Sessions {
	s := &Sessions{db: d, known: otter.Must(&otter.Options[string, *Found]{MaximumSize: sessionsKnown})}
	s.versions = db.NewShared(d, s.readVersions)
	return s
}

// Sessions are those of the accounts' users, and of visitors without account.
func (a *Accounts) Sessions() *Sessions { return a.sessions }

// Session is one visitor's.
type Session struct {
	UserID int64  // 0: nobody is logged in
	Data   []byte // what it holds, as whoever manages sessions wrote it
	Expiry time.Time
}

// Versions rise with every write to what pages show: Common with what
// everybody sees, Own with what is one user's.
type Versions struct{ Common, Own int64 }

// Found is a session with its user: the zero User where nobody is logged in,
// or the user is gone. Whether the user may act at all, ActorIn says.
type Found struct {
	Session

	User     User
	Versions Versions // of the same moment; of a user alone
}

// Find is a session; nil where there is none, or it has expired.
func (s *Sessions) Find(ctx context.Context, token string) (*Found, error) {
	ctx, hash := s.db.Brief(ctx), hashed(token)
	if known, ok := s.known.GetIfPresent(hash); ok && known.Expiry.After(s.db.Now()) {
		now, err := s.versions.Get(ctx, known.UserID)
		if err != nil {
			return nil, fmt.Errorf("find session: %w", err)
		}
		if now == known.Versions {
			return known, nil
		}
	}
	found, err := s.read(ctx, hash)
	if errors.Is(err, db.ErrNoRows) {
		s.known.Invalidate(hash)
		return nil, nil //nolint:nilnil // none is an answer, too
	}
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	if found.User.ID != 0 {
		s.known.Set(hash, found)
	}
	return found, nil
}

// readVersions reads the versions of users, of one moment.
func (s *Sessions) readVersions(ctx context.Context, users []int64) (map[int64]Versions, error) {
	if len(users) == 1 { // SQLite takes a list, even of one, twice as long
		var now Versions
		err := s.db.Read().QueryRow(ctx, `
			SELECT coalesce((SELECT version FROM versions WHERE user_id = 0), 0),
			       coalesce((SELECT version FROM versions WHERE user_id = $1), 0)`, users[0]).
			Scan(&now.Common, &now.Own)
		return map[int64]Versions{users[0]: now}, err
	}
	rows, err := s.db.Read().Query(ctx, `SELECT user_id, version FROM versions WHERE user_id = ANY($1)`, append(users, 0))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[int64]int64{}
	for rows.Next() {
		var user, version int64
		if err := rows.Scan(&user, &version); err != nil {
			return nil, err
		}
		found[user] = version
	}
	versions := make(map[int64]Versions, len(users))
	for _, user := range users {
		versions[user] = Versions{Common: found[0], Own: found[user]}
	}
	return versions, rows.Err()
}

// read reads a session, its user and their versions in one statement, so that
// they are of one moment.
func (s *Sessions) read(ctx context.Context, hash string) (*Found, error) {
	var f Found
	var expiry db.Time
	var err error
	now := db.At(s.db.Now())
	f.User, err = scanUser(s.db.Read().QueryRow(ctx, `SELECT`+userColumns+`, user_id, data, expires_at,
			coalesce((SELECT version FROM versions WHERE user_id = 0), 0),
			coalesce((SELECT version FROM versions WHERE user_id = users.id), 0)
		FROM sessions JOIN users ON users.id = sessions.user_id
		WHERE hash = $1 AND expires_at > $2`, hash, now), &f.UserID, &f.Data, &expiry, &f.Versions.Common, &f.Versions.Own)
	if errors.Is(err, db.ErrNoRows) {
		f.User = User{}
		err = s.db.Read().QueryRow(ctx, `SELECT user_id, data, expires_at FROM sessions WHERE hash = $1 AND expires_at > $2`,
			hash, now).Scan(&f.UserID, &f.Data, &expiry)
	}
	f.Expiry = expiry.Time()
	return &f, err
}

// Keep writes a session, in the place of what it was.
func (s *Sessions) Keep(ctx context.Context, token string, session Session) error {
	err := s.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO sessions (hash, user_id, data, expires_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (hash) DO UPDATE SET user_id = excluded.user_id, data = excluded.data, expires_at = excluded.expires_at`,
			hashed(token), session.UserID, session.Data, db.At(session.Expiry))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

// End ends a session; one that is not there has ended.
func (s *Sessions) End(ctx context.Context, token string) error {
	err := s.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE hash = $1`, hashed(token))
		return err
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

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
