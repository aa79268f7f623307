package account

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/letter"
)

// userInvite is how the audit calls a repeated invitation; who may confirm an
// address may also send it.
const userInvite Action = "user.invite"

const invitationLife = 7 * 24 * time.Hour // of the link; the letter says so

// Invitation is a user whom an administrator brings in, and who chooses the
// password.
type Invitation struct {
	Email    string
	Groups   []string // by name
	Locale   string   // of the letter and of the user's pages
	TimeZone string   // an unknown one becomes UTC
}

// Invite makes a user, and sends them a link to their password; to set it
// confirms the address. Nobody gives more than they may do themselves. Errors:
// Invalid (email, also where it is taken, groups).
func (a *Accounts) Invite(ctx context.Context, actor Actor, n Invitation) (u User, err error) {
	if err := Check(actor, UserCreate, Object{Kind: "user"}); err != nil {
		return User{}, err
	}
	if len(n.Groups) > 0 {
		if err := Check(actor, UserGroup, Object{Kind: "user"}); err != nil {
			return User{}, err
		}
	}
	var fields fault.Fields
	address := checkEmail(&fields, n.Email)
	if err := fields.Err(); err != nil {
		return User{}, err
	}
	hash, err := a.hasher.hash(ctx, newSecret()) // nobody knows it
	if err != nil {
		return User{}, err
	}
	checked := newcomer{address: address, hash: hash, locale: i18n.Match("", n.Locale), timeZone: timeZone(n.TimeZone)}
	token := newSecret()
	err = a.db.Tx(ctx, func(tx db.Tx) error {
		if u, err = a.createTx(ctx, tx, actor, checked, n.Groups, false); err != nil {
			return err
		}
		return a.sendInvitationTx(ctx, tx, u, token)
	})
	if err != nil {
		return User{}, fmt.Errorf("invite a user: %w", err)
	}
	return u, nil
}

// InviteAgain sends the link to their password, anew, to a user who has not
// confirmed the address; the links of before stay good as long as they said.
// Errors: Conflict where the address is confirmed; TooMany.
func (a *Accounts) InviteAgain(ctx context.Context, actor Actor, id int64) (User, error) {
	if err := Check(actor, UserVerify, Object{Kind: "user"}); err != nil {
		return User{}, err
	}
	if err := a.throttle(ctx, resendAccount.of(strconv.FormatInt(id, 10))); err != nil {
		return User{}, err
	}
	token := newSecret()
	return a.order(ctx, actor, UserVerify, id, func(tx db.Tx, u User) error {
		if !u.VerifiedAt.IsZero() {
			return fault.New(fault.Conflict, "account.already_verified", nil)
		}
		if err := a.sendInvitationTx(ctx, tx, u, token); err != nil {
			return err
		}
		return audit.RecordTx(ctx, tx, actor.Entry(userInvite, "user", id, "").Named(u.Email))
	})
}

func (a *Accounts) sendInvitationTx(ctx context.Context, tx db.Tx, u User, token string) error {
	return a.sendResetTx(ctx, tx, u, token, letter.Invited, invitationLife)
}
