package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// Actor is who acts. It is passed down as an argument, never hidden in a
// context. The zero value is nobody.
type Actor struct {
	ID          int64
	Email       string
	Role        Role        // to be shown; decides nothing
	Permissions Permissions // what they may do to what is not their own
	Locale      string
	TimeZone    string
	Address     string // the client's network address, for the audit and the limits
	System      bool   // the command line: may do everything
}

// CommandLine is the actor of commands: whoever can read the secret and write
// the database needs no other permission.
func CommandLine() Actor { return Actor{System: true} }

// Entry is the audit's record of an act of this actor.
func (a Actor) Entry(action Action, kind string, id int64, reason string) audit.Entry {
	return audit.Entry{
		ActorID:    a.ID,
		ActorEmail: a.Email,
		Action:     string(action),
		ObjectKind: kind,
		ObjectID:   id,
		Reason:     reason,
		Address:    a.Address,
	}
}

// ActorFor is the actor of a session: Unauthenticated where the user is gone,
// unverified or blocked, or the session is of an epoch that has ended.
func (a *Accounts) ActorFor(ctx context.Context, userID, sessionEpoch int64) (Actor, error) {
	u, err := userByID(ctx, a.db.Read(), userID)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return Actor{}, fmt.Errorf("find the session's user: %w", err)
	}
	if err != nil {
		return Actor{}, unauthenticated()
	}
	return u.ActorIn(sessionEpoch)
}

// ActorIn is ActorFor for a user who was just read.
func (u User) ActorIn(sessionEpoch int64) (Actor, error) {
	if u.SessionEpoch != sessionEpoch || !u.active() {
		return Actor{}, unauthenticated()
	}
	return u.Actor(), nil
}

// ActorByToken is the actor of an API token, as CreateToken returned it:
// Unauthenticated where there is no such token, or its user is unverified or
// blocked.
func (a *Accounts) ActorByToken(ctx context.Context, bearer string) (Actor, error) {
	if !strings.HasPrefix(bearer, tokenPrefix) {
		return Actor{}, unauthenticated()
	}
	u, err := scanUser(a.db.Read().QueryRow(ctx, `SELECT`+userColumns+`
		FROM users WHERE id = (
			SELECT user_id FROM tokens WHERE hash = $1 AND kind = 'api' AND (expires_at = 0 OR expires_at > $2))`,
		hashed(bearer), db.At(a.db.Now())))
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return Actor{}, fmt.Errorf("find the token's user: %w", err)
	}
	if err != nil || !u.active() {
		return Actor{}, unauthenticated()
	}
	return u.Actor(), nil
}

// active says that the user may act at all.
func (u User) active() bool { return !u.VerifiedAt.IsZero() && u.BlockedAt.IsZero() }

func unauthenticated() error { return fault.New(fault.Unauthenticated, "error.unauthenticated", nil) }
