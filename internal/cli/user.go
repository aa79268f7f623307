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
	Password      string `placeholder:"TEXT" help:"The password; other users of this machine may see it in the list of processes."`
	PasswordStdin bool   `name:"password-stdin" help:"Read the password from the first line of the standard input."`
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
	Email string `placeholder:"E-MAIL" help:"The address to log in with. A terminal asks for what is not given."`
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
	Create  userCreateCommand  `cmd:"" help:"Make a user."`
	List    userListCommand    `cmd:"" help:"List users, newest first."`
	Block   userBlockCommand   `cmd:"" help:"Keep a user out and pause their mailings."`
	Unblock userUnblockCommand `cmd:"" help:"Let a user in again."`
}

type userCreateCommand struct {
	Email    string `required:"" placeholder:"E-MAIL" help:"The address to log in with."`
	Role     string `default:"user" placeholder:"ROLE" help:"user, moderator or admin."`
	Verified bool   `help:"The address needs no confirmation; otherwise a letter with a link is sent."`
	Locale   string `placeholder:"LANG" help:"en or ru. Default: the language of this terminal."`
	TimeZone string `name:"time-zone" placeholder:"ZONE" help:"Such as Europe/Moscow. Default: UTC."`
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
	Search string `placeholder:"TEXT" help:"Only those whose address contains it."`
	Limit  int    `default:"50" help:"At most so many."`
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
	Email  string `arg:"" placeholder:"E-MAIL" help:"Whom."`
	Reason string `required:"" placeholder:"TEXT" help:"Why; the user is told."`
}

func (c *userBlockCommand) Run(ctx context.Context, s *session) error {
	return s.orderUser(ctx, c.Email, "cli.user_blocked", func(a *app, id int64) (account.User, error) {
		return a.accounts.Block(ctx, account.CommandLine(), id, c.Reason)
	})
}

type userUnblockCommand struct {
	Email  string `arg:"" placeholder:"E-MAIL" help:"Whom."`
	Reason string `placeholder:"TEXT" help:"Why, for the record."`
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
