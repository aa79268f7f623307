package httpd

import (
	"context"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"gonets/internal/account"
)

// sessionStore is the accounts' sessions as the manager of sessions wants
// them. What it finds is left in the visit, since there is more to it: the user.
type sessionStore struct{ sessions *account.Sessions }

var _ scs.CtxStore = sessionStore{}

// FindCtx is the data of a session; found is false where there is none or it
// has expired.
func (s sessionStore) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	session, err := s.sessions.Find(ctx, token)
	if err != nil || session == nil {
		return nil, false, err
	}
	if v := visitOf(ctx); v != nil {
		v.session = session
	}
	return session.Data, true, nil
}

// CommitCtx keeps the data of a session until expiry, beside whose it is.
func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, values, err := plainCodec{}.Decode(data)
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	userID, _ := values[sessionUser].(int64)
	return s.sessions.Keep(ctx, token, account.Session{UserID: userID, Data: data, Expiry: expiry})
}

// DeleteCtx ends a session.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.sessions.End(ctx, token)
}

// Find, Commit and Delete are for callers without a context, which scs.Store
// demands and its manager never calls.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context.
func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
