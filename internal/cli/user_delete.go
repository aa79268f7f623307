package cli

import (
	"context"
	"strings"

	"gonets/internal/account"
	"gonets/internal/fault"
)

type userDeleteCommand struct {
	Email  string `arg:"" placeholder:"E-MAIL" help:"help.whom"`
	Reason string `placeholder:"TEXT" help:"help.block_reason"`
	Yes    bool   `help:"help.delete_yes"`
}

func (c *userDeleteCommand) Run(ctx context.Context, s *session) error {
	return s.orderUser(ctx, c.Email, "cli.user_deleted", func(a *app, id int64) (account.User, error) {
		if err := c.confirm(ctx, s, a, id); err != nil {
			return account.User{}, err
		}
		return a.accounts.Delete(ctx, account.CommandLine(), id, c.Reason)
	})
}

// confirm says what goes, and waits for a yes.
func (c *userDeleteCommand) confirm(ctx context.Context, s *session, a *app, id int64) error {
	if c.Yes {
		return nil
	}
	if s.asks() {
		has, err := a.mailings.Holdings(ctx, account.CommandLine(), id)
		if err != nil {
			return err
		}
		answer, err := s.ask(ctx, "cli.user_delete_ask", "Email", c.Email,
			"Mailings", s.say.T("moderation.has_mailings", "Count", has.Mailings),
			"Messages", s.say.T("moderation.has_messages", "Count", has.Messages),
			"Recipients", s.say.T("moderation.has_recipients", "Count", has.Recipients))
		if err != nil {
			return err
		}
		if strings.EqualFold(answer, s.say.T("cli.yes")) || strings.EqualFold(answer, "yes") {
			return nil
		}
	}
	return fault.New(fault.Invalid, "cli.not_confirmed", nil)
}
