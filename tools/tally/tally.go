package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// bases are the places where a test may run, in the order of the report.
var bases = []string{"SQLite", "PostgreSQL", "no database"}

// tally counts tests by run and by database. A test with subtests counts as
// those, and as one of its own only if it failed by itself.
type tally struct {
	out     io.Writer
	runs    []*run
	outputs map[string]*strings.Builder // of tests under way; of packages under the key "PACKAGE "
	parents map[string]bool             // tests that have subtests
	broken  map[string]bool             // tests and packages in which something failed

	passed          int
	failed, skipped []string
}

type run struct {
	name   string
	passed map[string]int // by base
}

func newTally(out io.Writer) *tally {
	t := &tally{out: out}
	t.forget()
	return t
}

// begin starts the next run: the same tests may come again.
func (t *tally) begin(name string) {
	t.runs = append(t.runs, &run{name: name, passed: map[string]int{}})
	t.forget()
}

func (t *tally) forget() {
	t.outputs = map[string]*strings.Builder{}
	t.parents = map[string]bool{}
	t.broken = map[string]bool{}
}

func (t *tally) event(e event) {
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "run":
		for parent := range parentsOf(e.Test) {
			t.parents[e.Package+" "+parent] = true
		}
	case "output":
		t.hear(e)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.packageEnds(e)
			return
		}
		t.testEnds(e)
	}
}

func (t *tally) hear(e event) {
	key := e.Package + " " + e.Test
	if t.outputs[key] == nil {
		t.outputs[key] = &strings.Builder{}
	}
	t.outputs[key].WriteString(e.Output)
}

// said gives back what a test or a package has written, and forgets it.
func (t *tally) said(key string) string {
	b := t.outputs[key]
	delete(t.outputs, key)
	if b == nil {
		return ""
	}
	return b.String()
}

func (t *tally) testEnds(e event) {
	key := e.Package + " " + e.Test
	said := t.said(key)
	switch e.Action {
	case "fail":
		fmt.Fprint(t.out, said)
		if !t.broken[key] {
			t.failed = append(t.failed, key)
		}
		t.broken[e.Package+" "] = true
		for parent := range parentsOf(e.Test) {
			t.broken[e.Package+" "+parent] = true
		}
	case "skip":
		if !t.parents[key] {
			t.skipped = append(t.skipped, key+": "+reason(said))
		}
	case "pass":
		if !t.parents[key] {
			t.passed++
			t.current().passed[base(e.Test)]++
		}
	}
}

// packageEnds says one line. A package may fail without a failing test: it
// doesn't compile, its TestMain refuses, a goroutine panics.
func (t *tally) packageEnds(e event) {
	key := e.Package + " "
	said := t.said(key)
	switch {
	case e.Action == "fail":
		fmt.Fprint(t.out, said)
		fmt.Fprintf(t.out, "FAIL  %s\n", e.Package)
		if !t.broken[key] {
			t.failed = append(t.failed, key+"(the package itself)")
		}
	case e.Action == "pass":
		fmt.Fprintf(t.out, "ok    %-40s %6.1fs\n", e.Package, e.Elapsed)
	}
}

func (t *tally) current() *run {
	if len(t.runs) == 0 {
		t.begin("tests")
	}
	return t.runs[len(t.runs)-1]
}

func (t *tally) good() bool { return len(t.failed) == 0 && t.passed > 0 }

// report writes what ran where, what did not pass, and the sum.
func (t *tally) report(out io.Writer) {
	fmt.Fprintln(out)
	list(out, "skipped", t.skipped)
	list(out, "failed", t.failed)
	for _, r := range t.runs {
		var where []string
		for _, b := range bases {
			if n := r.passed[b]; n > 0 {
				where = append(where, fmt.Sprintf("%s %d", b, n))
			}
		}
		fmt.Fprintf(out, "%-14s %s\n", r.name, strings.Join(where, ", "))
	}
	fmt.Fprintf(out, "%d passed, %d failed", t.passed, len(t.failed))
	if len(t.skipped) > 0 {
		fmt.Fprintf(out, ", %d skipped", len(t.skipped))
	}
	fmt.Fprintln(out)
}

func list(out io.Writer, what string, tests []string) {
	slices.Sort(tests)
	for _, test := range tests {
		fmt.Fprintf(out, "%s: %s\n", what, test)
	}
}

// base tells from a test's name which database it ran on: package dbtest names
// its subtests "sqlite" and "postgres".
func base(test string) string {
	for part := range strings.SplitSeq(strings.ToLower(test), "/") {
		switch {
		case strings.Contains(part, "sqlite"):
			return "SQLite"
		case strings.Contains(part, "postgres"):
			return "PostgreSQL"
		}
	}
	return "no database"
}

// parentsOf yields the tests that a subtest stands in, whatever slashes its
// own name has.
func parentsOf(test string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i, c := range test {
			if c == '/' && !yield(test[:i]) {
				return
			}
		}
	}
}

// reason is the last thing that a skipped test said before go test's own mark.
func reason(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	for _, line := range slices.Backward(lines) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "--- ") && !strings.HasPrefix(line, "=== ") {
			return line
		}
	}
	return "no reason given"
}
