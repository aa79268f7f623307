package db

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Hold takes the lock of a name for as long as this process lives, or says
// that somebody else has it. It dies with the process, however that ends: a
// file lock in the database's folder on SQLite, a session's advisory lock on
// PostgreSQL, which also ends where that session does: with a restart of the
// server. release gives it back early.
func (d *DB) Hold(ctx context.Context, name string) (release func(), held bool, err error) {
	release, err = d.lock(ctx, name, false)
	if err != nil {
		return nil, false, fmt.Errorf("hold %q: %w", name, err)
	}
	return release, release != nil, nil
}

// lock takes the lock, waiting for it or not; a nil release says that it is
// taken.
func (d *DB) lock(ctx context.Context, name string, wait bool) (release func(), err error) {
	if d.dialect == SQLite {
		return d.lockFile(ctx, name, wait)
	}
	return d.lockAdvisory(ctx, name, wait)
}

func (d *DB) lockFile(ctx context.Context, name string, wait bool) (func(), error) {
	file, err := os.OpenFile(filepath.Join(d.dir, "."+filepath.Base(d.path)+"."+url.PathEscape(name)+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if err != syscall.EWOULDBLOCK || !wait {
			file.Close()
			if err == syscall.EWOULDBLOCK {
				return nil, nil
			}
			return nil, err
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond): // flock itself can't be interrupted
		}
	}
}

// unlockTime is how long a server that has fallen silent is waited for: a
// process that ends has little time.
const unlockTime = time.Second

func (d *DB) lockAdvisory(ctx context.Context, name string, wait bool) (func(), error) {
	conn, err := d.pg.Acquire(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	key := advisoryKey(name)
	if wait {
		_, err = conn.Exec(ctx, `SELECT set_config('lock_timeout', '120s', false), pg_advisory_lock($1)`, key)
	} else {
		var got bool
		if err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, key).Scan(&got); err == nil && !got {
			conn.Release()
			return nil, nil
		}
	}
	if err != nil {
		conn.Release()
		return nil, err
	}
	// The session goes with its lock and its settings; a pool would reuse it. It
	// unlocks first, since the server may be slow to notice that it is gone.
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTime)
		defer cancel()
		session := conn.Hijack()
		session.Exec(ctx, `SELECT pg_advisory_unlock($1)`, key) //nolint:errcheck // the lock ends with the session in any case
		session.Close(ctx)
	}, nil
}

// advisoryKey is the key of a name's lock: any 64 bits do.
func advisoryKey(name string) int64 {
	hash := fnv.New64a()
	hash.Write([]byte("gonets " + name))
	return int64(hash.Sum64())
}

// ShareTx takes the lock of a name until the transaction ends. Many may have it
// at once, but none beside one who took it by ExcludeTx. Where it was taken
// before, the transaction's next statement sees what its holder committed. On
// SQLite a transaction has the whole database to itself already.
func ShareTx(ctx context.Context, tx Tx, name string) error {
	return lockTx(ctx, tx, `SELECT pg_advisory_xact_lock_shared($1)`, name)
}

// ExcludeTx takes the lock of a name until the transaction ends, and waits for
// all who share it.
func ExcludeTx(ctx context.Context, tx Tx, name string) error {
	return lockTx(ctx, tx, `SELECT pg_advisory_xact_lock($1)`, name)
}

func lockTx(ctx context.Context, tx Tx, query, name string) error {
	if tx.Dialect() == SQLite {
		return nil
	}
	if _, err := tx.Exec(ctx, query, advisoryKey(name)); err != nil {
		return fmt.Errorf("lock %q: %w", name, err)
	}
	return nil
}
