package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"

	"gonets/internal/db"
	"gonets/internal/delivery"
)

// sendTask is a mailing to everybody in a database.
type sendTask struct {
	Database    string
	Addr        string
	Connections int
	CPUProfile  string
	HeapProfile string
}

// sent is what became of it.
type sent struct {
	usage
	Mailing, Run int64
	Counts       delivery.Counts
	Attempts     int64
}

// send starts a mailing and waits until its last message is on record.
func send(ctx context.Context, t sendTask) (s sent, err error) {
	n, err := open(ctx, t.Database)
	if err != nil {
		return s, err
	}
	defer n.close()
	stop, err := n.start(ctx, t.Addr, t.Connections)
	if err != nil {
		return s, err
	}
	if s.Mailing, err = n.newMailing(ctx, "News"); err != nil {
		return s, err
	}
	finish, err := profile(t)
	if err != nil {
		return s, err
	}
	s.usage, err = metered(func() error {
		if _, err := n.mailings.Start(ctx, n.owner, s.Mailing); err != nil {
			return err
		}
		run, err := n.untilDone(ctx, s.Mailing)
		if err == nil {
			s.Run, s.Counts = run.ID, run.Counts
		}
		return err
	})
	if err != nil {
		return s, err
	}
	if err := finish(); err != nil {
		return s, err
	}
	if err := stop(); err != nil {
		return s, err
	}
	s.Attempts, err = attempts(ctx, n.db, s.Run)
	return s, err
}

func attempts(ctx context.Context, d *db.DB, run int64) (n int64, err error) {
	err = d.Read().QueryRow(ctx, `SELECT count(*) FROM attempts WHERE run_id = $1 AND outcome = 0`, run).Scan(&n)
	return n, err
}

// profile profiles until finish is called.
func profile(t sendTask) (finish func() error, err error) {
	finish = func() error {
		if t.HeapProfile == "" {
			return nil
		}
		f, err := os.Create(t.HeapProfile)
		if err != nil {
			return err
		}
		defer f.Close()
		return pprof.Lookup("allocs").WriteTo(f, 0)
	}
	if t.CPUProfile == "" {
		return finish, nil
	}
	f, err := os.Create(t.CPUProfile)
	if err != nil {
		return nil, err
	}
	heap := finish
	return func() error {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			return err
		}
		return heap()
	}, pprof.StartCPUProfile(f)
}

// measureMailing sends to each world, with the bare loop before and after.
func measureMailing(ctx context.Context, o *options, r *report, s store, worlds []*world) error {
	sink, err := startSink()
	if err != nil {
		return err
	}
	defer sink.stop() // it has nothing to lose
	var speed, share, cpu, dbCPU, memory []float64
	for _, w := range worlds {
		before, err := bareRate(ctx, o, sink, w.people)
		if err != nil {
			return err
		}
		used := s.cpu(ctx)
		m, err := sendAll(ctx, o, s, sink, w)
		if err != nil {
			return err
		}
		used = s.cpu(ctx) - used
		after, err := bareRate(ctx, o, sink, w.people)
		if err != nil {
			return err
		}
		n := float64(w.people)
		speed = append(speed, n/m.Seconds)
		share = append(share, n/m.Seconds/median([]float64{before, after}))
		cpu = append(cpu, m.CPU/n*1e6)
		dbCPU = append(dbCPU, used.Seconds()/n*1e6)
		memory = append(memory, float64(m.Peak)/1e6)
	}
	if !o.wants("mailing") {
		return nil
	}
	name := "mailing, " + s.name
	r.add(name, "messages/s", r.sizes, speed...)
	r.add(name+": share of the bare loop", "×", r.sizes, share...).atLeast(0.15)
	r.add(name+": CPU per message", "µs", r.sizes, cpu...)
	if s.name == "postgres" {
		r.add(name+": CPU of the database", "µs", r.sizes, dbCPU...)
		server := os.Getenv("GONETS_TEST_POSTGRES")
		r.note("PostgreSQL %s: fsync = %s, synchronous_commit = %s", setting(ctx, server, "server_version"),
			setting(ctx, server, "fsync"), setting(ctx, server, "synchronous_commit"))
	}
	r.add(name+": peak memory", "MB", r.sizes, memory...).atMost(150)
	return nil
}

// bareRate is what the bare loop sends per second, in a run of a second or so.
func bareRate(ctx context.Context, o *options, s *sink, messages int) (float64, error) {
	messages = max(messages, 50_000)
	u, err := child[usage](ctx, "bare", bareTask{s.addr, o.connections, messages})
	if err != nil {
		return 0, err
	}
	taken, err := s.taken()
	if err == nil && taken != int64(messages) {
		err = fmt.Errorf("the bare loop sent %d messages, the server took %d", messages, taken)
	}
	return float64(messages) / u.Seconds, err
}

// sendAll has a mailing sent, and holds what the server took against what the
// ledger says.
func sendAll(ctx context.Context, o *options, s store, sink *sink, w *world) (sent, error) {
	t := sendTask{Database: w.url, Addr: sink.addr, Connections: o.connections}
	profile := fmt.Sprintf("%s-%d.pprof", s.name, w.people)
	if o.cpuProfile != "" {
		t.CPUProfile = filepath.Join(o.cpuProfile, "cpu-"+profile)
	}
	if o.heapProfile != "" {
		t.HeapProfile = filepath.Join(o.heapProfile, "allocs-"+profile)
	}
	m, err := child[sent](ctx, "send", t)
	if err != nil {
		return m, err
	}
	w.mailing, w.run = m.Mailing, m.Run
	taken, err := sink.taken()
	if err != nil {
		return m, err
	}
	n := int64(w.people)
	if want := (delivery.Counts{Recipients: n, Accepted: n}); m.Counts != want || taken != n || m.Attempts != n {
		return m, fmt.Errorf("of %d recipients the server took %d, the ledger counts %+v and has %d attempts", n, taken, m.Counts, m.Attempts)
	}
	return m, nil
}
