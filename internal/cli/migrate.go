package cli

import "context"

type migrateCommand struct{}

func (migrateCommand) Run(ctx context.Context, s *session) error {
	store, err := s.openDB(ctx)
	if err != nil {
		return err
	}
	defer closeDB(store, s.log)
	version, err := store.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if s.json {
		return s.write(map[string]any{"database": store.Dialect(), "schema": version})
	}
	s.tell("cli.migrated", "Version", version)
	return nil
}
