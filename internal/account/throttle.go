package account

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"gonets/internal/db"
	"gonets/internal/fault"
)

// limit is how often something may be tried within a window that begins with
// the first try.
type limit struct {
	name   string
	tries  int64
	window time.Duration
}

// The limits. Those of an account stop whoever guesses one password or floods
// one mailbox; those of an address stop whoever goes through many accounts,
// and leave room for an office behind one address.
var (
	loginAccount    = limit{"login/account", 10, 15 * time.Minute}
	loginAddress    = limit{"login/address", 100, 15 * time.Minute}
	registerAccount = limit{"register/account", 5, time.Hour}
	registerAddress = limit{"register/address", 60, time.Hour}
	resendAccount   = limit{"resend/account", 3, time.Hour}
	resendAddress   = limit{"resend/address", 30, time.Hour}
	resetAccount    = limit{"reset/account", 3, time.Hour}
	resetAddress    = limit{"reset/address", 30, time.Hour}
)

// What a user may do only so often, since each costs far more than a page.
var (
	imports = limit{"import/user", 120, time.Hour}
	tests   = limit{"test/user", 60, time.Hour}
	servers = limit{"server/user", 60, time.Hour}
)

// Throttle counts tries in the database, so that the limits hold over all
// nodes and outlast a restart. Its refusals are TooMany, with how long to wait
// (Seconds, and Count in minutes).
type Throttle struct{ db *db.DB }

// NewThrottle counts in a database.
func NewThrottle(d *db.DB) *Throttle { return &Throttle{d} }

// Import counts an import of the actor's, before its file is read.
func (t *Throttle) Import(ctx context.Context, actor Actor) error {
	return t.allow(ctx, actor, imports)
}

// Test counts a message that the actor sends to their own address.
func (t *Throttle) Test(ctx context.Context, actor Actor) error { return t.allow(ctx, actor, tests) }

// Server counts a connection to a mail server that the actor asks for, be it to
// look or to send a letter: whoever may name any host and port must not go
// through a network with it.
func (t *Throttle) Server(ctx context.Context, actor Actor) error {
	return t.allow(ctx, actor, servers)
}

// allow leaves the command line alone: nobody floods themselves.
func (t *Throttle) allow(ctx context.Context, actor Actor, l limit) error {
	if actor.System {
		return nil
	}
	return t.count(ctx, l.of(strconv.FormatInt(actor.ID, 10)))
}

// try is one try at something limited, by somebody.
type try struct {
	limit
	who string
}

func (l limit) of(who string) try { return try{l, who} }

// from is a try from a client's network address.
func (l limit) from(address string) try { return try{l, network(address)} }

// row is the name of the try's row. Who is hashed: a row tells neither which
// address was typed nor what somebody typed into the wrong field.
func (t try) row() string { return t.name + "/" + hashed(t.who) }

// throttle counts what is tried at the way in.
func (a *Accounts) throttle(ctx context.Context, tries ...try) error {
	return NewThrottle(a.db).count(ctx, tries...)
}

// count counts the tries and says TooMany where one of them is over its limit.
// What is counted stays counted, also for a refused try. Callers name the
// account's try first and the address's second, always, so that two
// transactions can't wait for each other.
func (t *Throttle) count(ctx context.Context, tries ...try) error {
	var wait time.Duration
	err := t.db.Tx(ctx, func(tx db.Tx) error {
		wait = 0
		for _, one := range tries {
			left, err := countTx(ctx, tx, one)
			if err != nil {
				return err
			}
			wait = max(wait, left)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count the tries: %w", err)
	}
	if wait > 0 {
		seconds := int64((wait + time.Second - 1) / time.Second)
		return fault.New(fault.TooMany, "account.throttled", fault.Args{"Seconds": seconds, "Count": (seconds + 59) / 60})
	}
	return nil
}

// countTx counts a try; wait is how long it is until the next one is allowed,
// 0 where this one is.
func countTx(ctx context.Context, tx db.Tx, t try) (wait time.Duration, err error) {
	now := tx.Now()
	var count int64
	var reset db.Time
	err = tx.QueryRow(ctx, `INSERT INTO throttles (name, count, reset_at) VALUES ($1, 1, $2)
		ON CONFLICT (name) DO UPDATE SET
			count    = CASE WHEN throttles.reset_at <= $3 THEN 1 ELSE throttles.count + 1 END,
			reset_at = CASE WHEN throttles.reset_at <= $3 THEN excluded.reset_at ELSE throttles.reset_at END
		RETURNING count, reset_at`,
		t.row(), db.At(now.Add(t.window)), db.At(now)).Scan(&count, &reset)
	if err != nil {
		return 0, err
	}
	if count <= t.tries {
		return 0, nil
	}
	return max(reset.Time().Sub(now), time.Second), nil
}

// forgive takes back a try that was none: the password was right. The account
// starts anew; the address gets its one try back, so that a right password of
// one's own is no licence to guess others'.
func (a *Accounts) forgive(ctx context.Context, account, address try) error {
	err := a.db.Tx(ctx, func(tx db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM throttles WHERE name = $1`, account.row()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE throttles SET count = count - 1 WHERE name = $1 AND count > 0`, address.row())
		return err
	})
	if err != nil {
		return fmt.Errorf("forgive the tries: %w", err)
	}
	return nil
}

// network is what counts as one client: an IPv4 address, or the /64 that an
// IPv6 client usually has to itself.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}
