package main

import (
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	tests := []struct {
		name   string
		events string
		want   string // the end of the report
		good   bool
	}{
		{
			name: "subtests count instead of their parent, by database",
			events: `== whole tree
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/sqlite"}
{"Action":"pass","Package":"p","Test":"TestA/sqlite"}
{"Action":"run","Package":"p","Test":"TestA/postgres"}
{"Action":"run","Package":"p","Test":"TestA/postgres/deep"}
{"Action":"pass","Package":"p","Test":"TestA/postgres/deep"}
{"Action":"pass","Package":"p","Test":"TestA/postgres"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Elapsed":1.5}
== race detector
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Test":"TestB"}
`,
			want: "\nwhole tree     SQLite 1, PostgreSQL 1, no database 1\nrace detector  no database 1\n4 passed, 0 failed\n",
			good: true,
		},
		{
			name: "a failure counts once, where it happened, with its output",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"output","Package":"p","Test":"TestA/x","Output":"got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestA/x"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}
`,
			want: "got 1, want 2\nFAIL  p\n\nfailed: p TestA/x\n0 passed, 1 failed\n",
		},
		{
			name: "a package that doesn't compile has failed",
			events: `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: no\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p"}
`,
			want: "p.go:1: no\nFAIL  p\n\nfailed: p (the package itself)\n0 passed, 1 failed\n",
		},
		{
			name: "skipped tests are named with their reason",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: no server\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
`,
			want: "\nskipped: p TestB: b_test.go:3: no server\ntests          no database 1\n1 passed, 0 failed, 1 skipped\n",
			good: true,
		},
		{
			name:   "nothing ran: that is no success",
			events: "go: no such package\n",
			want:   "go: no such package\n\n0 passed, 0 failed\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			tally, err := read(strings.NewReader(test.events), &out)
			if err != nil {
				t.Fatal(err)
			}
			tally.report(&out)
			if got := out.String(); !strings.HasSuffix(got, test.want) {
				t.Errorf("got\n%s\nwant at its end\n%s", got, test.want)
			}
			if got := tally.good(); got != test.good {
				t.Errorf("good: got %v, want %v", got, test.good)
			}
		})
	}
}
