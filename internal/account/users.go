package account

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/i18n"
)

// NewUser is a user whom an administrator makes.
type NewUser struct {
	Email    string
	Password string
	Role     Role // empty: RoleUser
	Locale   string
	TimeZone string
	Verified bool // the address needs no confirmation; otherwise a link is sent
}

// Create makes a user. A role is the groups that give it. Errors: Invalid
// (email, also where it is taken, password, role).
func (a *Accounts) Create(ctx context.Context, actor Actor, n NewUser) (u User, err error) {
	if err := Check(actor, UserCreate, Object{Kind: "user"}); err != nil {
		return User{}, err
	}
	if n.Role == "" {
		n.Role = RoleUser
	}
	if n.Role != RoleUser {
		if err := Check(actor, UserGroup, Object{Kind: "user"}); err != nil {
			return User{}, err
		}
	}
	var fields fault.Fields
	address := checkEmail(&fields, n.Email)
	checkPassword(&fields, "password", n.Password, address.String())
	if !n.Role.Valid() {
		fields.Add("role", "error.choice", nil)
	}
	zone := checkTimeZone(&fields, "time_zone", n.TimeZone)
	if err := fields.Err(); err != nil {
		return User{}, err
	}
	hash, err := a.hasher.hash(ctx, n.Password)
	if err != nil {
		return User{}, err
	}
	checked := newcomer{address: address, hash: hash, locale: i18n.Match("", n.Locale), timeZone: zone}
	token := newSecret()
	err = a.db.Tx(ctx, func(tx db.Tx) error {
		u, err = a.createTx(ctx, tx, actor, checked, n.Role.groups(), n.Verified)
		if err != nil || n.Verified {
			return err
		}
		return a.sendVerifyTx(ctx, tx, u, token, hash)
	})
	if err != nil {
		return User{}, fmt.Errorf("create user: %w", err)
	}
	return u, nil
}

// createTx makes a user who is in these groups.
func (a *Accounts) createTx(ctx context.Context, tx db.Tx, actor Actor, n newcomer, groups []string, verified bool) (User, error) {
	id, err := insertUserTx(ctx, tx, n, verified)
	if errors.Is(err, db.ErrNoRows) {
		return User{}, fault.Fields{{Name: "email", Key: "account.email_taken", Args: fault.Args{"Email": n.address.String()}}}.Err()
	}
	if err != nil {
		return User{}, err
	}
	for _, name := range groups {
		if err := joinTx(ctx, tx, actor, name, id); err != nil {
			return User{}, err
		}
	}
	if err := audit.RecordTx(ctx, tx, actor.Entry(UserCreate, "user", id, strings.Join(groups, " ")).Named(n.address.String())); err != nil {
		return User{}, err
	}
	return userByID(ctx, tx, id)
}

// Get is one user.
func (a *Accounts) Get(ctx context.Context, actor Actor, id int64) (User, error) {
	if err := Check(actor, UserView, Object{Kind: "user", Owner: id}); err != nil {
		return User{}, err
	}
	u, err := userByID(ctx, a.db.Read(), id)
	if err != nil {
		return User{}, fmt.Errorf("get user: %w", missing(err))
	}
	return u, nil
}

// ByEmail is the user with the address.
func (a *Accounts) ByEmail(ctx context.Context, actor Actor, email string) (User, error) {
	key, valid := emailKey(email)
	if !valid {
		return User{}, fault.Missing()
	}
	u, _, err := userByKey(ctx, a.db.Read(), key)
	if err != nil {
		return User{}, fmt.Errorf("get user by address: %w", missing(err))
	}
	if !Can(actor, UserView, Object{Kind: "user", Owner: u.ID}) {
		return User{}, fault.Missing()
	}
	return u, nil
}

// Limits of a page.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// Filter chooses users; a zero field chooses all.
type Filter struct {
	Search string // part of the address
	State  State
	Group  string // members of this group
	After  int64  // the last id of the page before
	Limit  int    // 0: 50; at most 500
}

// List is a page of users, newest first, and the After of the next page (0
// where there is none).
func (a *Accounts) List(ctx context.Context, actor Actor, f Filter) (users []User, next int64, err error) {
	if err := Check(actor, UserView, Object{Kind: "user"}); err != nil {
		return nil, 0, err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	before := f.After
	if before == 0 {
		before = math.MaxInt64
	}
	// The key has the domain in punycode, the address as people write it.
	rows, err := a.db.Read().Query(ctx, `SELECT`+userColumns+` FROM users
		WHERE id < $1 AND deleted_at = 0 AND (email_key LIKE $2 ESCAPE '\' OR email LIKE $2 ESCAPE '\')`+f.State.condition()+`
			AND ($4 = '' OR id IN (SELECT m.user_id FROM group_members m JOIN groups g ON g.id = m.group_id WHERE g.name = $4))
		ORDER BY id DESC LIMIT $3`, before, db.Contains(f.Search), limit+1, f.Group)
	if err != nil {
		return nil, 0, fmt.Errorf("list users: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, 0, fmt.Errorf("list users: %w", err)
		}
		users = append(users, u)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("list users: %w", err)
	}
	if len(users) > limit {
		users = users[:limit]
		next = users[limit-1].ID
	}
	return users, next, nil
}

// condition chooses the users of a state; any other word chooses all.
func (s State) condition() string {
	switch s {
	case Active:
		return ` AND blocked_at = 0 AND verified_at > 0`
	case Unverified:
		return ` AND blocked_at = 0 AND verified_at = 0`
	case Blocked:
		return ` AND blocked_at > 0`
	default:
		return ""
	}
}

// Emails are the addresses of users, by their ids.
func (a *Accounts) Emails(ctx context.Context, actor Actor, ids []int64) (map[int64]string, error) {
	if err := Check(actor, UserView, Object{Kind: "user"}); err != nil {
		return nil, err
	}
	rows, err := a.db.Read().Query(ctx, `SELECT id, email FROM users WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("read the addresses of users: %w", err)
	}
	defer rows.Close()
	emails := make(map[int64]string, len(ids))
	for rows.Next() {
		var id int64
		var email string
		if err := rows.Scan(&id, &email); err != nil {
			return nil, fmt.Errorf("read the addresses of users: %w", err)
		}
		emails[id] = email
	}
	return emails, rows.Err()
}

// UpdateProfile sets the actor's language and time zone. Errors: Invalid
// (locale, time_zone).
func (a *Accounts) UpdateProfile(ctx context.Context, actor Actor, locale, timeZone string) (u User, err error) {
	var fields fault.Fields
	if !i18n.Known(locale) {
		fields.Add("locale", "error.language", nil)
	}
	zone := checkTimeZone(&fields, "time_zone", timeZone)
	if err := fields.Err(); err != nil {
		return User{}, err
	}
	err = a.db.Tx(ctx, func(tx db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE users SET locale = $2, time_zone = $3 WHERE id = $1`, actor.ID, locale, zone); err != nil {
			return err
		}
		u, err = userByID(ctx, tx, actor.ID)
		return missing(err)
	})
	if err != nil {
		return User{}, fmt.Errorf("update profile: %w", err)
	}
	return u, nil
}
