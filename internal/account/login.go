package account

import (
	"context"
	"errors"
	"fmt"

	"gonets/internal/db"
	"gonets/internal/fault"
)

// Login is the user with the address and the password; address is the
// client's. Errors: Unauthenticated, the same for an unknown address and a
// wrong password; TooMany; and, told only to who knows the password, Forbidden
// for an unverified or a blocked user.
func (a *Accounts) Login(ctx context.Context, email, password, address string) (User, error) {
	key, valid := emailKey(email)
	if !valid {
		key = db.Fold(email)
	}
	account, client := loginAccount.of(key), loginAddress.from(address)
	if err := a.throttle(ctx, account, client); err != nil {
		return User{}, err
	}
	u, hash, err := userByKey(ctx, a.db.Read(), key)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return User{}, fmt.Errorf("log in: %w", err)
	}
	if err := a.prove(ctx, u.ID, hash, password); err != nil {
		return User{}, err
	}
	if err := a.forgive(ctx, account, client); err != nil {
		return User{}, err
	}
	switch {
	case !u.BlockedAt.IsZero():
		return User{}, fault.New(fault.Forbidden, "account.blocked", fault.Args{"Reason": u.BlockedReason})
	case u.VerifiedAt.IsZero():
		return User{}, fault.New(fault.Forbidden, "account.unverified", nil)
	}
	return u, nil
}

// prove is nil where the password is the hash's, and Unauthenticated
// otherwise. An empty hash takes as long and is nobody's. A hash of another
// cost than today's is renewed, for now we have the password.
func (a *Accounts) prove(ctx context.Context, userID int64, hash, password string) error {
	ok, stale, err := a.hasher.matches(ctx, hash, password)
	if err != nil {
		return fmt.Errorf("compare a password: %w", err)
	}
	if !ok {
		return fault.New(fault.Unauthenticated, "account.wrong_credentials", nil)
	}
	if !stale {
		return nil
	}
	renewed, err := a.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.db.Tx(ctx, func(tx db.Tx) error {
		// Only over the hash that was compared: a new password may have come.
		_, err := tx.Exec(ctx, `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, userID, hash, renewed)
		if err != nil {
			return fmt.Errorf("renew a password's hash: %w", err)
		}
		return nil
	})
}
