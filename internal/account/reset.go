package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/letter"
)

const resetLife = time.Hour // of a link to a new password; the letter says so

// RequestReset sends a link to a new password. It answers the same for every
// address: Invalid (email) and TooMany apart, nil.
func (a *Accounts) RequestReset(ctx context.Context, email, address string) error {
	return a.askForLetter(ctx, email, resetAccount, resetAddress.from(address),
		func(tx db.Tx, u User, token string) error {
			return a.sendResetTx(ctx, tx, u, token, letter.Reset, resetLife)
		})
}

// sendResetTx sends a link to a new password that is good for life.
func (a *Accounts) sendResetTx(ctx context.Context, tx db.Tx, u User, token string, kind letter.Kind, life time.Duration) error {
	now := tx.Now()
	_, err := tx.Exec(ctx, `INSERT INTO tokens (user_id, kind, hash, created_at, expires_at)
		VALUES ($1, 'reset', $2, $3, $4)`, u.ID, hashed(token), db.At(now), db.At(now.Add(life)))
	if err != nil {
		return err
	}
	return a.letters.EnqueueTx(ctx, tx, letter.Letter{Kind: kind, To: u.Email, Locale: u.Locale, Args: map[string]string{"token": token}})
}

// ResetUser is whose password the token may change, so that the form can say
// so; the token stays good. NotFound where it is unknown, used or expired.
func (a *Accounts) ResetUser(ctx context.Context, token string) (User, error) {
	u, err := scanUser(a.db.Read().QueryRow(ctx, `SELECT`+userColumns+`
		FROM users WHERE id = (SELECT user_id FROM tokens WHERE hash = $1 AND kind = 'reset' AND expires_at > $2)`,
		hashed(token), db.At(a.db.Now())))
	if errors.Is(err, db.ErrNoRows) {
		return User{}, linkSpent()
	}
	if err != nil {
		return User{}, fmt.Errorf("find a reset's user: %w", err)
	}
	return u, nil
}

// Reset sets a new password by a token, which works once, and ends every
// session and every API token: who lost the password can't tell which of them
// a thief made. Whoever has the token reads the user's mail, so the address
// counts as confirmed. Errors: NotFound as ResetUser, Invalid (password).
func (a *Accounts) Reset(ctx context.Context, token, password string) (User, error) {
	u, err := a.ResetUser(ctx, token)
	if err != nil {
		return User{}, err
	}
	hash, err := a.newPassword(ctx, "password", password, u.Email)
	if err != nil {
		return User{}, err
	}
	err = a.db.Tx(ctx, func(tx db.Tx) error {
		var id int64
		now := db.At(tx.Now())
		err := tx.QueryRow(ctx, `DELETE FROM tokens WHERE hash = $1 AND kind = 'reset' AND expires_at > $2
			RETURNING user_id`, hashed(token), now).Scan(&id)
		if err != nil {
			return err
		}
		confirmed, err := tx.Exec(ctx, `UPDATE users SET verified_at = $2 WHERE id = $1 AND verified_at = 0`, id, now)
		if err != nil {
			return err
		}
		for _, kind := range []string{"verify", "api"} {
			if err := dropTokensTx(ctx, tx, id, kind); err != nil {
				return err
			}
		}
		if u, err = setPasswordTx(ctx, tx, id, hash); err != nil || confirmed > 0 {
			return err // who confirms the address by it need not be told
		}
		return a.passwordChangedTx(ctx, tx, u)
	})
	if errors.Is(err, db.ErrNoRows) {
		return User{}, linkSpent()
	}
	if err != nil {
		return User{}, fmt.Errorf("reset a password: %w", err)
	}
	return u, nil
}

// ChangePassword sets a new password for the actor who knows the present one,
// and ends every session; the answer has the epoch of new ones. API tokens
// stay: they are listed beside it, to be revoked one by one. Errors:
// Invalid (current_password, password), TooMany.
func (a *Accounts) ChangePassword(ctx context.Context, actor Actor, current, password string) (User, error) {
	u, oldHash, err := a.own(ctx, actor)
	if err != nil {
		return User{}, err
	}
	// The same limit as a login's: both guess the same password.
	key, _ := emailKey(u.Email)
	account, client := loginAccount.of(key), loginAddress.from(actor.Address)
	if err := a.throttle(ctx, account, client); err != nil {
		return User{}, err
	}
	err = a.prove(ctx, u.ID, oldHash, current)
	if fault.Is(err, fault.Unauthenticated) {
		return User{}, fault.Fields{{Name: "current_password", Key: "account.password_wrong"}}.Err()
	}
	if err != nil {
		return User{}, err
	}
	if err := a.forgive(ctx, account, client); err != nil {
		return User{}, err
	}
	hash, err := a.newPassword(ctx, "password", password, u.Email)
	if err != nil {
		return User{}, err
	}
	err = a.db.Tx(ctx, func(tx db.Tx) error {
		if u, err = setPasswordTx(ctx, tx, u.ID, hash); err != nil {
			return err
		}
		return a.passwordChangedTx(ctx, tx, u)
	})
	if err != nil {
		return User{}, fmt.Errorf("change a password: %w", err)
	}
	return u, nil
}

// own is the actor's user and its password's hash.
func (a *Accounts) own(ctx context.Context, actor Actor) (u User, hash string, err error) {
	u, err = scanUser(a.db.Read().QueryRow(ctx, `SELECT`+userColumns+`, password_hash FROM users WHERE id = $1`, actor.ID), &hash)
	if errors.Is(err, db.ErrNoRows) {
		return User{}, "", unauthenticated()
	}
	if err != nil {
		return User{}, "", fmt.Errorf("find oneself: %w", err)
	}
	return u, hash, nil
}

// newPassword checks a new password and hashes it.
func (a *Accounts) newPassword(ctx context.Context, field, password, email string) (hash string, err error) {
	var fields fault.Fields
	checkPassword(&fields, field, password, email)
	if err := fields.Err(); err != nil {
		return "", err
	}
	return a.hasher.hash(ctx, password)
}

// setPasswordTx ends every session and every open link to a new password.
func setPasswordTx(ctx context.Context, tx db.Tx, id int64, hash string) (User, error) {
	_, err := tx.Exec(ctx, `UPDATE users SET password_hash = $2, session_epoch = session_epoch + 1 WHERE id = $1`, id, hash)
	if err != nil {
		return User{}, err
	}
	if err := dropTokensTx(ctx, tx, id, "reset"); err != nil {
		return User{}, err
	}
	return userByID(ctx, tx, id)
}

// passwordChangedTx tells the user by letter, so that a theft is noticed.
func (a *Accounts) passwordChangedTx(ctx context.Context, tx db.Tx, u User) error {
	return a.letters.EnqueueTx(ctx, tx, letter.Letter{Kind: letter.PasswordChanged, To: u.Email, Locale: u.Locale})
}
