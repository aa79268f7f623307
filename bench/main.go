// Command bench measures Gonets against what the same work costs without it:
// a mailing beside a bare SMTP loop, an import beside a bare insertion, a page
// of a long list beside one of a short list, a page beside /healthz, the start
// of the service beside the start of its program. Machines differ, and so do the neighbours on them:
// only ratios of one run, measured in turns, are held against goals.
//
// Each measurement runs at three sizes and prints its slope: the exponent by
// which the value grows with the size. 0 says that it does not.
//
// What has memory and CPU time of its own is a process of its own: bench calls
// itself, with the name of a task and its description as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// options are what the command line says.
type options struct {
	recipients  int
	connections int
	rounds      int
	quick, full bool
	asJSON      bool
	check       bool
	only        string
	databases   string
	cpuProfile  string
	heapProfile string
}

func main() {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) // the process ends, and its signals with it
	}
}

// run works a task for another bench, or measures.
func run(ctx context.Context, args []string) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return work(ctx, args[0], args[1:])
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	r := &report{sizes: o.sizes()}
	if err := o.measure(ctx, r); err != nil {
		return err
	}
	if o.asJSON {
		if err := json.NewEncoder(os.Stdout).Encode(r.rows); err != nil {
			return err
		}
	} else {
		r.print(os.Stdout)
	}
	if missed := r.missed(); o.check && len(missed) > 0 {
		return fmt.Errorf("goals missed: %s", strings.Join(missed, "; "))
	}
	return nil
}

func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("bench", flag.ExitOnError)
	f.IntVar(&o.recipients, "recipients", 100_000, "recipients of the largest mailing; the smallest has a thousand")
	f.IntVar(&o.connections, "connections", 50, "connections to the mail server")
	f.IntVar(&o.rounds, "rounds", 3, "of what is cheap to repeat: the median counts")
	f.BoolVar(&o.quick, "quick", false, "a tenth of everything")
	f.BoolVar(&o.full, "full", false, "import a million rows, too; statistics of ten million attempts; size: every page with three million attempts")
	f.BoolVar(&o.asJSON, "json", false, "for machines")
	f.BoolVar(&o.check, "check", false, "fail where a goal is missed")
	f.StringVar(&o.only, "only", "mailing,import,lists,start,pages,stats,size", "which measurements")
	f.StringVar(&o.databases, "databases", "sqlite,postgres", "on which databases")
	f.StringVar(&o.cpuProfile, "cpuprofile", "", "folder for CPU profiles of the sending processes")
	f.StringVar(&o.heapProfile, "heapprofile", "", "folder for profiles of their allocations")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if o.quick {
		o.recipients /= 10
	}
	return o, nil
}

// smallest is the least at which anything is measured: a filtered page is full.
const smallest = 1000

// sizes are the three at which everything is measured, in equal steps.
func (o *options) sizes() []int {
	largest := max(o.recipients, 4*smallest)
	return []int{smallest, int(math.Sqrt(float64(smallest * largest))), largest}
}

func (o *options) wants(measurement string) bool {
	return slices.Contains(strings.Split(o.only, ","), measurement)
}

func (o *options) measure(ctx context.Context, r *report) error {
	if o.wants("mailing") || o.wants("lists") {
		stores, err := o.stores()
		if err != nil {
			return err
		}
		for _, s := range stores {
			if err := o.measureOn(ctx, r, s); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	if o.wants("import") {
		if err := measureImport(ctx, o, r); err != nil {
			return fmt.Errorf("import: %w", err)
		}
	}
	if o.wants("stats") {
		if err := measureStats(ctx, o, r); err != nil {
			return fmt.Errorf("statistics: %w", err)
		}
	}
	if o.wants("start") {
		if err := measureStart(ctx, o, r); err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}
	if o.wants("pages") {
		if err := measurePages(ctx, o, r); err != nil {
			return fmt.Errorf("pages: %w", err)
		}
	}
	if o.full && o.wants("size") {
		if err := measureFull(ctx, r); err != nil {
			return fmt.Errorf("size: %w", err)
		}
	}
	return nil
}

// measureOn measures a mailing at each size, and then the lists that these
// mailings have left behind.
func (o *options) measureOn(ctx context.Context, r *report, s store) error {
	var worlds []*world
	defer func() {
		for _, w := range worlds {
			w.drop()
		}
	}()
	for _, size := range r.sizes {
		w, err := s.newWorld(ctx, size)
		if err != nil {
			return err
		}
		worlds = append(worlds, w)
	}
	if err := measureMailing(ctx, o, r, s, worlds); err != nil || !o.wants("lists") {
		return err
	}
	return measureLists(ctx, r, s, worlds)
}
