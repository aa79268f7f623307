package recipient

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
)

func TestUploadGoesOnWhereItDied(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		text := file(9_000) // more than one chunk
		want := b.load(text, ImportOptions{})
		dump, errs := b.dump(), b.report(want.ID)
		if _, err := b.DeleteMany(ctx, b.anna, Selection{Filter: &Filter{}}); err != nil {
			t.Fatal(err)
		}

		i, err := b.Upload(ctx, b.anna, strings.NewReader(text), ImportOptions{Name: "list.csv"})
		if err != nil || i.State != ImportQueued || i.Size != int64(len(text)) || i.Name != "list.csv" {
			t.Fatalf("got %+v, %v", i, err)
		}
		var steps int
		var late *importer // takes part and stops half way
		for done := false; !done; steps++ {
			m, err := b.takeUp(ctx, i.ID)
			if err != nil || m == nil {
				t.Fatalf("take up: %v, %v", m, err)
			}
			more, err := m.step(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if steps == 3 {
				late = m
			}
			if steps > 3 {
				if _, err := late.step(ctx); !errors.Is(err, errSuperseded) {
					t.Fatalf("a second importer: got %v, want superseded", err)
				}
			}
			cancelled, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := m.step(cancelled); more && !errors.Is(err, context.Canceled) {
				t.Fatalf("cancelled: got %v", err)
			}
			done = !more
		}
		for range 2 { // the job itself finds nothing to do but to end it
			if err := b.work(ctx, i.ID); err != nil {
				t.Fatal(err)
			}
		}
		got, err := b.Import(ctx, b.anna, i.ID)
		if err != nil || got.State != ImportDone || got.Progress != want.Progress {
			t.Errorf("got %+v, %v, want %+v", got, err, want.Progress)
		}
		if !slices.Equal(b.dump(), dump) {
			t.Error("the recipients differ from those of an import in one go")
		}
		if got := b.report(i.ID); !slices.Equal(got, errs) {
			t.Errorf("got %d errors, want %d", len(got), len(errs))
		}
	})
}

func TestUploadIsWorkedByTheQueue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		text := file(3_000)
		want := b.load(text, ImportOptions{})
		i, err := b.Upload(ctx, b.anna, strings.NewReader(encoded(t, "utf-16", text)), ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.queue.Start(ctx); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := b.queue.Stop(context.WithoutCancel(ctx)); err != nil {
				t.Error(err)
			}
		}()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		chunks := func() (n int) { // the file goes in a transaction of its own, right behind the end
			if err := d.Read().QueryRow(ctx, `SELECT count(*) FROM import_chunks`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for i.FinishedAt.IsZero() || chunks() > 0 {
			select {
			case <-tick.C:
			case <-time.After(time.Minute):
				t.Fatalf("not done in a minute: %+v", i)
			}
			if i, err = b.Import(ctx, b.anna, i.ID); err != nil {
				t.Fatal(err)
			}
		}
		if i.State != ImportDone || i.Rows != want.Rows || i.Rejected != want.Rejected || i.Updated != want.Created+want.Updated {
			t.Errorf("got %+v, want the rows of %+v", i, want.Progress)
		}
		list, next, err := b.Imports(ctx, b.anna, 0, 1)
		if err != nil || len(list) != 1 || list[0].ID != i.ID || next != i.ID {
			t.Errorf("got %+v, %d, %v", list, next, err)
		}
		if _, err := b.Import(ctx, b.boris, i.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a foreign import: %v", err)
		}
	})
}

func TestUploadEndsEarly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		rows := func() (imports, chunks int) {
			t.Helper()
			err := d.Read().QueryRow(ctx, `SELECT (SELECT count(*) FROM imports), (SELECT count(*) FROM import_chunks)`).Scan(&imports, &chunks)
			if err != nil {
				t.Fatal(err)
			}
			return imports, chunks
		}
		endless := func() io.Reader {
			return io.MultiReader(strings.NewReader("email\n"), &repeated{text: "a@b.test\n"})
		}
		if _, err := b.Upload(ctx, b.anna, endless(), ImportOptions{}); !fault.Is(err, fault.TooLarge) {
			t.Errorf("got %v, want too large", err)
		}
		broken := io.MultiReader(io.LimitReader(endless(), 1<<20), failingReader{})
		if _, err := b.Upload(ctx, b.anna, broken, ImportOptions{}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v, want the reader's error", err)
		}
		if imports, chunks := rows(); imports != 0 || chunks != 0 {
			t.Errorf("%d imports and %d chunks are left", imports, chunks)
		}

		i, err := b.Upload(ctx, b.anna, io.LimitReader(endless(), 7<<20), ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := b.takeUp(ctx, i.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.step(ctx); err != nil {
			t.Fatal(err)
		}
		if err := b.CancelImport(ctx, b.boris, i.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a foreign import: %v", err)
		}
		if err := b.CancelImport(ctx, b.anna, i.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := m.step(ctx); !errors.Is(err, errSuperseded) {
			t.Errorf("got %v, want superseded", err)
		}
		if err := b.work(ctx, i.ID); err != nil {
			t.Error(err)
		}
		i, err = b.Import(ctx, b.anna, i.ID)
		if err != nil || i.State != ImportFailed || i.ErrorKey != "import.cancelled" || i.Rows != rowsPerTx {
			t.Errorf("got %+v, %v", i, err)
		}
		if err := b.CancelImport(ctx, b.anna, i.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("again: %v", err)
		}
	})
}

// repeated is an endless text.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], r.text[r.at:])
		n, r.at = n+c, (r.at+c)%len(r.text)
	}
	return n, nil
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// clock is a clock that the test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func TestSweepImports(t *testing.T) {
	c := &clock{time.Unix(1_800_000_000, 0)}
	b := newBench(t, dbtest.Open(t, dbtest.SQLiteURL(t), c))
	ctx := t.Context()
	jobs := func() (n int) {
		t.Helper()
		if err := b.db.Read().QueryRow(ctx, `SELECT count(*) FROM river_job`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	i, err := b.Upload(ctx, b.anna, strings.NewReader(file(1000)), ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		jobs  int
	}{{stalled, 1}, {time.Second, 2}, {stalled, 2}, {time.Second, 3}} {
		c.now = c.now.Add(tt.after)
		if err := b.SweepImports(ctx); err != nil {
			t.Fatal(err)
		}
		if got := jobs(); got != tt.jobs {
			t.Errorf("%v later: %d jobs, want %d", tt.after, got, tt.jobs)
		}
	}
	if err := b.work(ctx, i.ID); err != nil {
		t.Fatal(err)
	}
	dead, err := b.newImport(ctx, b.anna, 0, ImportUploading, ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.now = c.now.Add(2 * abandoned)
	if err := b.SweepImports(ctx); err != nil {
		t.Fatal(err)
	}
	states := map[int64]ImportState{}
	for _, id := range []int64{i.ID, dead.ID} {
		got, err := b.Import(ctx, b.anna, id)
		if err != nil {
			t.Fatal(err)
		}
		states[id] = got.State
	}
	if want := map[int64]ImportState{i.ID: ImportDone, dead.ID: ImportFailed}; !maps.Equal(states, want) || jobs() != 3 {
		t.Errorf("got %v and %d jobs, want %v and 3", states, jobs(), want)
	}
}
