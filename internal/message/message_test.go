package message_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/message"
)

func TestValidation(t *testing.T) {
	ok := message.Draft{Subject: "s", Format: message.Markdown, Body: "b"}
	with := func(change func(*message.Draft)) message.Draft { d := ok; change(&d); return d }
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m, actor := newMessages(t, d), newUser(t, d, "owner@example.com")
		for _, test := range []struct {
			name  string
			draft message.Draft
			want  []string
		}{
			{"everything", message.Draft{}, []string{"subject error.required", "format message.format", "body error.required"}},
			{"long", with(func(d *message.Draft) { d.Subject = strings.Repeat("ы", 501) }), []string{"subject error.too_long"}},
			{"not too long", with(func(d *message.Draft) { d.Subject = strings.Repeat("ы", 500) }), nil},
			{"line break", with(func(d *message.Draft) { d.Subject = "a\nb" }), []string{"subject message.subject_line_break"}},
			{"control", with(func(d *message.Draft) { d.Subject, d.Body, d.Text = "a\x00", "b\x07", "\xff" }), []string{"subject error.control_characters", "body error.control_characters", "text error.control_characters"}},
			{"large", with(func(d *message.Draft) { d.Body = strings.Repeat("x", message.MaxBody+1) }), []string{"body message.too_large"}},
			{"large as HTML", with(func(d *message.Draft) { d.Body = strings.Repeat("x", message.MaxBody-10) }), []string{"body message.too_large"}},
			{"templates", with(func(d *message.Draft) { d.Subject, d.Body, d.Text = "{{ a", "# b\r\n\r\n  ы {% nope %}", "{% if %}" }), []string{"subject message.template.unclosed_output 1:1", "body message.template.unknown_tag 3:8", "text message.template.unexpected_end 1:7"}},
			{"torn by Markdown", with(func(d *message.Draft) { d.Body = "{% if a %}\nb\n\n[x]: {% endif %}" }), []string{"body message.markdown_torn"}},
			{"torn by HTML", with(func(d *message.Draft) { d.Format, d.Body = message.HTML, "<p {% if a %}>b</p>{% endif %}" }), []string{"text message.text_torn"}},
			{"torn by HTML, with a text", with(func(d *message.Draft) {
				d.Format, d.Body, d.Text = message.HTML, "<p {% if a %}>b</p>{% endif %}", "b"
			}), nil},
		} {
			_, err := m.Create(t.Context(), actor, test.draft)
			if got := places(err); !slices.Equal(got, test.want) {
				t.Errorf("%s: got %q (%v), want %q", test.name, got, err, test.want)
			}
		}
	})
}

func TestVersions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m, actor := newMessages(t, d), newUser(t, d, "owner@example.com")
		draft := message.Draft{Subject: " Привет ", Format: message.Markdown, Body: "a\r\nb"}
		made, err := m.Create(t.Context(), actor, draft)
		if err != nil {
			t.Fatal(err)
		}
		if made.Subject != "Привет" || made.Body != "a\nb" || made.Number != 1 || made.UserID != actor.ID || made.CreatedAt.IsZero() {
			t.Errorf("created: %+v", made)
		}
		same, err := m.Update(t.Context(), actor, made.ID, draft)
		if err != nil || same != made {
			t.Errorf("an edit that changes nothing: got %+v, %v, want %+v", same, err, made)
		}
		draft.Body = "c {{ recipient.name }}"
		edited, err := m.Update(t.Context(), actor, made.ID, draft)
		if err != nil || edited.Number != 2 || edited.VersionID == made.VersionID || edited.Body != draft.Body {
			t.Errorf("edited: %+v, %v", edited, err)
		}
		first, err := m.Version(t.Context(), d.Read(), made.VersionID)
		if err != nil || first.Draft != made.Draft || first.Number != 1 || first.MessageID != made.ID {
			t.Errorf("first version: %+v, %v", first, err)
		}
		got, err := m.Get(t.Context(), actor, made.ID)
		if err != nil || got != edited {
			t.Errorf("get: %+v, %v, want %+v", got, err, edited)
		}
		for id, want := range map[int64]string{made.VersionID: "a b", edited.VersionID: "c Иван <Петров>"} {
			for range 2 {
				compiled, err := m.CompiledVersion(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if content, err := compiled.Compose(ivan); err != nil || !strings.HasPrefix(content.Text, want+"\n") {
					t.Errorf("version %d: got %q, %v, want %q", id, content.Text, err, want)
				}
			}
		}
		if _, err := m.CompiledVersion(t.Context(), 999); !fault.Is(err, fault.NotFound) {
			t.Errorf("a version that is not there: %v", err)
		}
	})
}

func TestForeign(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m, owner, other := newMessages(t, d), newUser(t, d, "owner@example.com"), newUser(t, d, "other@example.com")
		other.Permissions = account.Everything()
		made, err := m.Create(t.Context(), owner, message.Draft{Subject: "s", Format: message.Text, Body: "b"})
		if err != nil {
			t.Fatal(err)
		}
		_, errGet := m.Get(t.Context(), other, made.ID)
		_, errUpdate := m.Update(t.Context(), other, made.ID, made.Draft)
		errHold := d.Tx(t.Context(), func(tx db.Tx) error {
			_, err := m.HoldTx(t.Context(), tx, other.ID, made.ID)
			return err
		})
		_, errNobody := m.Create(t.Context(), account.Actor{}, made.Draft)
		for name, err := range map[string]error{
			"get": errGet, "update": errUpdate, "delete": m.Delete(t.Context(), other, made.ID), "hold": errHold,
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if errNobody == nil {
			t.Error("nobody made a message")
		}
		if list, _, err := m.List(t.Context(), other, message.Filter{}); err != nil || len(list) != 0 {
			t.Errorf("list: %+v, %v", list, err)
		}
		if err := d.Tx(t.Context(), func(tx db.Tx) error {
			id, err := m.HoldTx(t.Context(), tx, owner.ID, made.ID)
			if id != made.VersionID {
				t.Errorf("held version: got %d, want %d", id, made.VersionID)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m, actor := newMessages(t, d), newUser(t, d, "owner@example.com")
		for i := range 5 {
			if _, err := m.Create(t.Context(), actor, message.Draft{Subject: fmt.Sprintf("Скидка %d%%", i), Format: message.Text, Body: "b"}); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		filter := message.Filter{Limit: 2}
		for {
			list, next, err := m.List(t.Context(), actor, filter)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range list {
				got = append(got, item.Subject)
			}
			if filter.After = next; next == 0 {
				break
			}
		}
		if want := []string{"Скидка 4%", "Скидка 3%", "Скидка 2%", "Скидка 1%", "Скидка 0%"}; !slices.Equal(got, want) {
			t.Errorf("pages: got %q, want %q", got, want)
		}
		list, _, err := m.List(t.Context(), actor, message.Filter{Search: "СКИДКА 2%"})
		if err != nil || len(list) != 1 || list[0].Number != 1 || list[0].Body != "" {
			t.Errorf("search: %+v, %v", list, err)
		}
	})
}

func TestDelete(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m, actor := newMessages(t, d), newUser(t, d, "owner@example.com")
		made, err := m.Create(t.Context(), actor, message.Draft{Subject: "s", Format: message.Text, Body: "b"})
		if err != nil {
			t.Fatal(err)
		}
		mailing := func(name, state string, deletedAt int) (id int64) {
			t.Helper()
			insert(t, d, &id, `INSERT INTO mailings (user_id, name, message_id, sender_email, frequency, state, created_at, updated_at, deleted_at)
				VALUES ($1, $2, $3, 'a@example.com', 'once', $4, 1, 1, $5) RETURNING id`, actor.ID, name, made.ID, state, deletedAt)
			return id
		}
		mailing("Draft", "draft", 0)
		mailing("Deleted", "active", 1)
		active, paused, finished := mailing("Active", "active", 0), mailing("Paused", "paused", 0), mailing("Finished", "finished", 0)
		var run int64
		insert(t, d, &run, `INSERT INTO runs (mailing_id, user_id, due_at, kind, state, audience, message_version_id, mailing_name, sender_name, sender_email, on_uncertain, created_at)
			VALUES ($1, $2, 1, 'manual', 'sending', '{}', $3, 'n', '', 'a@example.com', 'hold', 1) RETURNING id`, finished, actor.ID, made.VersionID)

		// Each refusal names what is left; then that is ended.
		for _, step := range []struct {
			want string
			then string
			id   int64
		}{
			{"Active, Paused, Finished", `UPDATE mailings SET state = 'finished' WHERE id = $1 RETURNING id`, active},
			{"Paused, Finished", `UPDATE mailings SET state = 'draft' WHERE id = $1 RETURNING id`, paused},
			{"Finished", `UPDATE runs SET finished_at = 1 WHERE id = $1 RETURNING id`, run},
		} {
			err := m.Delete(t.Context(), actor, made.ID)
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || e.Kind != fault.Conflict || e.Key != "message.in_use" || e.Args["Mailings"] != step.want {
				t.Errorf("got %v, want %q", err, step.want)
			}
			insert(t, d, new(int64), step.then, step.id)
		}
		if err := m.Delete(t.Context(), actor, made.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Get(t.Context(), actor, made.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a deleted message: %v", err)
		}
		if err := m.Delete(t.Context(), actor, made.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		if _, err := m.Version(t.Context(), d.Read(), made.VersionID); err != nil {
			t.Errorf("its version: %v", err)
		}
	})
}

func newMessages(t testing.TB, d *db.DB) *message.Messages {
	t.Helper()
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	return message.New(d, bundle)
}

func newUser(t *testing.T, d *db.DB, email string) account.Actor {
	t.Helper()
	actor := account.Actor{Email: email, Role: account.RoleUser}
	insert(t, d, &actor.ID, `INSERT INTO users (email, email_key, password_hash, created_at)
		VALUES ($1, $1, '', 1) RETURNING id`, email)
	return actor
}

// insert runs a statement that returns an id.
func insert(t *testing.T, d *db.DB, id *int64, query string, args ...any) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx db.Tx) error {
		return tx.QueryRow(context.Background(), query, args...).Scan(id)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// places are the failing fields of an error, "field key line:column".
func places(err error) (list []string) {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return nil
	}
	for _, f := range e.Fields {
		place := f.Name + " " + f.Key
		if line, ok := f.Args["Line"]; ok {
			place += fmt.Sprintf(" %v:%v", line, f.Args["Column"])
		}
		list = append(list, place)
	}
	return list
}
