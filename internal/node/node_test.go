package node_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/node"
)

// clock stands still until it is wound.
type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time       { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) wind(d time.Duration) { c.at.Add(d.Microseconds()) }

func each(t *testing.T, test func(t *testing.T, d *db.DB, c *clock)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			c := &clock{}
			c.at.Store(time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC).UnixMicro())
			test(t, dbtest.Open(t, url(t), c), c)
		})
	}
}

// TestReport keeps what each node said last, and when.
func TestReport(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, c *clock) {
		start := c.Now()
		a := node.Node{Name: "a", Version: "1.0", Web: true, Scheduler: true, Worker: true, StartedAt: start}
		b := node.Node{Name: "b", Version: "1.0", Worker: true, StartedAt: start}
		report(t, d, b)
		report(t, d, a)
		c.wind(node.Every)
		a.Version, a.Web, a.StartedAt = "1.1", false, c.Now() // restarted, with another duty
		report(t, d, a)

		a.SeenAt, b.SeenAt = start.Add(node.Every), start
		if got, want := list(t, d), []node.Node{a, b}; !slices.Equal(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

// TestSilence makes a node look gone after a while, and forgotten after a day.
func TestSilence(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, c *clock) {
		report(t, d, node.Node{Name: "silent"})
		for _, step := range []struct {
			wait   time.Duration
			silent []bool // whether it is alive, if it is listed
		}{
			{0, []bool{true}},
			{node.Gone - time.Microsecond, []bool{true}},
			{time.Microsecond, []bool{false}},
			{24*time.Hour - node.Gone, []bool{false}},
			{time.Microsecond, nil},
		} {
			c.wind(step.wait)
			report(t, d, node.Node{Name: "talker"})
			var got []bool
			for _, n := range list(t, d) {
				if n.Name == "silent" {
					got = append(got, n.Alive(c.Now()))
				} else if !n.Alive(c.Now()) {
					t.Errorf("after %v: the talker is gone", step.wait)
				}
			}
			if !slices.Equal(got, step.silent) {
				t.Errorf("after %v more: got %v, want %v", step.wait, got, step.silent)
			}
		}
	})
}

// TestReportSays which node could not be reported.
func TestReportSays(t *testing.T) {
	d, err := db.Open(t.Context(), dbtest.SQLiteURL(t), db.SystemClock{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := node.Report(t.Context(), d, node.Node{Name: "a"}); err == nil {
		t.Error("report: got nil, want an error")
	}
	if _, err := node.List(t.Context(), d.Read()); err == nil {
		t.Error("list: got nil, want an error")
	}
}

func report(t *testing.T, d *db.DB, n node.Node) {
	t.Helper()
	if err := node.Report(t.Context(), d, n); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, d *db.DB) []node.Node {
	t.Helper()
	nodes, err := node.List(t.Context(), d.Read())
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}
