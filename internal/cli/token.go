package cli

import (
	"context"

	"gonets/internal/account"
	"gonets/internal/fault"
)

type tokenCommands struct {
	Create tokenCreateCommand `cmd:"" help:"help.token_create"`
}

type tokenCreateCommand struct {
	User string `required:"" placeholder:"E-MAIL" help:"help.token_user"`
	Name string `placeholder:"TEXT" help:"help.token_name"`
}

func (c *tokenCreateCommand) Run(ctx context.Context, s *session) error {
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	u, err := a.user(ctx, c.User)
	if err != nil {
		return err
	}
	token, err := a.accounts.CreateToken(ctx, account.CommandLine(), u.ID, c.Name)
	if err != nil {
		return err
	}
	if s.json {
		return s.write(map[string]string{"token": token})
	}
	s.println(token)
	return nil
}

// user is the user of an address, or an error that names it.
func (a *app) user(ctx context.Context, email string) (account.User, error) {
	u, err := a.accounts.ByEmail(ctx, account.CommandLine(), email)
	if fault.Is(err, fault.NotFound) {
		return account.User{}, fault.Because(err, fault.NotFound, "cli.no_user", fault.Args{"Email": email})
	}
	return u, err
}

// owner is the command line acting on what a user owns.
func owner(u account.User) account.Actor {
	actor := u.Actor()
	actor.System = true
	return actor
}
