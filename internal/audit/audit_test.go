package audit_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

func TestRecordAndList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		record := func(fail error, entries ...audit.Entry) error {
			return d.Tx(ctx, func(tx db.Tx) error {
				for _, e := range entries {
					if err := audit.RecordTx(ctx, tx, e); err != nil {
						return err
					}
				}
				return fail
			})
		}
		block := audit.Entry{ActorID: 1, ActorEmail: "m@example.com", Action: "user.block", ObjectKind: "user", ObjectID: 7, Reason: "Спам", Address: "192.0.2.1"}.Named("Иван@пример.рф")
		unblock := audit.Entry{Action: "user.unblock", ObjectKind: "user", ObjectID: 7}
		if err := record(nil, block, unblock, audit.Entry{ActorID: 1, Action: "token.create", ObjectKind: "token", ObjectID: 7}); err != nil {
			t.Fatal(err)
		}
		undone := errors.New("undone")
		if err := record(undone, block); !errors.Is(err, undone) {
			t.Fatalf("got %v, want %v", err, undone)
		}

		for _, tt := range []struct {
			name   string
			filter audit.Filter
			want   []string
		}{
			{"all, newest first", audit.Filter{}, []string{"token.create", "user.unblock", "user.block"}},
			{"of one actor", audit.Filter{ActorID: 1}, []string{"token.create", "user.block"}},
			{"of one object", audit.Filter{ObjectKind: "user", ObjectID: 7}, []string{"user.unblock", "user.block"}},
			{"of one action", audit.Filter{Action: "user.block"}, []string{"user.block"}},
			{"by a reason", audit.Filter{Search: " спаМ "}, []string{"user.block"}},
			{"by an object", audit.Filter{Search: "иваН@"}, []string{"user.block"}},
			{"by a client", audit.Filter{Search: "192.0"}, []string{"user.block"}},
			{"no wildcard", audit.Filter{Search: "%"}, nil},
			{"from now on", audit.Filter{From: d.Now().Add(-time.Hour)}, []string{"token.create", "user.unblock", "user.block"}},
			{"until an hour ago", audit.Filter{Until: d.Now().Add(-time.Hour)}, nil},
			{"all at once", audit.Filter{
				Search: "спам", ActorID: 1, Action: "user.block", ObjectKind: "user", ObjectID: 7,
				From: d.Now().Add(-time.Hour), Until: d.Now().Add(time.Hour),
			}, []string{"user.block"}},
		} {
			entries, next, err := audit.List(ctx, d.Read(), tt.filter)
			if err != nil || next != 0 {
				t.Fatalf("%s: got next %d, %v", tt.name, next, err)
			}
			var got []string
			for _, e := range entries {
				got = append(got, e.Action)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%s: got %v, want %v", tt.name, got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
				}
			}
		}

		var pages []audit.Entry
		filter := audit.Filter{Limit: 2}
		for {
			page, next, err := audit.List(ctx, d.Read(), filter)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, page...)
			if next == 0 {
				break
			}
			filter.After = next
		}
		if len(pages) != 3 {
			t.Fatalf("pages of two: got %d entries, want 3", len(pages))
		}
		got := pages[2]
		if got.At.IsZero() || got.ID == 0 {
			t.Errorf("entry has no time or id: %+v", got)
		}
		got.ID, got.At = 0, block.At
		if got != block {
			t.Errorf("got %+v, want %+v", got, block)
		}
		actions, err := audit.Actions(ctx, d.Read())
		if want := []string{"token.create", "user.block", "user.unblock"}; err != nil || !slices.Equal(actions, want) {
			t.Errorf("actions: got %v, %v, want %v", actions, err, want)
		}
	})
}

func TestNothingRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if actions, err := audit.Actions(t.Context(), d.Read()); err != nil || len(actions) != 0 {
			t.Errorf("got %v, %v", actions, err)
		}
	})
}
