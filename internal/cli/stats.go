package cli

import (
	"context"

	"gonets/internal/delivery"
	"gonets/internal/recipient"
)

type statsCommands struct {
	Rebuild statsRebuildCommand `cmd:"" help:"help.stats_rebuild"`
}

type statsRebuildCommand struct{}

func (statsRebuildCommand) Run(ctx context.Context, s *session) error {
	store, err := s.openDB(ctx)
	if err != nil {
		return err
	}
	defer closeDB(store, s.log)
	bar := s.progress(s.say.T("cli.stats_counting"), 0, false)
	ledger := delivery.New(store, policy(s.config), recipient.Addresses)
	attempts, wrong, err := ledger.Recount(ctx, func(done int64) { bar.show(done, 0, "") })
	bar.end()
	switch {
	case err != nil:
		return err
	case s.json:
		return s.write(map[string]any{"attempts": attempts, "wrong": wrong})
	case wrong == 0:
		s.tell("cli.stats_counted", "Count", attempts)
	default:
		s.tell("cli.stats_mended", "Count", wrong, "Attempts", s.say.Number(attempts))
	}
	return nil
}
