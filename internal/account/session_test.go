package account_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
)

func TestSessionStore(t *testing.T) {
	each(t, func(w *world) {
		s := w.Sessions()
		expiry := w.clock.Now().Add(time.Hour)
		w.must(s.CommitCtx(w.ctx, "a", []byte("one"), expiry))
		w.must(s.CommitCtx(w.ctx, "a", []byte{0, 2}, expiry.Add(time.Hour)))
		w.must(s.CommitCtx(w.ctx, "b", []byte("other"), expiry))
		w.must(s.DeleteCtx(w.ctx, "none"))
		want := func(token, data string) {
			t.Helper()
			got, found, err := s.FindCtx(w.ctx, token)
			w.must(err)
			if string(got) != data || found != (data != "") {
				t.Errorf("%s: got %q, %v; want %q", token, got, found, data)
			}
		}
		want("a", "\x00\x02")
		want("b", "other")
		want("none", "")

		w.clock.wind(time.Hour)
		want("b", "") // expired, swept or not
		w.must(w.Sweep(w.ctx))
		if n := w.count(`SELECT count(*) FROM sessions`); n != 1 {
			t.Errorf("got %d sessions, want 1", n)
		}
		want("a", "\x00\x02")
		w.must(s.DeleteCtx(w.ctx, "a"))
		want("a", "")
	})
}

func TestSessionManagerOverTheStore(t *testing.T) {
	each(t, func(w *world) {
		manager := scs.New()
		manager.Store = w.Sessions()
		handler := manager.LoadAndSave(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/login" {
				manager.Put(r.Context(), "user", int64(42))
				return
			}
			if manager.GetInt64(r.Context(), "user") != 42 {
				rw.WriteHeader(http.StatusUnauthorized)
			}
		}))
		// The manager has no clock but the machine's.
		w.clock.wind(time.Until(w.clock.Now()) * -1)
		get := func(path string, cookies ...*http.Cookie) *http.Response {
			r := httptest.NewRequestWithContext(w.ctx, http.MethodGet, path, nil)
			for _, c := range cookies {
				r.AddCookie(c)
			}
			rec := httptest.NewRecorder()
			handler.ServeHTTP(rec, r)
			return rec.Result()
		}
		in := get("/login").Cookies()
		if got := get("/", in...).StatusCode; got != http.StatusOK {
			t.Errorf("with its cookie: got %d", got)
		}
		if got := get("/").StatusCode; got != http.StatusUnauthorized {
			t.Errorf("without: got %d", got)
		}
	})
}

func TestSweepLeavesWhatIsAlive(t *testing.T) {
	each(t, func(w *world) {
		w.register("anna@example.org") // a link for a day, throttles for an hour
		w.letter()
		u := w.user("boris@example.org", "")
		_, err := w.CreateToken(w.ctx, u.Actor(), u.ID, "for ever")
		w.must(err)
		left := func() [2]int64 {
			w.must(w.Sweep(w.ctx))
			return [2]int64{w.count(`SELECT count(*) FROM tokens`), w.count(`SELECT count(*) FROM throttles`)}
		}
		if got, want := left(), [2]int64{2, 2}; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		w.clock.wind(time.Hour)
		if got, want := left(), [2]int64{2, 0}; got != want {
			t.Errorf("after an hour: got %v, want %v", got, want)
		}
		w.clock.wind(24 * time.Hour)
		if got, want := left(), [2]int64{1, 0}; got != want {
			t.Errorf("after a day: got %v, want %v", got, want)
		}
	})
}
