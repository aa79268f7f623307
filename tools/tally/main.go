// Command tally reads what `go test -json` says on its standard input, shows
// one line per package and the full output of whatever failed, and ends with
// how much ran on which database and the sum of it all:
//
//	whole tree     SQLite 212, PostgreSQL 212, no database 1480
//	race detector  SQLite 88, PostgreSQL 88, no database 640
//	2720 passed, 0 failed
//
// Several runs may follow each other; a line "== NAME" that is no JSON begins
// a run of that name. The exit code is 1 if anything failed, or nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	t, err := read(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
	t.report(os.Stdout)
	if !t.good() {
		os.Exit(1)
	}
}

// event is one line of go test -json; see go doc test2json and, for the
// fields of a build, go help buildjson.
type event struct {
	Action      string
	Package     string
	Test        string
	Output      string
	Elapsed     float64
	ImportPath  string
	FailedBuild string
}

// read follows the events of in to their end and writes progress to out. What
// is no event is passed through: the go command's own messages.
func read(in io.Reader, out io.Writer) (*tally, error) {
	t := newTally(out)
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			t.line(line)
		}
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the events: %w", err)
		}
	}
}

func (t *tally) line(line string) {
	var e event
	if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &e) == nil {
		t.event(e)
		return
	}
	if name, ok := strings.CutPrefix(line, "== "); ok {
		t.begin(strings.TrimSpace(name))
	}
	fmt.Fprint(t.out, line)
}
