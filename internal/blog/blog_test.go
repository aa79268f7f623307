package blog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/blog"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func draft(title string, published time.Time) blog.Draft {
	return blog.Draft{Title: title, Locale: "en", Body: "Hello **there**.", PublishedAt: published}
}

// desk is a blog with an editor, and a way to say "this must work".
type desk struct {
	*testing.T
	db       *db.DB
	articles *blog.Articles
	editor   account.Actor
}

func each(t *testing.T, test func(*desk)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		test(&desk{t, d, blog.New(d), account.CommandLine()})
	})
}

func (d *desk) create(draft blog.Draft) blog.Article {
	d.Helper()
	a, err := d.articles.Create(d.Context(), d.editor, draft)
	d.must(err)
	return a
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func titles(articles []blog.Article) (titles []string) {
	for i := range articles {
		titles = append(titles, articles[i].Title)
	}
	return titles
}

func TestOnlyThePublishedAreRead(t *testing.T) {
	each(t, func(d *desk) {
		now := d.db.Now()
		d.create(draft("Old news", now.Add(-time.Hour)))
		d.create(draft("News", now.Add(-time.Minute)))
		d.create(draft("Draft", time.Time{}))
		d.create(draft("Tomorrow", now.Add(24*time.Hour)))

		latest, next, err := d.articles.Latest(d.Context(), 0, 10)
		d.must(err)
		if got, want := titles(latest), []string{"News", "Old news"}; !slices.Equal(got, want) || next != 0 {
			d.Errorf("latest: got %q and next %d, want %q", got, next, want)
		}
		for slug, want := range map[string]fault.Kind{"news": "", "draft": fault.NotFound, "tomorrow": fault.NotFound, "none": fault.NotFound} {
			if _, err := d.articles.Published(d.Context(), slug); kind(err) != want {
				d.Errorf("published %q: got %v, want %q", slug, err, want)
			}
		}
		for state, want := range map[blog.State][]string{
			"":                  {"Tomorrow", "Draft", "News", "Old news"},
			blog.StateDraft:     {"Draft"},
			blog.StateScheduled: {"Tomorrow"},
			blog.StatePublished: {"News", "Old news"},
		} {
			list, _, err := d.articles.List(d.Context(), d.editor, blog.Filter{State: state})
			d.must(err)
			if got := titles(list); !slices.Equal(got, want) {
				d.Errorf("list of %q: got %q, want %q", state, got, want)
			}
		}
	})
}

func kind(err error) fault.Kind {
	if err == nil {
		return ""
	}
	return fault.KindOf(err)
}

func TestLatestGoesOnByKey(t *testing.T) {
	each(t, func(d *desk) {
		at := d.db.Now().Add(-time.Hour)
		for n := range 5 { // two by two of the same moment
			d.create(draft(fmt.Sprint("Article ", n), at.Add(time.Duration(n/2)*time.Minute)))
		}
		var got []string
		for after := int64(0); ; {
			page, next, err := d.articles.Latest(d.Context(), after, 2)
			d.must(err)
			got = append(got, titles(page)...)
			if after = next; next == 0 {
				break
			}
		}
		want := []string{"Article 4", "Article 3", "Article 2", "Article 1", "Article 0"}
		if !slices.Equal(got, want) {
			d.Errorf("got %q, want %q", got, want)
		}
		middle, err := d.articles.Published(d.Context(), "article-2")
		d.must(err)
		older, newer, err := d.articles.Neighbours(d.Context(), &middle)
		d.must(err)
		if older == nil || older.Title != "Article 1" || newer == nil || newer.Title != "Article 3" {
			d.Errorf("neighbours: got %v and %v", older, newer)
		}
	})
}

// Whatever is published, withdrawn and deleted, each of the published has one
// place, and no place is empty: so each is as likely as any other.
func TestRandomFindsEveryArticleAndNoOther(t *testing.T) {
	each(t, func(d *desk) {
		past := d.db.Now().Add(-time.Hour)
		if got, err := d.articles.Random(d.Context(), 3); err != nil || len(got) != 0 {
			d.Fatalf("an empty blog: got %v, %v", got, err)
		}
		var made []blog.Article
		for n := range 20 {
			made = append(made, d.create(draft(fmt.Sprint("Article ", n), past)))
		}
		d.must(d.articles.Delete(d.Context(), d.editor, made[0].ID))
		d.must(d.articles.Delete(d.Context(), d.editor, made[19].ID))
		withdrawn := made[7].Draft
		withdrawn.PublishedAt = time.Time{}
		_, err := d.articles.Update(d.Context(), d.editor, made[7].ID, made[7].Version, withdrawn)
		d.must(err)
		d.create(draft("Later", d.db.Now().Add(time.Hour)))

		seen := map[string]int{}
		for range 200 {
			got, err := d.articles.Random(d.Context(), 3)
			d.must(err)
			if len(got) != 3 || got[0].ID == got[1].ID || got[1].ID == got[2].ID || got[0].ID == got[2].ID {
				d.Fatalf("got %q, want three different ones", titles(got))
			}
			for i := range got {
				seen[got[i].Title]++
			}
		}
		if len(seen) != 17 { // 600 picks: one that is missed has a chance of 10⁻¹⁶
			d.Errorf("got %d articles, want 17: %v", len(seen), seen)
		}
		for _, title := range []string{"Article 0", "Article 7", "Article 19", "Later"} {
			if seen[title] > 0 {
				d.Errorf("%q was picked", title)
			}
		}
	})
}

func TestWhatIsWrongIsTold(t *testing.T) {
	each(t, func(d *desk) {
		d.create(draft("Taken", time.Time{}))
		long := strings.Repeat("я", 501)
		for _, tt := range []struct {
			name  string
			draft blog.Draft
			want  []string // fields
		}{
			{"nothing at all", blog.Draft{}, []string{"title", "locale", "body"}},
			{"a title of spaces", blog.Draft{Title: " \n ", Locale: "ru", Body: "x"}, []string{"title"}},
			{"too long", blog.Draft{Title: long, Slug: "a", Locale: "ru", Summary: long, Body: "x", CoverAlt: long}, []string{"title", "summary", "cover_alt"}},
			{"a body too large", blog.Draft{Title: "x", Locale: "ru", Body: strings.Repeat("x", blog.MaxBody+1)}, []string{"body"}},
			{"a slug that is none", blog.Draft{Title: "x", Slug: "../etc", Locale: "ru", Body: "x"}, []string{"slug"}},
			{"a title without letters", blog.Draft{Title: "★★★", Locale: "ru", Body: "x"}, []string{"slug"}},
			{"a slug taken", blog.Draft{Title: "x", Slug: "TAKEN", Locale: "ru", Body: "x"}, []string{"slug"}},
			{"no picture", blog.Draft{Title: "x", Locale: "ru", Body: "x", CoverName: strings.Repeat("0", 32)}, []string{"cover"}},
			{"no picture's name", blog.Draft{Title: "x", Locale: "ru", Body: "x", CoverName: "x'"}, []string{"cover"}},
			{"control characters", blog.Draft{Title: "a\x00b", Slug: "x", Locale: "ru", Body: "a\x1bb"}, []string{"title", "body"}},
			{"a year that no column holds", blog.Draft{Title: "x", Locale: "ru", Body: "x", PublishedAt: time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)}, []string{"published_at"}},
		} {
			_, err := d.articles.Create(d.Context(), d.editor, tt.draft)
			if got := fields(err); !slices.Equal(got, tt.want) {
				d.Errorf("%s: got %q (%v), want %q", tt.name, got, err, tt.want)
			}
		}
	})
}

func fields(err error) (names []string) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		for _, field := range f.Fields {
			names = append(names, field.Name)
		}
	}
	return names
}

func TestTwoWhoEditDoNotUndoEachOther(t *testing.T) {
	each(t, func(d *desk) {
		a := d.create(draft("One", time.Time{}))
		_, err := d.articles.Update(d.Context(), d.editor, a.ID, a.Version, draft("Two", time.Time{}))
		d.must(err)
		if _, err := d.articles.Update(d.Context(), d.editor, a.ID, a.Version, draft("Three", time.Time{})); !fault.Is(err, fault.Conflict) {
			d.Errorf("got %v, want a conflict", err)
		}
	})
}

func TestFormerAddressesLeadOn(t *testing.T) {
	each(t, func(d *desk) {
		past := d.db.Now().Add(-time.Hour)
		a := d.create(draft("First", past))
		a, err := d.articles.Update(d.Context(), d.editor, a.ID, a.Version, draft("Second", past))
		d.must(err)
		found, err := d.articles.Published(d.Context(), "first")
		d.must(err)
		if found.Slug != "second" {
			d.Errorf("got %q, want second", found.Slug)
		}
		d.create(draft("First", past)) // a former address is free
		found, err = d.articles.Published(d.Context(), "first")
		d.must(err)
		if found.ID == a.ID {
			d.Error("the former owner of an address has it still")
		}
		if _, err := d.articles.Update(d.Context(), d.editor, a.ID, a.Version, draft("First", past)); !slices.Equal(fields(err), []string{"slug"}) {
			d.Errorf("got %v, want the slug to be taken", err)
		}
	})
}

func TestOnlyThoseWhoMayWrite(t *testing.T) {
	d := dbtest.SQLite(t)
	articles, ctx := blog.New(d), t.Context()
	for _, actor := range []account.Actor{{}, {ID: 1, Role: account.RoleUser}, {ID: 1, Role: account.RoleModerator}} {
		_, create := articles.Create(ctx, actor, draft("x", time.Time{}))
		_, update := articles.Update(ctx, actor, 1, 1, draft("x", time.Time{}))
		_, get := articles.Get(ctx, actor, 1)
		_, _, list := articles.List(ctx, actor, blog.Filter{})
		_, preview := articles.Preview(actor, draft("x", time.Time{}))
		_, picture := articles.AddPicture(ctx, actor, strings.NewReader("x"))
		for i, err := range []error{create, update, get, list, preview, picture, articles.Delete(ctx, actor, 1)} {
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("act %d as %v: got %v, want it forbidden", i, actor, err)
			}
		}
	}
}

func TestEveryActIsInTheAudit(t *testing.T) {
	each(t, func(d *desk) {
		a := d.create(draft("One", time.Time{}))
		_, err := d.articles.Update(d.Context(), d.editor, a.ID, a.Version, draft("Two", time.Time{}))
		d.must(err)
		d.must(d.articles.Delete(d.Context(), d.editor, a.ID))
		var got string
		d.must(d.db.Read().QueryRow(d.Context(), `SELECT string_agg(action || ' ' || object_name, ', ') FROM (SELECT * FROM audit ORDER BY id) AS a`).Scan(&got))
		if want := "article.create One, article.edit Two, article.delete Two"; got != want {
			d.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestViews(t *testing.T) {
	each(t, func(d *desk) {
		a := d.create(draft("One", time.Time{}))
		gone := d.create(draft("Gone", time.Time{}))
		before, err := d.articles.Edition(d.Context())
		d.must(err)
		for range 3 {
			d.must(d.articles.View(d.Context(), a.ID))
		}
		d.must(d.articles.View(d.Context(), gone.ID))
		d.must(d.articles.View(d.Context(), 12345)) // no such article
		after, err := d.articles.Edition(d.Context())
		d.must(err)
		if before != after {
			d.Error("a view made cached pages old")
		}
		d.must(d.articles.Delete(d.Context(), d.editor, gone.ID))
		d.must(d.articles.Flush(d.Context()))
		d.must(blog.New(d.db).View(d.Context(), a.ID)) // another node
		got, err := d.articles.Get(d.Context(), d.editor, a.ID)
		d.must(err)
		if got.Views != 4 {
			d.Errorf("got %d views, want 4", got.Views)
		}
	})
}

func TestEditionChangesWithWhatIsShown(t *testing.T) {
	each(t, func(d *desk) {
		edition := func() string {
			e, err := d.articles.Edition(d.Context())
			d.must(err)
			return e.String()
		}
		seen := map[string]bool{edition(): true}
		a := d.create(draft("One", d.db.Now()))
		for _, act := range []func() error{
			func() error { return nil },
			func() error {
				_, err := d.articles.Update(d.Context(), d.editor, a.ID, a.Version, draft("Two", d.db.Now()))
				return err
			},
			func() error { return d.articles.Delete(d.Context(), d.editor, a.ID) },
		} {
			d.must(act())
			if e := edition(); seen[e] {
				d.Errorf("edition %s was there before", e)
			} else {
				seen[e] = true
			}
		}
	})
}

// later is a clock that can be moved.
type later struct{ time.Time }

func (l *later) Now() time.Time { return l.Time }

func TestPublishedByTheClock(t *testing.T) {
	clock := &later{noon}
	d := dbtest.Open(t, dbtest.SQLiteURL(t), clock)
	articles, ctx := blog.New(d), context.Background()
	if _, err := articles.Create(ctx, account.CommandLine(), draft("Soon", noon.Add(time.Minute))); err != nil {
		t.Fatal(err)
	}
	before, _ := articles.Edition(ctx)
	if _, err := articles.Published(ctx, "soon"); !fault.Is(err, fault.NotFound) {
		t.Fatalf("got %v, want it hidden", err)
	}
	clock.Time = noon.Add(time.Minute)
	if _, err := articles.Published(ctx, "soon"); err != nil {
		t.Errorf("got %v, want it published", err)
	}
	if after, _ := articles.Edition(ctx); after == before {
		t.Error("the edition is the same")
	}
}

func TestSlug(t *testing.T) {
	for title, want := range map[string]string{
		"Доставка без потерь":        "dostavka-bez-poter",
		"  Ещё  раз — о подъездах!":  "eshche-raz-o-podezdakh",
		"Don’t panic: 10 Émigrés":    "dont-panic-10-emigres",
		"★":                          "",
		strings.Repeat("слово ", 50): "slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo",
	} {
		if got := blog.Slug(title); got != want {
			t.Errorf("slug of %q: got %q, want %q", title, got, want)
		}
	}
}
