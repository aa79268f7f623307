package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/letter"
	"gonets/internal/mail"
)

const verifyLife = 24 * time.Hour // of a confirmation link; the letter says so

// Registration is what a stranger brings.
type Registration struct {
	Email    string
	Password string
	Locale   string // of the page; one that we don't speak becomes our default
	TimeZone string // of the browser; an unknown one becomes UTC
	Address  string // the client's network address
}

// Register makes an account that waits for its link, and sends the link. For
// an address that has an account already it answers the same, and the letter
// says so. Errors: Invalid (email, password), TooMany, Forbidden where
// registration is closed.
func (a *Accounts) Register(ctx context.Context, r Registration) error {
	if open, err := a.o.Registration(ctx); err != nil {
		return fmt.Errorf("register: %w", err)
	} else if !open {
		return fault.New(fault.Forbidden, "account.registration_closed", nil)
	}
	var fields fault.Fields
	address := checkEmail(&fields, r.Email)
	checkPassword(&fields, "password", r.Password, address.String())
	if err := fields.Err(); err != nil {
		return err
	}
	if err := a.throttle(ctx, registerAccount.of(address.Key()), registerAddress.from(r.Address)); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, r.Password)
	if err != nil {
		return err
	}
	token := newSecret()
	n := newcomer{address: address, hash: hash, locale: i18n.Match("", r.Locale), timeZone: timeZone(r.TimeZone)}
	err = a.db.Tx(ctx, func(tx db.Tx) error { return a.registerTx(ctx, tx, n, token) })
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return nil
}

// newcomer is a checked registration.
type newcomer struct {
	address          mail.Address
	hash             string
	locale, timeZone string
}

func (a *Accounts) registerTx(ctx context.Context, tx db.Tx, n newcomer, token string) error {
	key := n.address.Key()
	_, err := insertUserTx(ctx, tx, n, false)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return err
	}
	u, _, err := userByKey(ctx, tx, key) // the new one, or the one that was there
	if err != nil {
		return err
	}
	if !u.VerifiedAt.IsZero() {
		return a.letters.EnqueueTx(ctx, tx, letter.Letter{Kind: letter.AlreadyRegistered, To: u.Email, Locale: u.Locale})
	}
	if len(u.Groups) > 0 {
		// Who was given rights before they came chooses the password by our link
		// alone: a stranger's must not be what they confirm.
		return a.sendInvitationTx(ctx, tx, u, token)
	}
	// The newest registration counts, unless an older one's link is opened.
	_, err = tx.Exec(ctx, `UPDATE users SET password_hash = $2, locale = $3, time_zone = $4 WHERE id = $1`,
		u.ID, n.hash, n.locale, n.timeZone)
	if err != nil {
		return err
	}
	u.Locale = n.locale
	return a.sendVerifyTx(ctx, tx, u, token, n.hash)
}

// insertUserTx is db.ErrNoRows where the address has an account already.
func insertUserTx(ctx context.Context, tx db.Tx, n newcomer, verified bool) (id int64, err error) {
	now := db.At(tx.Now())
	var verifiedAt db.Time
	if verified {
		verifiedAt = now
	}
	err = tx.QueryRow(ctx, `INSERT INTO users
			(email, email_key, password_hash, locale, time_zone, verified_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (email_key) DO NOTHING RETURNING id`,
		n.address.String(), n.address.Key(), n.hash, n.locale, n.timeZone, verifiedAt, now).Scan(&id)
	return id, err
}

// sendVerifyTx sends a link that confirms the address and brings the password
// of its registration with it.
func (a *Accounts) sendVerifyTx(ctx context.Context, tx db.Tx, u User, token, hash string) error {
	now := tx.Now()
	_, err := tx.Exec(ctx, `INSERT INTO tokens (user_id, kind, hash, password_hash, created_at, expires_at)
		VALUES ($1, 'verify', $2, $3, $4, $5)`,
		u.ID, hashed(token), hash, db.At(now), db.At(now.Add(verifyLife)))
	if err != nil {
		return err
	}
	return a.letters.EnqueueTx(ctx, tx, letter.Letter{
		Kind: letter.Verify, To: u.Email, Locale: u.Locale, Args: map[string]string{"token": token},
	})
}

// Resend sends a link anew that confirms the address. By it the password is
// chosen: who asks need not be who registered last. It answers the same for
// every address: Invalid (email) and TooMany apart, nil.
func (a *Accounts) Resend(ctx context.Context, email, address string) error {
	return a.askForLetter(ctx, email, resendAccount, resendAddress.from(address),
		func(tx db.Tx, u User, token string) error {
			if !u.VerifiedAt.IsZero() {
				return a.letters.EnqueueTx(ctx, tx, letter.Letter{Kind: letter.AlreadyRegistered, To: u.Email, Locale: u.Locale})
			}
			return a.sendResetTx(ctx, tx, u, token, letter.VerifyAgain, verifyLife)
		})
}

// askForLetter is what Resend and RequestReset have in common: a letter for
// who has an account, and the cost of one for who has none.
func (a *Accounts) askForLetter(ctx context.Context, email string, account limit, client try, enqueue func(tx db.Tx, u User, token string) error) error {
	var fields fault.Fields
	key := checkEmail(&fields, email).Key()
	if err := fields.Err(); err != nil {
		return err
	}
	if err := a.throttle(ctx, account.of(key), client); err != nil {
		return err
	}
	token := newSecret()
	err := a.db.Tx(ctx, func(tx db.Tx) error {
		u, _, err := userByKey(ctx, tx, key)
		if errors.Is(err, db.ErrNoRows) {
			return a.letters.EnqueueTx(ctx, tx, letter.Letter{Kind: letter.Nothing})
		}
		if err != nil {
			return err
		}
		return enqueue(tx, u, token)
	})
	if err != nil {
		return fmt.Errorf("ask for a letter: %w", err)
	}
	return nil
}

// Verify confirms the address to which the token was sent; it works once.
// NotFound where the token is unknown, used or expired.
func (a *Accounts) Verify(ctx context.Context, token string) (u User, err error) {
	err = a.db.Tx(ctx, func(tx db.Tx) error {
		u, err = verifyTx(ctx, tx, token)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return User{}, linkSpent()
	}
	if err != nil {
		return User{}, fmt.Errorf("verify an address: %w", err)
	}
	return u, nil
}

// verifyTx is db.ErrNoRows where the token is good for nothing.
func verifyTx(ctx context.Context, tx db.Tx, token string) (User, error) {
	var id int64
	var hash string
	now := db.At(tx.Now())
	err := tx.QueryRow(ctx, `DELETE FROM tokens WHERE hash = $1 AND kind = 'verify' AND expires_at > $2
		RETURNING user_id, password_hash`, hashed(token), now).Scan(&id, &hash)
	if err != nil {
		return User{}, err
	}
	_, err = tx.Exec(ctx, `UPDATE users SET verified_at = $2, password_hash = $3
		WHERE id = $1 AND verified_at = 0`, id, now, hash)
	if err != nil {
		return User{}, err
	}
	// The other links would confirm a confirmed address.
	if err := dropTokensTx(ctx, tx, id, "verify"); err != nil {
		return User{}, err
	}
	return userByID(ctx, tx, id)
}

func dropTokensTx(ctx context.Context, tx db.Tx, userID int64, kind string) error {
	_, err := tx.Exec(ctx, `DELETE FROM tokens WHERE user_id = $1 AND kind = $2`, userID, kind)
	return err
}

func linkSpent() error { return fault.New(fault.NotFound, "account.link_spent", nil) }
