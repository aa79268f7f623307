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
// PostgreSQL. release gives it back early.
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
	hash := fnv.New64a()
	hash.Write([]byte("gonets " + name))
	key := int64(hash.Sum64()) // any 64 bits do
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
