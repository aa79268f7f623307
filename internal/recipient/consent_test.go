package recipient

import (
	"slices"
	"strings"
	"testing"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
)

func TestTokens(t *testing.T) {
	r := New(nil, nil, nil, Options{Secret: []byte("one"), BaseURL: "https://mail.test"})
	other := New(nil, nil, nil, Options{Secret: []byte("two")})
	for _, ids := range [][2]int64{{1, 0}, {1, 1}, {127, 128}, {1 << 62, 1 << 62}} {
		token := r.UnsubscribeToken(ids[0], ids[1])
		if got1, got2, err := r.ParseToken(token); got1 != ids[0] || got2 != ids[1] || err != nil {
			t.Errorf("%v: got %d, %d, %v", ids, got1, got2, err)
		}
		if _, _, err := other.ParseToken(token); !fault.Is(err, fault.NotFound) {
			t.Errorf("another secret's token: got %v", err)
		}
		for i := range token {
			changed := []byte(token)
			changed[i] = "AB"[one(changed[i] == 'A')]
			if _, _, err := r.ParseToken(string(changed)); err == nil {
				t.Errorf("%s was taken", changed)
			}
		}
		if got, want := r.UnsubscribeURL(ids[0], ids[1]), "https://mail.test/u/"+token; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, token := range []string{"", "A", strings.Repeat("A", 22), "!", strings.Repeat("é", 40)} {
		if _, _, err := r.ParseToken(token); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: got %v, want not found", token, err)
		}
	}
}

func TestConsentOutlivesEverything(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		status := func(id int64) Status {
			t.Helper()
			r, err := b.Get(ctx, b.anna, id)
			if err != nil {
				t.Fatal(err)
			}
			return r.Status
		}
		r := b.create(Draft{Email: "a@b.test"})
		for range 2 {
			if err := b.Unsubscribe(ctx, b.UnsubscribeToken(r.ID, 7)); err != nil {
				t.Fatal(err)
			}
		}
		got, _ := b.Get(ctx, b.anna, r.ID)
		if got.Status != Unsubscribed || got.StatusMailingID != 7 || got.StatusAt.IsZero() || b.ledger.skipped[r.ID] != "unsubscribed" {
			t.Fatalf("got %+v, skipped %v", got, b.ledger.skipped)
		}
		draft := got.Draft()
		draft.Name = "new"
		if _, err := b.Update(ctx, b.anna, r.ID, draft); err != nil || status(r.ID) != Unsubscribed {
			t.Errorf("after an edit: %s, %v", status(r.ID), err)
		}
		if err := b.Suppress(ctx, b.anna, r.ID); err != nil || status(r.ID) != Unsubscribed {
			t.Errorf("after Suppress: %s, %v", status(r.ID), err)
		}
		// The refusal stays with an address that the recipient gives up.
		draft.Email = "moved@b.test"
		if _, err := b.Update(ctx, b.anna, r.ID, draft); err != nil || status(r.ID) != Unsubscribed {
			t.Errorf("after a move: %s, %v", status(r.ID), err)
		}
		if again := b.create(Draft{Email: "A@b.test"}); again.Status != Unsubscribed {
			t.Errorf("the old address again: %s", again.Status)
		}
		if err := b.Delete(ctx, b.anna, r.ID); err != nil {
			t.Fatal(err)
		}
		if err := b.Unsubscribe(ctx, b.UnsubscribeToken(r.ID, 7)); err != nil {
			t.Errorf("deleted: %v", err)
		}
		if _, err := b.ImportReader(ctx, b.anna, strings.NewReader("email\nMOVED@b.test\n"), 0, ImportOptions{}, nil); err != nil {
			t.Fatal(err)
		}
		list, _, err := b.List(ctx, b.anna, Filter{Search: "moved"})
		if err != nil || len(list) != 1 || list[0].Status != Unsubscribed || list[0].StatusAt.IsZero() {
			t.Fatalf("imported again: %+v, %v", list, err)
		}
		// An active one that takes a refused address takes its refusal along.
		if err := b.Delete(ctx, b.anna, list[0].ID); err != nil {
			t.Fatal(err)
		}
		free := b.create(Draft{Email: "free@b.test"})
		if _, err := b.Update(ctx, b.anna, free.ID, Draft{Email: "moved@b.test"}); err != nil || status(free.ID) != Unsubscribed {
			t.Errorf("moved to a refused address: %s, %v", status(free.ID), err)
		}
		// Only the explicit word brings back, and for good.
		if err := b.Resubscribe(ctx, b.boris, free.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a foreign recipient: %v", err)
		}
		if err := b.Resubscribe(ctx, b.anna, free.ID); err != nil || status(free.ID) != Active {
			t.Errorf("resubscribed: %s, %v", status(free.ID), err)
		}
		if err := b.Delete(ctx, b.anna, free.ID); err != nil {
			t.Fatal(err)
		}
		if again := b.create(Draft{Email: "moved@b.test"}); again.Status != Active {
			t.Errorf("after Resubscribe: %s", again.Status)
		}
		if other, err := b.Create(ctx, b.boris, Draft{Email: "a@b.test"}); err != nil || other.Status != Active {
			t.Errorf("another user's: %+v, %v", other, err)
		}
	})
}

func TestAudience(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		var ids []int64
		for i, tags := range [][]string{{"a"}, {"a", "b"}, {"b"}, nil, {"c"}, {"a", "c"}, nil} {
			ids = append(ids, b.create(Draft{Email: string(rune('a'+i)) + "@b.test", Tags: tags}).ID)
		}
		foreign, err := b.Create(ctx, b.boris, Draft{Email: "a@b.test", Tags: []string{"a", "foreign"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Unsubscribe(ctx, b.UnsubscribeToken(ids[1], 0)); err != nil {
			t.Fatal(err)
		}
		if err := b.Suppress(ctx, b.anna, ids[5]); err != nil {
			t.Fatal(err)
		}
		skip := map[int64]string{ids[1]: "unsubscribed", ids[5]: "suppressed"}
		for _, tt := range []struct {
			audience Audience
			want     []int64
		}{
			{Audience{All: true}, ids},
			{Audience{Tags: []string{"A"}}, []int64{ids[0], ids[1], ids[5]}},
			{Audience{Tags: []string{"c", "b", "a", "A"}}, []int64{ids[0], ids[1], ids[2], ids[4], ids[5]}},
			{Audience{Tags: []string{"b"}, RecipientIDs: []int64{ids[6], ids[1], ids[0], ids[6]}}, []int64{ids[0], ids[1], ids[2], ids[6]}},
			{Audience{RecipientIDs: []int64{ids[3]}}, []int64{ids[3]}},
			{Audience{}, nil},
		} {
			for _, limit := range []int{1, 2, 100} {
				var got []int64
				var size int64
				err := d.Tx(ctx, func(tx db.Tx) error {
					stored, err := b.ResolveAudienceTx(ctx, tx, 1, tt.audience)
					if err != nil {
						return err
					}
					for after := int64(0); ; {
						list, err := b.AudienceChunkTx(ctx, tx, 1, stored, after, limit)
						if err != nil || len(list) == 0 {
							return err
						}
						for _, p := range list {
							if p.Skip != skip[p.ID] {
								t.Errorf("%d: skipped %q, want %q", p.ID, p.Skip, skip[p.ID])
							}
							got = append(got, p.ID)
						}
						after = list[len(list)-1].ID
					}
				})
				if err != nil || !slices.Equal(got, tt.want) {
					t.Errorf("%+v by %d: got %v, %v; want %v", tt.audience, limit, got, err, tt.want)
				}
				var stored StoredAudience
				err = d.Tx(ctx, func(tx db.Tx) (err error) {
					stored, err = b.ResolveAudienceTx(ctx, tx, 1, tt.audience)
					return err
				})
				if err == nil {
					size, _, err = b.AudienceSize(ctx, 1, stored)
				}
				if err != nil || int(size) != len(tt.want) {
					t.Errorf("%+v: size %d, %v; want %d", tt.audience, size, err, len(tt.want))
				}
			}
		}
		err = d.Tx(ctx, func(tx db.Tx) error {
			_, err := b.ResolveAudienceTx(ctx, tx, 1, Audience{Tags: []string{"a", "foreign"}, RecipientIDs: []int64{ids[0], foreign.ID}})
			return err
		})
		want := []string{"audience.tags: recipient.audience_tag", "audience.recipient_ids: recipient.audience_recipient"}
		if got := failing(t, err); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		err = d.Tx(ctx, func(tx db.Tx) error {
			_, err := b.ResolveAudienceTx(ctx, tx, 1, Audience{Tags: []string{"a\x00"}})
			return err
		})
		if got := failing(t, err); !slices.Equal(got, want[:1]) {
			t.Errorf("a tag that is no text: got %v, want %v", got, want[:1])
		}
		found, err := b.ForSending(ctx, d.Read(), []int64{ids[1], foreign.ID, 1 << 40})
		if err != nil || len(found) != 2 || !slices.Equal(found[ids[1]].Tags, []string{"a", "b"}) {
			t.Errorf("got %+v, %v", found, err)
		}
	})
}

// TestMaxAudience: as many may be named, and one more of either is refused, all
// at once and before anything is looked up.
func TestMaxAudience(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		r := b.create(Draft{Email: "a@b.test", Tags: []string{"a"}})
		tags, ids := slices.Repeat([]string{"a"}, MaxAudience), slices.Repeat([]int64{r.ID}, MaxAudience)
		resolve := func(a Audience) (stored StoredAudience, err error) {
			err = d.Tx(t.Context(), func(tx db.Tx) error {
				stored, err = b.ResolveAudienceTx(t.Context(), tx, b.anna.ID, a)
				return err
			})
			return stored, err
		}
		got, err := resolve(Audience{Tags: tags, RecipientIDs: ids})
		if err != nil || len(got.TagIDs) != 1 || !slices.Equal(got.RecipientIDs, []int64{r.ID}) {
			t.Errorf("got %+v, %v; want one of each", got, err)
		}
		tags, ids = append(tags, "unknown"), append(ids, 1<<40)
		for _, tt := range []struct {
			audience Audience
			want     []string
		}{
			{Audience{Tags: tags}, []string{"audience.tags: recipient.audience_many"}},
			{Audience{RecipientIDs: ids}, []string{"audience.recipient_ids: recipient.audience_many"}},
			{Audience{Tags: tags, RecipientIDs: ids}, []string{"audience.tags: recipient.audience_many", "audience.recipient_ids: recipient.audience_many"}},
		} {
			got, err := resolve(tt.audience)
			if got := failing(t, err); !slices.Equal(got, tt.want) {
				t.Errorf("%d tags, %d recipients: got %v, want %v", len(tt.audience.Tags), len(tt.audience.RecipientIDs), got, tt.want)
			}
			if got.TagIDs != nil || got.RecipientIDs != nil {
				t.Errorf("refused, and yet %+v", got)
			}
		}
		if _, err := resolve(Audience{All: true, Tags: tags, RecipientIDs: ids}); err != nil {
			t.Errorf("all, whatever else is named: %v", err)
		}
	})
}
