package layout_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/i18n"
	"gonets/internal/web/assets"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

func page(t *testing.T, lang string, permissions ...account.Action) layout.Page {
	t.Helper()
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	files, err := assets.New()
	if err != nil {
		t.Fatal(err)
	}
	return layout.Page{
		View:   ui.View{Localizer: bundle.For(lang), Zone: time.UTC},
		Title:  "A & B",
		Active: layout.Recipients,
		User:   layout.User{Email: "a@example.test", Permissions: account.Grants(permissions...)},
		Theme:  layout.Dark,
		Path:   `/recipients?q="x"`,
		Assets: files,
	}
}

func shell(t *testing.T, p layout.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := layout.Shell(p).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestShell(t *testing.T) {
	cases := []struct {
		name      string
		page      layout.Page
		want, not []string
	}{
		{
			"user", page(t, "ru"),
			[]string{
				`lang="ru"`, `data-bs-theme="dark"`, "<title>A &amp; B · Gonets</title>", "Клиенты",
				`href="/recipients" aria-current="page"`, `value="/recipients?q=&#34;x&#34;"`,
			},
			[]string{"/moderation/", "/admin/", "<style", " style=", "onclick", "<script>", "/sandbox"},
		},
		{"moderator", page(t, "en", account.MailingView, account.UserBlock), []string{"/moderation/mailings", "/moderation/users"}, []string{"/admin/"}},
		{"admin", page(t, "en", account.UserBlock, account.AuditView), []string{"/moderation/users", "/admin/audit"}, []string{"/moderation/mailings"}},
	}
	for _, c := range cases {
		html := shell(t, c.page)
		for _, s := range c.want {
			if !strings.Contains(html, s) {
				t.Errorf("%s: %q is not in the page", c.name, s)
			}
		}
		for _, s := range c.not {
			if strings.Contains(html, s) {
				t.Errorf("%s: %q is in the page", c.name, s)
			}
		}
	}
}

func TestThemeOf(t *testing.T) {
	for value, want := range map[string]layout.Theme{"light": layout.Light, "dark": layout.Dark, "auto": layout.Auto, "": layout.Auto, `"><script>`: layout.Auto} {
		if got := layout.ThemeOf(value); got != want {
			t.Errorf("ThemeOf(%q) = %q, want %q", value, got, want)
		}
	}
}
