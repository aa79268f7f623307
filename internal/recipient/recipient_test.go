package recipient

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/queue"
)

// noted is a ledger that notes what it is told.
type noted struct {
	skipped   map[int64]string
	forgotten []int64
	load      map[int64]int
}

func (n *noted) SkipRecipientTx(_ context.Context, _ db.Tx, id int64, reason string) error {
	n.skipped[id] = reason
	return nil
}

func (n *noted) ForgetRecipientTx(_ context.Context, _ db.Tx, id int64) error {
	n.forgotten = append(n.forgotten, id)
	return nil
}

func (n *noted) Load(context.Context, []int64) (map[int64]int, error) { return n.load, nil }

// bench is the recipients of a fresh database with two users; the counters
// are checked against the rows when the test ends.
type bench struct {
	*Recipients
	t      testing.TB
	ledger *noted
	anna   account.Actor
	boris  account.Actor
}

func newBench(t testing.TB, d *db.DB) *bench {
	t.Helper()
	q := queue.New(d, dbtest.Log(t))
	ledger := &noted{skipped: map[int64]string{}}
	b := &bench{
		New(d, q, ledger, Options{Secret: []byte("secret"), BaseURL: "https://mail.test", ImportMax: 8 << 20}), t, ledger,
		account.Actor{ID: 1, Role: account.RoleUser},
		account.Actor{ID: 2, Role: account.RoleUser},
	}
	b.Work()
	if err := q.Open(queue.Workers{queue.Work: 2}); err != nil {
		t.Fatal(err)
	}
	err := d.Tx(t.Context(), func(tx db.Tx) error {
		for id := 1; id <= 2; id++ {
			_, err := tx.Exec(t.Context(), `INSERT INTO users (id, email, email_key, password_hash, created_at)
				VALUES ($1, $2, $2, '', 1)`, id, fmt.Sprintf("user%d@gonets.test", id))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.checkCounts() })
	return b
}

// checkCounts compares every counter with the rows that it counts.
func (b *bench) checkCounts() {
	b.t.Helper()
	ctx := context.Background()
	for _, query := range []string{
		`SELECT count(*) FROM recipient_counts c WHERE total <> (SELECT count(*) FROM recipients r WHERE r.user_id = c.user_id)
			OR active <> (SELECT count(*) FROM recipients r WHERE r.user_id = c.user_id AND status = 'active')`,
		`SELECT count(*) FROM tags t WHERE recipients <> (SELECT count(*) FROM recipient_tags rt WHERE rt.tag_id = t.id)`,
		`SELECT count(*) FROM recipients r WHERE NOT EXISTS (SELECT 1 FROM recipient_counts c WHERE c.user_id = r.user_id)`,
		`SELECT count(*) FROM addresses a WHERE users <> (SELECT count(*) FROM recipients r WHERE r.email_key = a.email_key)`,
		`SELECT count(*) FROM recipients r WHERE NOT EXISTS (SELECT 1 FROM addresses a WHERE a.email_key = r.email_key)`,
		`SELECT abs((SELECT sum(recipients) FROM totals) - (SELECT count(*) FROM addresses))`,
		`SELECT count(*) FROM imports WHERE rows <> created + updated + skipped + rejected`,
		`SELECT count(*) FROM import_chunks c JOIN imports i ON i.id = c.import_id WHERE i.finished_at > 0`,
	} {
		var wrong int
		if err := b.db.Read().QueryRow(ctx, query).Scan(&wrong); err != nil || wrong != 0 {
			b.t.Errorf("%d wrong counters (%v): %s", wrong, err, query)
		}
	}
}

func (b *bench) create(d Draft) Recipient {
	b.t.Helper()
	r, err := b.Create(b.t.Context(), b.anna, d)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// failing are the fields of an Invalid error, "name: key".
func failing(t testing.TB, err error) []string {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Invalid {
		t.Fatalf("got %v, want an invalid input", err)
	}
	var list []string
	for _, f := range e.Fields {
		list = append(list, f.Name+": "+f.Key)
	}
	return list
}

func TestCreateGetUpdateDelete(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		made := b.create(Draft{
			Email: " Ivan@Пример.РФ ", Name: "Иван", Comment: "one\r\ntwo", Tags: []string{"VIP", "vip", "Москва"},
			Attributes: map[string]any{"город": "Москва", "age": 42, "rate": 0.5, "ok": true, "list": []any{"a", 1.0}, "none": nil},
			TimeZone:   "Europe/Moscow", Locale: "ru-ru",
		})
		got, err := b.Get(ctx, b.anna, made.ID)
		if err != nil || !reflect.DeepEqual(got, made) {
			t.Fatalf("got %+v, %v, want %+v", got, err, made)
		}
		want := Recipient{
			ID: made.ID, UserID: 1, Email: "Ivan@пример.рф", Name: "Иван", Comment: "one\ntwo", Tags: []string{"VIP", "Москва"},
			Attributes: map[string]any{"город": "Москва", "age": int64(42), "rate": 0.5, "ok": true, "list": []any{"a", int64(1)}},
			TimeZone:   "Europe/Moscow", Locale: "ru-RU", Status: Active, CreatedAt: got.CreatedAt, UpdatedAt: got.UpdatedAt,
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}

		_, err = b.Create(ctx, b.anna, Draft{Email: "IVAN@xn--e1afmkfd.xn--p1ai"})
		if got := failing(t, err); !slices.Equal(got, []string{"email: recipient.duplicate"}) {
			t.Errorf("got %v", got)
		}
		if _, err := b.Create(ctx, b.boris, Draft{Email: "ivan@пример.рф"}); err != nil {
			t.Errorf("another user's list: %v", err)
		}
		for name, err := range map[string]error{
			"get":    func() error { _, err := b.Get(ctx, b.boris, made.ID); return err }(),
			"update": func() error { _, err := b.Update(ctx, b.boris, made.ID, Draft{Email: "a@b.test"}); return err }(),
			"delete": b.Delete(ctx, b.boris, made.ID),
			"absent": b.Delete(ctx, b.anna, 1<<40),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: got %v, want not found", name, err)
			}
		}

		draft := got.Draft()
		draft.Name, draft.Tags, draft.Attributes = "Пётр", []string{"new", "vip"}, nil
		changed, err := b.Update(ctx, b.anna, made.ID, draft)
		if err != nil || changed.Name != "Пётр" || !slices.Equal(changed.Tags, []string{"new", "VIP"}) || len(changed.Attributes) != 0 {
			t.Errorf("got %+v, %v", changed, err)
		}
		other := b.create(Draft{Email: "other@b.test"})
		draft.Email = "other@b.test"
		if _, err := b.Update(ctx, b.anna, made.ID, draft); !slices.Equal(failing(t, err), []string{"email: recipient.duplicate"}) {
			t.Errorf("got %v", err)
		}
		if err := b.Delete(ctx, b.anna, other.ID); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.ledger.forgotten, []int64{other.ID}) {
			t.Errorf("the ledger forgot %v, want %d", b.ledger.forgotten, other.ID)
		}
		if _, err := b.Get(ctx, b.anna, other.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want not found", err)
		}
	})
}

// TestMaxAttributes: as many can be kept, and one more is refused at the field.
func TestMaxAttributes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		most, many := numbered("a", MaxAttributes), numbered("a", MaxAttributes+1)
		made := b.create(Draft{Email: "a@b.test", Attributes: most})
		if got, err := b.Get(ctx, b.anna, made.ID); err != nil || !reflect.DeepEqual(got.Attributes, most) {
			t.Errorf("got %v, %v; want %v", got.Attributes, err, most)
		}
		want := []string{"attributes: recipient.attributes_many"}
		if _, err := b.Create(ctx, b.anna, Draft{Email: "b@b.test", Attributes: many}); !slices.Equal(failing(t, err), want) {
			t.Errorf("create: got %v, want %v", err, want)
		}
		if _, err := b.Update(ctx, b.anna, made.ID, Draft{Email: "a@b.test", Attributes: many}); !slices.Equal(failing(t, err), want) {
			t.Errorf("update: got %v, want %v", err, want)
		}
		if got, err := b.Get(ctx, b.anna, made.ID); err != nil || len(got.Attributes) != MaxAttributes {
			t.Errorf("afterwards: got %v, %v; want what was there", got.Attributes, err)
		}
	})
}

// TestEditsThatRace to one address: one has it, and the others are told at the
// field.
func TestEditsThatRace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		const runners = 8
		var ids []int64
		for i := range runners {
			ids = append(ids, b.create(Draft{Email: fmt.Sprintf("r%d@b.test", i)}).ID)
		}
		ends := make(chan error, runners)
		for _, id := range ids {
			go func() {
				_, err := b.Update(t.Context(), b.anna, id, Draft{Email: "one@b.test"})
				ends <- err
			}()
		}
		first := 0
		for range runners {
			err := <-ends
			if err == nil {
				first++
				continue
			}
			if got := failing(t, err); !slices.Equal(got, []string{"email: recipient.duplicate"}) {
				t.Errorf("got %v", got)
			}
		}
		if first != 1 {
			t.Errorf("%d have the address, want 1", first)
		}
	})
}

func TestCheckTellsEveryField(t *testing.T) {
	many := make([]string, MaxTags+1)
	for i := range many {
		many[i] = fmt.Sprint("tag", i)
	}
	for name, tt := range map[string]struct {
		draft Draft
		want  []string
	}{
		"all at once": {Draft{Name: "a\nb", Comment: "x\x00", Tags: []string{"a,b"}, TimeZone: "Mars/Base", Locale: "??"}, []string{
			"email: error.required", "name: error.control_characters", "comment: error.control_characters",
			"tags: recipient.tag_characters", "time_zone: error.time_zone", "locale: error.language",
		}},
		"address":        {Draft{Email: "Ivan <a@b.test>"}, []string{"email: mail.address_character"}},
		"injection":      {Draft{Email: "a@b.test\nBcc: c@d.test"}, []string{"email: mail.address_character"}},
		"long name":      {Draft{Email: "a@b.test", Name: strings.Repeat("я", MaxName+1)}, []string{"name: error.too_long"}},
		"invalid UTF-8":  {Draft{Email: "a@b.test", Name: "\xff"}, []string{"name: error.control_characters"}},
		"local zone":     {Draft{Email: "a@b.test", TimeZone: "Local"}, []string{"time_zone: error.time_zone"}},
		"many tags":      {Draft{Email: "a@b.test", Tags: many}, []string{"tags: recipient.tags_many"}},
		"long tag":       {Draft{Email: "a@b.test", Tags: []string{strings.Repeat("t", MaxTag+1)}}, []string{"tags: error.too_long"}},
		"attribute keys": {Draft{Email: "a@b.test", Attributes: map[string]any{"1a": 1, "a b": 1, "email": 1}}, []string{"attributes.1a: recipient.attribute_key", "attributes.a b: recipient.attribute_key", "attributes.email: recipient.attribute_reserved"}},
		"object":         {Draft{Email: "a@b.test", Attributes: map[string]any{"a": map[string]any{}}}, []string{"attributes.a: recipient.attribute_value"}},
		"list in list":   {Draft{Email: "a@b.test", Attributes: map[string]any{"a": []any{[]any{}}}}, []string{"attributes.a: recipient.attribute_value"}},
		"large":          {Draft{Email: "a@b.test", Attributes: map[string]any{"a": strings.Repeat("x", 9000), "b": strings.Repeat("x", 9000)}}, []string{"attributes: recipient.attributes_large"}},
	} {
		_, err := check(tt.draft)
		if got := failing(t, err); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestListFiltersAndPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		var want []int64
		for i := range 25 {
			tags := []string{"all"}
			if i%5 == 0 {
				tags = append(tags, "Пятый")
			}
			r := b.create(Draft{Email: fmt.Sprintf("r%02d@b.test", i), Name: fmt.Sprintf("Иван %d%%", i), Tags: tags})
			want = append(want, r.ID)
		}
		slices.Reverse(want)
		if _, err := b.Create(ctx, b.boris, Draft{Email: "r01@b.test", Tags: []string{"all"}}); err != nil {
			t.Fatal(err)
		}
		for _, f := range []Filter{{}, {Tag: "ALL"}, {Search: "иВАН"}, {Status: Active}, {Tag: "all", Search: "@b.test", Status: Active}} {
			f.Limit = 10
			var got []int64
			for {
				list, next, err := b.List(ctx, b.anna, f)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range list {
					got = append(got, r.ID)
				}
				if f.After = next; next == 0 {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v: got %v, want %v", f, got, want)
			}
			if n, exact, err := b.Count(ctx, b.anna, f); n != 25 || !exact || err != nil {
				t.Errorf("%+v: counted %d, %v, %v", f, n, exact, err)
			}
		}
		for _, tt := range []struct {
			f    Filter
			want int
		}{
			{Filter{Tag: "пятый"}, 5}, {Filter{Tag: "none"}, 0}, {Filter{Search: "24%"}, 1}, {Filter{Search: "_"}, 0}, {Filter{Status: Unsubscribed}, 0},
		} {
			list, next, err := b.List(ctx, b.anna, tt.f)
			if len(list) != tt.want || next != 0 || err != nil {
				t.Errorf("%+v: got %d, %d, %v; want %d", tt.f, len(list), next, err, tt.want)
			}
			if n, _, err := b.Count(ctx, b.anna, tt.f); int(n) != tt.want || err != nil {
				t.Errorf("%+v: counted %d, %v; want %d", tt.f, n, err, tt.want)
			}
		}
		tags, err := b.Tags(ctx, b.anna)
		if err != nil || len(tags) != 2 || tags[0].Name != "all" || tags[0].Recipients != 25 || tags[1].Recipients != 5 {
			t.Errorf("got %v, %v", tags, err)
		}
	})
}

func TestBulkActions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		foreign, err := b.Create(ctx, b.boris, Draft{Email: "boris@b.test"})
		if err != nil {
			t.Fatal(err)
		}
		ids := []int64{foreign.ID}
		for i := range 2*perAction + 5 {
			ids = append(ids, b.create(Draft{Email: fmt.Sprintf("r%d@b.test", i), Tags: []string{"old"}}).ID)
		}
		n, err := b.AddTag(ctx, b.anna, Selection{IDs: ids}, "new")
		if n != 405 || err != nil {
			t.Errorf("tagged %d, %v; want 405", n, err)
		}
		n, err = b.RemoveTag(ctx, b.anna, Selection{IDs: ids[:11]}, "NEW")
		if n != 10 || err != nil {
			t.Errorf("untagged %d, %v; want 10", n, err)
		}
		b.checkCounts()
		n, err = b.DeleteMany(ctx, b.anna, Selection{Filter: &Filter{Tag: "new"}})
		if n != 395 || err != nil {
			t.Errorf("deleted %d, %v; want 395", n, err)
		}
		n, err = b.DeleteMany(ctx, b.anna, Selection{IDs: ids})
		if n != 10 || err != nil {
			t.Errorf("deleted %d, %v; want 10", n, err)
		}
		if n, err = b.DeleteMany(ctx, b.anna, Selection{}); n != 0 || err != nil {
			t.Errorf("nothing selected: deleted %d, %v", n, err)
		}
		if _, err := b.Get(ctx, b.boris, foreign.ID); err != nil {
			t.Errorf("a foreign recipient: %v", err)
		}
		if err := b.RebuildCounts(ctx, 1); err != nil {
			t.Error(err)
		}
	})
}

// TestLight: nobody waits long behind a deletion of those who got much mail.
func TestLight(t *testing.T) {
	ledger := &noted{load: map[int64]int{1: 300, 2: 200, 3: 1, 4: 2000, 6: 499, 7: 1}}
	r := &Recipients{ledger: ledger}
	given := [][]int64{{1, 2, 3, 4, 5}, {6, 7, 8}}
	next := r.light(func(context.Context) (ids []int64, err error) {
		if len(given) > 0 {
			ids, given = given[0], given[1:]
		}
		return ids, nil
	})
	for _, want := range [][]int64{{1, 2}, {3}, {4}, {5}, {6, 7, 8}, nil} {
		if got, err := next(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}
