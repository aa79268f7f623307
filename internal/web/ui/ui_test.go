package ui_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/web/ui"
)

// view is an English person's in Moscow, at noon in UTC.
func view(t *testing.T) ui.View {
	t.Helper()
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	return ui.View{Localizer: bundle.For("en"), Zone: zone, Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
}

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// contains checks what a piece of a page has, and what it must not have.
func contains(t *testing.T, html string, want, not []string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(html, s) {
			t.Errorf("%q is not in\n%s", s, html)
		}
	}
	for _, s := range not {
		if strings.Contains(html, s) {
			t.Errorf("%q is in\n%s", s, html)
		}
	}
}

func TestFormTellsEveryProblem(t *testing.T) {
	var fields fault.Fields
	fields.Add("sender.email", "mail.address_no_at", nil)
	fields.Add("audience.tags", "error.too_many_items", fault.Args{"Max": 50})
	form := ui.NewForm(view(t), fields.Err())

	contains(t, render(t, ui.ErrorSummary(form)), []string{
		`role="alert"`, "Please correct what is marked.",
		`href="#field-sender-email"`, "needs an @", `href="#field-audience-tags"`, "at most 50",
	}, nil)

	contains(t, render(t, ui.Input(form.Field("sender.email", "layout.profile", `"><b>`).As("email").Need())), []string{
		`for="field-sender-email"`, `id="field-sender-email"`, `aria-invalid="true"`, `required`,
		`aria-describedby="field-sender-email-problem"`, `id="field-sender-email-problem"`, "&lt;b&gt;",
	}, []string{"<b>"})

	if got := form.Field("audience", "layout.recipients", "").Problem; !strings.Contains(got, "50") {
		t.Errorf("the field around the failing one says %q", got)
	}
	contains(t, render(t, ui.Input(form.Field("name", "layout.profile", "x"))), []string{`value="x"`}, []string{"is-invalid", "aria-invalid", "aria-describedby"})
}

func TestFormKeepsPasswordsBack(t *testing.T) {
	form := ui.NewForm(view(t), nil)
	contains(t, render(t, ui.Input(form.Field("password", "layout.profile", "secret").As("password"))), nil, []string{"secret", "value="})
	contains(t, render(t, ui.ErrorSummary(form)), nil, []string{"alert"})
}

func TestSentenceHidesCauses(t *testing.T) {
	v := view(t)
	cases := []struct {
		err  error
		want string
	}{
		{errors.New("disk on fire"), "Something broke on our side"},
		{fault.Missing(), "There is nothing here"},
		{fault.Because(errors.New("disk on fire"), fault.Unavailable, "error.unavailable", nil), "busy right now"},
	}
	for _, c := range cases {
		got := ui.Sentence(v, c.err)
		if !strings.Contains(got, c.want) || strings.Contains(got, "fire") {
			t.Errorf("Sentence(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestTimesAreTheReaders(t *testing.T) {
	v := view(t)
	at := time.Date(2026, 11, 22, 11, 30, 5, 0, time.UTC)
	contains(t, render(t, ui.Clock(v, at)), []string{
		`datetime="2026-11-22T11:30:05Z"`, ">14:30:05</time>", "(Europe/Moscow, UTC+03:00)",
	}, nil)
	contains(t, render(t, ui.Clock(v, at.AddDate(0, 0, -1))), []string{"21\u00a0Nov\u00a02026, 14:30:05"}, nil)
	contains(t, render(t, ui.Ago(v, at)), []string{"29 minutes ago"}, nil)
	contains(t, render(t, ui.Moment(v, time.Time{})), []string{"—"}, []string{"<time"})
}

// TestStatesHaveNames looks for states without words.
func TestStatesHaveNames(t *testing.T) {
	v := view(t)
	badges := map[string]func(ui.View, string) templ.Component{
		"planning sending paused done stopped":                       ui.RunBadge,
		"planned leaving accepted deferred failed uncertain skipped": ui.DeliveryBadge,
		"success failure unknown":                                    ui.OutcomeBadge,
		"active unsubscribed suppressed":                             ui.RecipientBadge,
		"active unverified blocked":                                  ui.UserBadge,
	}
	for states, badge := range badges {
		for _, state := range strings.Fields(states) {
			contains(t, render(t, badge(v, state)), []string{`class="badge `}, []string{"." + state})
		}
	}
}

func TestTableTellsItsTitlesToPhones(t *testing.T) {
	columns := ui.Columns{{Title: "Name", Main: true}, {Title: "Sent", Number: true}, {Title: "Actions", Menu: true}}
	contains(t, render(t, ui.Table("Mailings", columns)), []string{`aria-label="Mailings"`, `scope="col"`, "visually-hidden"}, nil)
	contains(t, render(t, columns.Cell(0)), []string{`class="main"`, `data-label="Name"`}, nil)
	contains(t, render(t, columns.Cell(1)), []string{`class="num"`, `data-label="Sent"`}, nil)
	contains(t, render(t, columns.Cell(2)), []string{`class="row-menu"`}, []string{"data-label"})
}

func TestPagerOffersOnlyWhatThereIs(t *testing.T) {
	v := view(t)
	contains(t, render(t, ui.Pager(v, ui.Pages{})), nil, []string{"<"})
	contains(t, render(t, ui.Pager(v, ui.Pages{Next: "/mailings?after=7"})), []string{`href="/mailings?after=7"`, `rel="next"`}, []string{"To the start"})
}

func TestLinksAreSafe(t *testing.T) {
	contains(t, render(t, ui.LinkButton(ui.Link{URL: "javascript:alert(1)", Label: "<i>"})), []string{"&lt;i&gt;"}, []string{"javascript:", "<i>"})
}
