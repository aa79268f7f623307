package setting_test

import (
	"errors"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/mail"
	"gonets/internal/setting"
)

func TestSave(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, admin := t.Context(), account.CommandLine()
		s, node := setting.New(d, false), setting.New(d, true) // two nodes, of two configurations
		got, err := s.Get(ctx)
		if err != nil || got.Title() != "Gonets" || got.RegistrationOpen() {
			t.Fatalf("at first: %+v, %v", got, err)
		}
		if open, err := node.RegistrationOpen(ctx); err != nil || !open {
			t.Errorf("as configured: %v, %v, want open", open, err)
		}
		in := setting.Service{Name: " Почта ", Registration: setting.Closed, RunLimit: 10, DailyLimit: 20, Senders: []string{"@Example.COM", "news@почта.рф", "example.com"}}
		if _, err := s.Save(ctx, admin, in); err != nil {
			t.Fatal(err)
		}
		got, err = node.Get(ctx)
		if err != nil || got.Title() != "Почта" || got.RegistrationOpen() || got.RunLimit != 10 || got.DailyLimit != 20 ||
			got.AllowedSenders() != "example.com, news@почта.рф" {
			t.Errorf("on another node: %+v, %v", got, err)
		}
		if _, err := s.Save(ctx, admin, got); err != nil { // no change, no entry
			t.Fatal(err)
		}
		entries, _, err := audit.List(ctx, d.Read(), audit.Filter{})
		if err != nil || len(entries) != 1 || !strings.Contains(entries[0].Reason, `run_limit: "0" → "10"`) {
			t.Errorf("audit: %+v, %v", entries, err)
		}
	})
}

func TestSaveRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, admin := setting.New(d, true), account.CommandLine()
		for _, c := range []struct {
			in   setting.Service
			want string
		}{
			{setting.Service{Name: strings.Repeat("я", 61)}, "name"},
			{setting.Service{Name: "a\nb"}, "name"},
			{setting.Service{Registration: "ajar"}, "registration"},
			{setting.Service{RunLimit: -1}, "run_limit"},
			{setting.Service{DailyLimit: 1 << 40}, "daily_limit"},
			{setting.Service{Senders: []string{"example.com", "nonsense"}}, "senders"},
			{setting.Service{Senders: []string{"a@b@c.example"}}, "senders"},
		} {
			_, err := s.Save(t.Context(), admin, c.in)
			refused, ok := errors.AsType[*fault.Error](err)
			if !ok || len(refused.Fields) != 1 || refused.Fields[0].Name != c.want {
				t.Errorf("%+v: got %v, want an error at %s", c.in, err, c.want)
			}
		}
		user := account.Actor{ID: 1, Role: account.RoleUser}
		if _, err := s.Save(t.Context(), user, setting.Service{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a user: got %v, want Forbidden", err)
		}
	})
}

func TestAllows(t *testing.T) {
	set := setting.Service{Senders: []string{"example.com", "news@почта.рф"}}
	for address, want := range map[string]bool{
		"anna@example.com":           true,
		"anna@EXAMPLE.com":           true,
		"anna@sub.example.com":       false,
		"anna@notexample.com":        false,
		"news@почта.рф":              true,
		"News@xn--80a1acny.xn--p1ai": true,
		"anna@почта.рф":              false,
	} {
		parsed, err := mail.ParseAddress(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := set.Allows(parsed); got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
	if !(setting.Service{}).Allows(mail.Address{}) {
		t.Error("nothing set refuses somebody")
	}
}
