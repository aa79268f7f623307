package recipient

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
)

// TestEraseOwner: all goes that a deleted user had, a chunk at a time, and
// nothing of another's, be it the same addresses.
func TestEraseOwner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		for _, actor := range []account.Actor{b.anna, b.boris} {
			b.furnish(actor)
		}
		kept := b.possessions(2)
		if had := b.possessions(1); !slices.Equal(had, kept) || slices.Contains(had, 0) {
			t.Fatalf("anna has %v, boris %v", had, kept)
		}
		uploaded, err := b.Upload(ctx, b.anna, strings.NewReader("email\nlate@b.test\n"), ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		late, err := b.takeUp(ctx, uploaded.ID)
		if err != nil {
			t.Fatal(err)
		}

		chunks, people := 0, b.possessions(1)[0]
		for more := true; more; chunks++ {
			if more, err = b.EraseOwner(ctx, b.anna.ID); err != nil {
				t.Fatal(err)
			}
			left := b.possessions(1)[0]
			if people-left > eraseChunk {
				t.Errorf("%d recipients went at once, want at most %d", people-left, eraseChunk)
			}
			people = left
			if chunks > 0 { // its import is gone
				if _, err := late.step(ctx); !errors.Is(err, errSuperseded) {
					t.Errorf("the import that was at work: got %v, want superseded", err)
				}
			}
			b.checkCounts()
		}
		// Two imports, three times recipients, the rest, and that there is none.
		if chunks != 7 {
			t.Errorf("%d chunks, want 7", chunks)
		}
		for i, n := range b.possessions(1) {
			if n != 0 {
				t.Errorf("%d rows of %s are left", n, possessed[i])
			}
		}
		if got := b.possessions(2); !slices.Equal(got, kept) {
			t.Errorf("boris has %v, want %v", got, kept)
		}
		if got := len(b.ledger.forgotten); got != 2*eraseChunk+5 {
			t.Errorf("the ledger forgot %d, want %d", got, 2*eraseChunk+5)
		}
		if more, err := b.EraseOwner(ctx, b.anna.ID); more || err != nil {
			t.Errorf("once more: %v, %v", more, err)
		}
		if _, err := b.Import(ctx, b.anna, uploaded.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the import: got %v, want not found", err)
		}
	})
}

// furnish gives a user something of everything that EraseOwner erases.
func (b *bench) furnish(actor account.Actor) {
	b.t.Helper()
	ctx := b.t.Context()
	var file strings.Builder
	file.WriteString("email,tags\nnobody,\n")
	for i := range 2*eraseChunk + 5 {
		fmt.Fprintf(&file, "r%d@b.test,t%d\n", i, i%3)
	}
	_, err := b.ImportReader(ctx, actor, strings.NewReader(file.String()), 0, ImportOptions{}, nil)
	if err == nil {
		_, err = b.BeginChange(ctx, actor, ActTag, "new", Filter{})
	}
	if err != nil {
		b.t.Fatal(err)
	}
	gone, err := b.Create(ctx, actor, Draft{Email: "gone@b.test"})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := errors.Join(b.Suppress(ctx, actor, gone.ID), b.Delete(ctx, actor, gone.ID)); err != nil {
		b.t.Fatal(err)
	}
	b.ledger.forgotten = nil
}

// possessed are the tables in which a user has something.
var possessed = []string{
	`recipients WHERE user_id = $1`, `tags WHERE user_id = $1`, `suppressions WHERE user_id = $1`,
	`imports WHERE user_id = $1`, `import_errors WHERE import_id IN (SELECT id FROM imports WHERE user_id = $1)`,
	`recipient_changes WHERE user_id = $1`, `recipient_counts WHERE user_id = $1 AND total > 0`,
}

// possessions are how many rows a user has in each of these tables.
func (b *bench) possessions(userID int64) []int {
	b.t.Helper()
	counted := make([]int, len(possessed))
	for i, table := range possessed {
		if err := b.db.Read().QueryRow(b.t.Context(), `SELECT count(*) FROM `+table, userID).Scan(&counted[i]); err != nil {
			b.t.Fatalf("%s: %v", table, err)
		}
	}
	return counted
}
