// Package account knows who people are and what they may do.
//
// # From stranger to user
//
// Somebody registers with an address and a password and is nobody until the
// link in a letter to that address was opened. The answer to a registration, a
// repeated letter or a forgotten password is the same for a known and an
// unknown address, and takes about the same time: what differs is the letter.
// Who registers an address that waits for its confirmation already, brings a
// password of their own, and each link confirms the registration it was sent
// for. A link that is asked for anew belongs to no registration: whoever opens
// it chooses the password. So nobody's comes alive by a click on a letter that
// somebody else asked for.
//
// # Secrets
//
// Passwords are kept as argon2id hashes, made behind a semaphore that bounds
// the memory they take. Tokens (of links, sessions and the API) are 32 random
// bytes; the database holds their SHA-256 alone. Every attempt to guess is
// counted per account and per network address in the database, so the limits
// hold over all nodes.
//
// # Sessions
//
// A session carries the user's id and session epoch; ActorFor compares the
// epoch with the user's. A new password, a block or other permissions raise it,
// which ends every session at once, on every node.
//
// # Permission
//
// Can is the one policy: who (Actor) may do what (Action) to whose (Object).
// Every front door passes an Actor down, and every method asks. People may do
// as they like with what is their own; what else they may, the groups they are
// in say, by permissions that are called like the actions.
package account

import (
	"context"
	"slices"
	"strings"
	"time"

	"gonets/internal/db"
	"gonets/internal/letter"
)

// User is somebody with an account.
type User struct {
	ID            int64
	Email         string
	Role          Role        // as the groups give it
	Groups        []string    // names, sorted
	Permissions   Permissions // of the groups together
	Locale        string      // BCP 47: "en", "ru"
	TimeZone      string      // IANA
	VerifiedAt    time.Time
	BlockedAt     time.Time
	BlockedReason string
	CreatedAt     time.Time
	SessionEpoch  int64 // a session of another epoch is over
}

// Object is the user as one to whom something is done.
func (u User) Object() Object { return Object{Kind: "user", Owner: u.ID, Permissions: u.Permissions} }

// State is where a user stands.
type State string

// The states.
const (
	Active     State = "active"
	Unverified State = "unverified" // the address is not confirmed yet
	Blocked    State = "blocked"    // by a moderator, confirmed or not
)

// State is where the user stands.
func (u User) State() State {
	switch {
	case !u.BlockedAt.IsZero():
		return Blocked
	case u.VerifiedAt.IsZero():
		return Unverified
	default:
		return Active
	}
}

// Actor is the user as one who acts. Its Address is left for the front door
// to set.
func (u User) Actor() Actor {
	return Actor{ID: u.ID, Email: u.Email, Role: u.Role, Permissions: u.Permissions, Locale: u.Locale, TimeZone: u.TimeZone}
}

// Options are what Accounts needs to know. The zero value is ready.
type Options struct {
	// Registration says whether strangers may register; nil: they may not.
	Registration func(ctx context.Context) (open bool, err error)

	Argon   Argon // cost of a password's hash; zero: DefaultArgon
	Hashers int   // passwords hashed at the same time; 0: 4

	// OnBlock and OnUnblock run in the transaction that blocks or unblocks a
	// user, for what stands above accounts: the user's mailings pause.
	OnBlock, OnUnblock func(ctx context.Context, tx db.Tx, userID int64) error

	// OnDelete runs in the transaction that deletes a user: what they had goes.
	OnDelete func(ctx context.Context, tx db.Tx, userID int64) error
}

// Accounts are the users, their sessions and their tokens. It is safe for
// concurrent use.
type Accounts struct {
	db      *db.DB
	letters *letter.Post
	hasher  *hasher
	o       Options

	sessions *Sessions
}

// New are the accounts in a database; letters carries links and notices. Nil
// will do for who makes no unverified user and needs no notices.
func New(d *db.DB, letters *letter.Post, o Options) *Accounts {
	if o.Argon == (Argon{}) {
		o.Argon = DefaultArgon
	}
	if o.Hashers <= 0 {
		o.Hashers = 4
	}
	if o.Registration == nil {
		o.Registration = func(context.Context) (bool, error) { return false, nil }
	}
	nothing := func(context.Context, db.Tx, int64) error { return nil }
	if o.OnBlock == nil {
		o.OnBlock = nothing
	}
	if o.OnDelete == nil {
		o.OnDelete = nothing
	}
	if o.OnUnblock == nil {
		o.OnUnblock = nothing
	}
	return &Accounts{db: d, letters: letters, hasher: newHasher(o.Argon, o.Hashers), o: o, sessions: newSessions(d)}
}

const userColumns = `
	id,
	email,
	coalesce((
		SELECT string_agg(g.name, ' ')
		  FROM group_members m JOIN groups g ON g.id = m.group_id
		 WHERE m.user_id = users.id), ''),
	coalesce((
		SELECT string_agg(p.permission, ' ')
		  FROM group_members m JOIN group_permissions p ON p.group_id = m.group_id
		 WHERE m.user_id = users.id), ''),
	locale,
	time_zone,
	verified_at,
	blocked_at,
	blocked_reason,
	created_at,
	session_epoch`

// scanUser reads userColumns, and behind them whatever more names.
func scanUser(row db.Row, more ...any) (User, error) {
	var u User
	var groups, permissions string
	var verified, blocked, created db.Time
	err := row.Scan(append([]any{
		&u.ID,
		&u.Email,
		&groups,
		&permissions,
		&u.Locale,
		&u.TimeZone,
		&verified,
		&blocked,
		&u.BlockedReason,
		&created,
		&u.SessionEpoch,
	}, more...)...)
	u.Groups = strings.Fields(groups)
	slices.Sort(u.Groups)
	u.Role, u.Permissions = roleOf(u.Groups), readPermissions(permissions)
	u.VerifiedAt, u.BlockedAt, u.CreatedAt = verified.Time(), blocked.Time(), created.Time()
	return u, err
}

// userByID is db.ErrNoRows where there is none.
func userByID(ctx context.Context, q db.Q, id int64) (User, error) {
	return scanUser(q.QueryRow(ctx, `SELECT`+userColumns+` FROM users WHERE id = $1 AND deleted_at = 0`, id))
}

// userByKey is the user with the folded address, and the password's hash;
// db.ErrNoRows where there is none.
func userByKey(ctx context.Context, q db.Q, key string) (u User, hash string, err error) {
	u, err = scanUser(q.QueryRow(ctx, `SELECT`+userColumns+`, password_hash FROM users WHERE email_key = $1`, key), &hash)
	return u, hash, err
}
