package account_test

import (
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/fault"
)

// TestUsersAreLimited in what costs much, each for themselves; the command line
// is not.
func TestUsersAreLimited(t *testing.T) {
	each(t, func(w *world) {
		throttle := account.NewThrottle(w.db)
		anna, boris := account.Actor{ID: 1}, account.Actor{ID: 2}
		for n := range 120 {
			if err := throttle.Import(w.ctx, anna); err != nil {
				w.t.Fatalf("import %d: %v", n+1, err)
			}
		}
		if err := throttle.Import(w.ctx, anna); !fault.Is(err, fault.TooMany) {
			w.t.Errorf("one import more: got %v, want too many", err)
		}
		for who, err := range map[string]error{
			"another user":     throttle.Import(w.ctx, boris),
			"a test":           throttle.Test(w.ctx, anna),
			"a mail server":    throttle.Server(w.ctx, anna),
			"the command line": throttle.Import(w.ctx, account.CommandLine()),
		} {
			if err != nil {
				w.t.Errorf("%s: got %v, want nil", who, err)
			}
		}
		w.clock.wind(time.Hour)
		if err := throttle.Import(w.ctx, anna); err != nil {
			w.t.Errorf("an hour later: got %v, want nil", err)
		}
	})
}
