package queue

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// The drivers are River's own but for what their listeners say once they are
// to stop.
type (
	pgDriver   struct{ *riverpgxv5.Driver }
	liteDriver struct{ *riversqlite.Driver }
)

var (
	_ riverdriver.Driver[pgx.Tx]  = pgDriver{}
	_ riverdriver.Driver[*sql.Tx] = liteDriver{}
)

func (d pgDriver) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return listener{d.Driver.GetListener(p)}
}

func (d liteDriver) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return listener{d.Driver.GetListener(p)}
}

// listener fails as its context does, once that has ended. River's notifier
// takes no other error for the end: it would try again, and a wait between two
// tries is none when the context has ended. With a database that is away it
// would run in circles for as long as the process lives.
type listener struct{ riverdriver.Listener }

func (l listener) Connect(ctx context.Context) error {
	return until(ctx, l.Listener.Connect(ctx))
}

func (l listener) Listen(ctx context.Context, topic string) error {
	return until(ctx, l.Listener.Listen(ctx, topic))
}

func (l listener) Ping(ctx context.Context) error {
	return until(ctx, l.Listener.Ping(ctx))
}

func (l listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	n, err := l.Listener.WaitForNotification(ctx)
	return n, until(ctx, err)
}

// until prefers the end of the context to the error that came with it.
func until(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
