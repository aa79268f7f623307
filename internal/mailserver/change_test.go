package mailserver_test

import (
	"slices"
	"testing"

	"gonets/internal/account"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/mailserver"
)

// TestChanges are recorded, each as an act of its own, and the first enabled
// server is the one in use.
func TestChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, admin := t.Context(), account.CommandLine()
		s, err := mailserver.New(d, mailserver.Options{Secret: make([]byte, 32)})
		if err != nil {
			t.Fatal(err)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		draft := mailserver.Draft{Host: "a.example.com", Port: 25, Security: mailserver.Auto, Connections: 1, Enabled: true}
		a, err := s.Create(ctx, admin, draft)
		must(err)
		draft.Host = "b.example.com"
		b, err := s.Create(ctx, admin, draft)
		must(err)
		uses := func(want string) {
			t.Helper()
			got, err := s.Current(ctx)
			must(err)
			if got.Address() != want {
				t.Errorf("got %q in use, want %q", got.Address(), want)
			}
		}
		uses("a.example.com:25")
		must(s.Promote(ctx, admin, b.ID))
		uses("b.example.com:25")
		must(s.Switch(ctx, admin, b.ID, false))
		uses("a.example.com:25")
		draft.Host, draft.Port = "c.example.com", 0
		if _, err := s.Update(ctx, admin, a.ID, draft); !fault.Is(err, fault.Invalid) {
			t.Errorf("port 0: got %v, want Invalid", err)
		}
		draft.Port = 2525
		_, err = s.Update(ctx, admin, a.ID, draft)
		must(err)
		uses("c.example.com:2525")
		must(s.Delete(ctx, admin, a.ID))
		uses("")
		must(s.Switch(ctx, admin, b.ID, true))
		if err := s.Delete(ctx, account.Actor{ID: 1}, b.ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a user: got %v, want Forbidden", err)
		}

		entries, _, err := audit.List(ctx, d.Read(), audit.Filter{ObjectKind: "mail_server"})
		must(err)
		var got []string
		for _, e := range entries {
			got = append(got, e.Action)
		}
		slices.Reverse(got)
		want := []string{
			"mail_server.create", "mail_server.create", "mail_server.promote", "mail_server.disable",
			"mail_server.edit", "mail_server.delete", "mail_server.enable",
		}
		if !slices.Equal(got, want) {
			t.Errorf("audit: got %v, want %v", got, want)
		}
	})
}
