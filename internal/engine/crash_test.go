package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
)

// childLease is short: the takeover by another node is waited for here.
const childLease = 3 * time.Second

const childEnv = "GONETS_TEST_CHILD" // "database URL|mail server|node name"

// TestChild is no test but the process that the crash tests kill.
func TestChild(t *testing.T) {
	spec := os.Getenv(childEnv)
	if spec == "" {
		return
	}
	parts := strings.Split(spec, "|")
	policy := delivery.DefaultPolicy()
	policy.Lease = childLease
	newNode(t, parts[0], parts[2], parts[1], policy).start()
	fmt.Println("\nready")
	<-context.Background().Done()
}

// child starts a process with a node, and returns when it works.
func child(t *testing.T, url, server, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childEnv+"="+url+"|"+server+"|"+name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			go func() {
				for lines.Scan() { // drains the pipe
				}
			}()
			return cmd
		}
	}
	t.Fatal("the child never got ready")
	return nil
}

func kill(cmd *exec.Cmd) {
	cmd.Process.Kill() // it may be dead already
	cmd.Wait()         // killed
}

// crashSize is the number of recipients.
const crashSize = 3_000

// insert makes recipients faster than one by one.
func (n *node) insert(count int) {
	n.t.Helper()
	ctx := n.t.Context()
	for from := 0; from < count; from += 500 {
		err := n.db.Tx(ctx, func(tx db.Tx) error {
			for i := from; i < min(count, from+500); i++ {
				email := fmt.Sprintf("r%05d@example.test", i)
				_, err := tx.Exec(ctx, `INSERT INTO recipients (user_id, email, email_key, created_at, updated_at)
					VALUES ($1, $2, $2, 1, 1)`, n.owner.ID, email)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			n.t.Fatal(err)
		}
	}
}

// verify holds what the server took against the ledger: nobody lost, and
// copies only where an attempt with an unknown end says so.
func (n *node) verify(p *peer, r *mailing.Run, count int) {
	n.t.Helper()
	unknown := map[string]bool{}
	for _, a := range n.attempts(delivery.Filter{Outcomes: []delivery.Outcome{delivery.Unknown}}) {
		unknown[a.Address] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	copies := 0
	for i := range count {
		email := fmt.Sprintf("r%05d@example.test", i)
		switch times := p.accepted[email]; {
		case times == 0:
			n.t.Errorf("%s was lost", email)
		case times > 1 && !unknown[email]:
			n.t.Errorf("%s got %d messages, and no attempt is unknown", email, times)
		case times > 1:
			copies++
		}
	}
	if want := (delivery.Counts{Recipients: int64(count), Accepted: int64(count)}); r.Counts != want {
		n.t.Errorf("ledger: got %+v, want %+v", r.Counts, want)
	}
	if wrong, err := n.ledger.Rebuild(n.t.Context(), r.ID); wrong || err != nil {
		n.t.Errorf("counters differ from the rows (%v)", err)
	}
	n.t.Logf("%d recipients, %d unknown ends by name, %d of them got a copy", count, len(unknown), copies)
}

// untilTaken waits until the server has taken so many messages.
func untilTaken(t *testing.T, p *peer, count int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); p.count() < count; {
		if time.Now().After(deadline) {
			t.Fatalf("the server took %d messages, waiting for %d", p.count(), count)
		}
		time.Sleep(time.Millisecond)
	}
}

// The only process is killed twice in the middle of a mailing, and goes on
// each time.
func TestKillAndRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("not a test of concurrency within the process")
	}
	each(t, func(t *testing.T, url string) {
		p := newPeer(t)
		count := crashSize
		n := newNode(t, url, "onlooker", p.addr, delivery.DefaultPolicy())
		n.insert(count)
		m := n.mailing(nil)
		for _, share := range []int{10, 40} {
			process := child(t, url, p.addr, "a")
			untilTaken(t, p, count*share/100)
			kill(process)
		}
		before, began := p.count(), time.Now()
		child(t, url, p.addr, "a")
		untilTaken(t, p, before+1)
		t.Logf("went on %v after the restart began", time.Since(began).Round(time.Millisecond))
		n.verify(p, n.untilDone(m.ID), count)
	})
}

// One of two nodes is killed; the other takes over when the lease ends.
func TestKillOneOfTwo(t *testing.T) {
	if testing.Short() {
		t.Skip("not a test of concurrency within the process")
	}
	each(t, func(t *testing.T, url string) {
		p := newPeer(t)
		p.data = func(string, string) error { time.Sleep(2 * time.Millisecond); return nil } // so that both have work
		count := crashSize
		n := newNode(t, url, "onlooker", p.addr, delivery.DefaultPolicy())
		n.insert(count)
		m := n.mailing(nil)
		a := child(t, url, p.addr, "a")
		child(t, url, p.addr, "b")
		untilTaken(t, p, count/4)
		kill(a)
		n.verify(p, n.untilDone(m.ID), count)
	})
}

// One of two nodes is stopped for longer than its lease, and then goes on:
// what it thought its own has been taken over meanwhile.
func TestStallLosesNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("not a test of concurrency within the process")
	}
	each(t, func(t *testing.T, url string) {
		p := newPeer(t)
		p.data = func(string, string) error { time.Sleep(2 * time.Millisecond); return nil } // so that both have work
		count := crashSize
		n := newNode(t, url, "onlooker", p.addr, delivery.DefaultPolicy())
		n.insert(count)
		m := n.mailing(nil)
		a := child(t, url, p.addr, "a")
		child(t, url, p.addr, "b")
		untilTaken(t, p, count/4)
		signal(t, a, syscall.SIGSTOP)
		time.Sleep(childLease + time.Second)
		signal(t, a, syscall.SIGCONT)
		n.verify(p, n.untilDone(m.ID), count)
	})
}

func signal(t *testing.T, cmd *exec.Cmd, s syscall.Signal) {
	t.Helper()
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
