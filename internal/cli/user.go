package cli

import (
	"context"
	"errors"
	"strconv"
	"time"

	"gonets/internal/account"
	"gonets/internal/fault"
)

// passwordFlags are the ways to give a password; without one of them the
// terminal asks.
type passwordFlags struct {
	Password      string `placeholder:"TEXT" help:"help.password"`
	PasswordStdin bool   `name:"password-stdin" help:"help.password_stdin"`
}

func (f *passwordFlags) get(ctx context.Context, t *terminal) (string, error) {
	if f.Password != "" {
		return f.Password, nil
	}
	return t.password(ctx, f.PasswordStdin)
}

// asked says that the password is the person's answer.
func (f *passwordFlags) asked() bool { return f.Password == "" && !f.PasswordStdin }

type superuserCommand struct {
	Email string `placeholder:"E-MAIL" help:"help.superuser_email"`
	passwordFlags
}

// Run asks for what was not given, and again where the answers won't do.
func (c *superuserCommand) Run(ctx context.Context, s *session) error {
	given := c.Email
	for {
		err := c.create(ctx, s, given)
		e, invalid := errors.AsType[*fault.Error](err)
		if !invalid || e.Kind != fault.Invalid || !s.asks() || given != "" && !c.asked() {
			return err
		}
		s.complain(e)
	}
}

func (c *superuserCommand) create(ctx context.Context, s *session, email string) (err error) {
	if email == "" && !s.asks() {
		return fault.New(fault.Invalid, "cli.email_missing", nil)
	}
	if email == "" {
		if email, err = s.ask(ctx, "cli.email"); err != nil {
			return err
		}
	}
	password, err := c.get(ctx, s.terminal)
	if err != nil {
		return err
	}
	return s.createUser(ctx, account.NewUser{
		Email: email, Password: password, Role: account.RoleAdmin, Locale: s.say.Lang(), Verified: true,
	})
}

type userCommands struct {
	Create  userCreateCommand  `cmd:"" help:"help.user_create"`
	List    userListCommand    `cmd:"" help:"help.user_list"`
	Block   userBlockCommand   `cmd:"" help:"help.user_block"`
	Unblock userUnblockCommand `cmd:"" help:"help.user_unblock"`
	Delete  userDeleteCommand  `cmd:"" help:"help.user_delete"`
}

type userCreateCommand struct {
	Email    string `required:"" placeholder:"E-MAIL" help:"help.user_email"`
	Role     string `default:"user" placeholder:"ROLE" help:"help.user_role"`
	Verified bool   `help:"help.user_verified"`
	Locale   string `placeholder:"LANG" help:"help.user_locale"`
	TimeZone string `name:"time-zone" placeholder:"ZONE" help:"help.user_time_zone"`
	passwordFlags
}

func (c *userCreateCommand) Run(ctx context.Context, s *session) error {
	password, err := c.get(ctx, s.terminal)
	if err != nil {
		return err
	}
	if c.Locale == "" {
		c.Locale = s.say.Lang()
	}
	return s.createUser(ctx, account.NewUser{
		Email: c.Email, Password: password, Role: account.Role(c.Role), Locale: c.Locale, TimeZone: c.TimeZone, Verified: c.Verified,
	})
}

func (s *session) createUser(ctx context.Context, n account.NewUser) error {
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	u, err := a.accounts.Create(ctx, account.CommandLine(), n)
	if err != nil {
		return err
	}
	if !n.Verified {
		return s.answerUser(u, "cli.user_waits")
	}
	return s.answerUser(u, "cli.user_created")
}

// userJSON is a user for machines; names are those of the API.
type userJSON struct {
	ID        string     `json:"id"`
	Email     string     `json:"email"`
	Role      string     `json:"role"`
	Verified  bool       `json:"verified"`
	BlockedAt *time.Time `json:"blocked_at"`
	CreatedAt time.Time  `json:"created_at"`
}

func userAsJSON(u account.User) userJSON {
	return userJSON{
		ID: strconv.FormatInt(u.ID, 10), Email: u.Email, Role: string(u.Role), Verified: !u.VerifiedAt.IsZero(),
		BlockedAt: optional(u.BlockedAt), CreatedAt: u.CreatedAt,
	}
}

// optional is a time for machines: null where there is none.
func optional(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

func (s *session) answerUser(u account.User, key string) error {
	if s.json {
		return s.write(userAsJSON(u))
	}
	s.tell(key, "Email", u.Email, "Role", string(u.Role))
	return nil
}

type userListCommand struct {
	Search string `placeholder:"TEXT" help:"help.user_search"`
	Limit  int    `default:"50" help:"help.limit"`
}

func (c *userListCommand) Run(ctx context.Context, s *session) error {
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	users, err := c.users(ctx, a)
	if err != nil {
		return err
	}
	if s.json {
		list := make([]userJSON, len(users))
		for i, u := range users {
			list[i] = userAsJSON(u)
		}
		return s.write(list)
	}
	rows := [][]string{{s.say.T("cli.column_id"), s.say.T("cli.column_email"), s.say.T("cli.column_role"), s.say.T("cli.column_state"), s.say.T("cli.column_created")}}
	for _, u := range users {
		rows = append(rows, []string{strconv.FormatInt(u.ID, 10), u.Email, string(u.Role), s.userState(u), s.moment(u.CreatedAt)})
	}
	return s.table(rows)
}

// users is as many pages as the limit takes.
func (c *userListCommand) users(ctx context.Context, a *app) ([]account.User, error) {
	var list []account.User
	for after := int64(0); len(list) < c.Limit; {
		page, next, err := a.accounts.List(ctx, account.CommandLine(), account.Filter{Search: c.Search, After: after, Limit: c.Limit - len(list)})
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if next == 0 {
			break
		}
		after = next
	}
	return list, nil
}

func (t *terminal) userState(u account.User) string {
	switch {
	case !u.BlockedAt.IsZero():
		return t.say.T("cli.user_is_blocked")
	case u.VerifiedAt.IsZero():
		return t.say.T("cli.user_is_unverified")
	}
	return t.say.T("cli.user_is_active")
}

type userBlockCommand struct {
	Email  string `arg:"" placeholder:"E-MAIL" help:"help.whom"`
	Reason string `required:"" placeholder:"TEXT" help:"help.block_reason"`
}

func (c *userBlockCommand) Run(ctx context.Context, s *session) error {
	return s.orderUser(ctx, c.Email, "cli.user_blocked", func(a *app, id int64) (account.User, error) {
		return a.accounts.Block(ctx, account.CommandLine(), id, c.Reason)
	})
}

type userUnblockCommand struct {
	Email  string `arg:"" placeholder:"E-MAIL" help:"help.whom"`
	Reason string `placeholder:"TEXT" help:"help.unblock_reason"`
}

func (c *userUnblockCommand) Run(ctx context.Context, s *session) error {
	return s.orderUser(ctx, c.Email, "cli.user_unblocked", func(a *app, id int64) (account.User, error) {
		return a.accounts.Unblock(ctx, account.CommandLine(), id, c.Reason)
	})
}

func (s *session) orderUser(ctx context.Context, email, key string, order func(*app, int64) (account.User, error)) error {
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	u, err := a.user(ctx, email)
	if err != nil {
		return err
	}
	if u, err = order(a, u.ID); err != nil {
		return err
	}
	return s.answerUser(u, key)
}
