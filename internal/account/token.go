package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gonets/internal/db"
	"gonets/internal/fault"
)

// tokenPrefix makes an API token known at sight, also to scanners for leaked
// secrets.
const tokenPrefix = "gonets_"

const (
	maxTokens    = 100 // of one user
	maxTokenName = 200
)

// Token is an API token as it may be shown: the secret itself is nowhere.
type Token struct {
	ID        int64
	UserID    int64
	Name      string // what it is for, as its owner calls it; may be empty
	CreatedAt time.Time
}

// CreateToken makes an API token for a user and returns it, this once. Errors:
// Invalid (name), Conflict where the user has too many.
func (a *Accounts) CreateToken(ctx context.Context, actor Actor, userID int64, name string) (token string, err error) {
	if err := Check(actor, TokenCreate, Object{Kind: "token", Owner: userID}); err != nil {
		return "", err
	}
	var fields fault.Fields
	name = checkText(&fields, "name", name, maxTokenName, false)
	if err := fields.Err(); err != nil {
		return "", err
	}
	token = tokenPrefix + newSecret()
	err = a.db.Tx(ctx, func(tx db.Tx) error { return createTokenTx(ctx, tx, actor, userID, name, token) })
	if err != nil {
		return "", fmt.Errorf("create token: %w", err)
	}
	return token, nil
}

func createTokenTx(ctx context.Context, tx db.Tx, actor Actor, userID int64, name, token string) error {
	if _, err := userByID(ctx, tx, userID); err != nil {
		return missing(err)
	}
	var count int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM tokens WHERE user_id = $1 AND kind = 'api'`, userID).Scan(&count)
	if err != nil {
		return err
	}
	if count >= maxTokens {
		return fault.New(fault.Conflict, "account.tokens_many", fault.Args{"Count": maxTokens})
	}
	var id int64
	err = tx.QueryRow(ctx, `INSERT INTO tokens (user_id, kind, hash, name, created_at)
		VALUES ($1, 'api', $2, $3, $4) RETURNING id`, userID, hashed(token), name, db.At(tx.Now())).Scan(&id)
	if err != nil {
		return err
	}
	return actor.record(ctx, tx, TokenCreate, "token", id, name)
}

// Tokens are a user's API tokens, newest first.
func (a *Accounts) Tokens(ctx context.Context, actor Actor, userID int64) ([]Token, error) {
	if err := Check(actor, TokenView, Object{Kind: "token", Owner: userID}); err != nil {
		return nil, err
	}
	rows, err := a.db.Read().Query(ctx, `SELECT id, user_id, name, created_at FROM tokens
		WHERE user_id = $1 AND kind = 'api' ORDER BY id DESC`, userID)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	defer rows.Close()
	var tokens []Token
	for rows.Next() {
		var t Token
		var created db.Time
		if err := rows.Scan(&t.ID, &t.UserID, &t.Name, &created); err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		t.CreatedAt = created.Time()
		tokens = append(tokens, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
}

// RevokeToken ends an API token at once.
func (a *Accounts) RevokeToken(ctx context.Context, actor Actor, tokenID int64) error {
	err := a.db.Tx(ctx, func(tx db.Tx) error {
		var owner int64
		var name string
		err := tx.QueryRow(ctx, `SELECT user_id, name FROM tokens WHERE id = $1 AND kind = 'api'`, tokenID).Scan(&owner, &name)
		if err != nil {
			return missing(err)
		}
		if err := Check(actor, TokenRevoke, Object{Kind: "token", Owner: owner}); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM tokens WHERE id = $1`, tokenID); err != nil {
			return err
		}
		return actor.record(ctx, tx, TokenRevoke, "token", tokenID, name)
	})
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}

// missing is the answer for a row that is not there.
func missing(err error) error {
	if errors.Is(err, db.ErrNoRows) {
		return fault.Missing()
	}
	return err
}
