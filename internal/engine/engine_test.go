package engine_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	gosmtp "github.com/emersion/go-smtp"

	"gonets/internal/account"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/recipient"
)

func TestMailingIsSentAndRecorded(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		p := newPeer(t)
		p.rcpt = func(to string) error {
			switch {
			case strings.HasPrefix(to, "nouser"):
				return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "No such user <" + to + ">"}
			case strings.HasPrefix(to, "full"):
				return &gosmtp.SMTPError{Code: 452, EnhancedCode: gosmtp.EnhancedCode{4, 2, 2}, Message: "Mailbox full"}
			}
			return nil
		}
		p.data = func(to, _ string) error {
			if strings.HasPrefix(to, "spam") {
				return &gosmtp.SMTPError{Code: 554, EnhancedCode: gosmtp.EnhancedCode{5, 7, 1}, Message: "Looks like spam"}
			}
			return nil
		}
		n := newNode(t, url, "a", p.addr, quickly()).start()
		n.people(append(crowd(40), "nouser1", "nouser2", "full1", "spam1")...)
		m := n.mailing(nil)
		r := n.untilDone(m.ID)
		want := delivery.Counts{Recipients: 44, Accepted: 40, Failed: 4}
		if r.Counts != want || r.State != mailing.RunDone {
			t.Errorf("run: got %s %+v, want done %+v", r.State, r.Counts, want)
		}
		if got := p.count(); got != 40 {
			t.Errorf("the server took %d messages, want 40", got)
		}
		for to, times := range p.accepted {
			if times != 1 {
				t.Errorf("%s got %d messages", to, times)
			}
		}
		refused := n.attempts(delivery.Filter{MailingID: m.ID, Code: 550})
		if len(refused) != 2 || refused[0].Enhanced != "5.1.1" || refused[0].Stage != "rcpt" ||
			!strings.HasPrefix(refused[0].Response, "No such user <nouser") || refused[0].Server == "" {
			t.Errorf("refusals: got %+v", refused)
		}
		if full := n.attempts(delivery.Filter{Code: 452}); len(full) < 2 {
			t.Errorf("a full mailbox was tried %d times, want more than once", len(full))
		}
		if n.attempts(delivery.Filter{Code: 554})[0].Stage != "end_of_data" {
			t.Error("a refusal after the data has another stage")
		}
		if wrong, err := n.ledger.Rebuild(t.Context(), r.ID); wrong || err != nil {
			t.Errorf("counters differ from the rows (%v)", err)
		}
		if m, _ := n.mailings.Get(t.Context(), n.owner, m.ID); m.State != mailing.Finished {
			t.Errorf("the mailing is %s, want finished", m.State)
		}
		if !strings.Contains(p.mailed[0], "List-Unsubscribe-Post: List-Unsubscribe=One-Click") {
			t.Errorf("no one-click header in\n%s", p.mailed[0])
		}
	})
}

func TestPauseResumeStop(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		p := newPeer(t)
		gate := make(chan struct{})
		var first sync.Once
		reached := make(chan struct{})
		p.data = func(string, string) error {
			first.Do(func() { close(reached) })
			<-gate
			return nil
		}
		n := newNode(t, url, "a", p.addr, quickly()).start()
		n.people(crowd(50)...)
		m := n.mailing(nil)
		<-reached
		if _, err := n.mailings.Pause(t.Context(), n.owner, m.ID); err != nil {
			t.Fatal(err)
		}
		close(gate)
		r := n.until(m.ID, "quiet", func(r *mailing.Run) bool {
			left, err := n.ledger.Deliveries(t.Context(), r.ID, []delivery.State{delivery.Leaving}, 0, 10)
			return err == nil && len(left) == 0 && r.Counts.Accepted > 0
		})
		if got := r.Counts.Accepted; got > 4 || r.State != mailing.RunPaused {
			t.Errorf("after the pause %d left on 4 connections (%s)", got, r.State)
		}
		paused := p.count()
		if _, err := n.mailings.Resume(t.Context(), n.owner, m.ID); err != nil {
			t.Fatal(err)
		}
		n.until(m.ID, "going on", func(*mailing.Run) bool { return p.count() > paused })
		r = n.untilDone(m.ID)
		if want := (delivery.Counts{Recipients: 50, Accepted: 50}); r.Counts != want {
			t.Errorf("got %+v, want %+v", r.Counts, want)
		}

		hold := make(chan struct{})
		p.mu.Lock()
		p.data = func(string, string) error { <-hold; return nil }
		p.mu.Unlock()
		runID, err := n.mailings.Send(t.Context(), n.owner, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		n.until(m.ID, "planned", func(r *mailing.Run) bool { return r.ID == runID && r.Planned && !r.StartedAt.IsZero() })
		if _, err := n.mailings.Stop(t.Context(), n.owner, m.ID); err != nil {
			t.Fatal(err)
		}
		close(hold)
		r = n.untilDone(m.ID)
		if r.State != mailing.RunStopped || r.Counts.Skipped < 46 || r.Counts.Remaining() != 0 {
			t.Errorf("stopped: got %s %+v", r.State, r.Counts)
		}
	})
}

// While the server is away nobody's attempt is counted, and everybody gets
// mail when it is back.
func TestServerAwayLosesNobody(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		p := &peer{accepted: map[string]int{}}
		addr := freeAddress(t)
		n := newNode(t, url, "a", addr, quickly()).start()
		n.people(crowd(20)...)
		m := n.mailing(nil)
		n.until(m.ID, "in trouble", func(*mailing.Run) bool {
			troubles, err := n.ledger.Troubles(t.Context())
			return err == nil && len(troubles) == 1
		})
		if got := n.attempts(delivery.Filter{}); len(got) != 0 {
			t.Errorf("attempts were counted: %+v", got)
		}
		p.start(t, addr)
		t.Cleanup(p.stop)
		r := n.untilDone(m.ID)
		if want := (delivery.Counts{Recipients: 20, Accepted: 20}); r.Counts != want {
			t.Errorf("got %+v, want %+v", r.Counts, want)
		}
		if troubles, err := n.ledger.Troubles(t.Context()); err != nil || len(troubles) != 0 {
			t.Errorf("troubles stay: %+v, %v", troubles, err)
		}
	})
}

// The server takes a message and the connection dies before its reply: the
// copy bears the same Message-ID, and the attempt stays on record as unknown.
func TestLostReplyIsNamed(t *testing.T) {
	for _, on := range []mailing.OnUncertain{mailing.Resend, mailing.Hold} {
		t.Run(string(on), func(t *testing.T) {
			each(t, func(t *testing.T, url string) {
				p := newPeer(t)
				proxy := newProxy(t, p.addr, "\r\nTo: R007 ")
				n := newNode(t, url, "a", proxy, quickly()).start()
				n.people(crowd(20)...)
				m := n.mailing(func(in *mailing.Input) { in.OnUncertain = on })
				r := n.untilDone(m.ID)
				unknown := n.attempts(delivery.Filter{Outcomes: []delivery.Outcome{delivery.Unknown}})
				if len(unknown) != 1 || unknown[0].Address != "r007@example.test" {
					t.Fatalf("unknown attempts: %+v", unknown)
				}
				want, copies := delivery.Counts{Recipients: 20, Accepted: 20}, 2
				if on == mailing.Hold {
					want, copies = delivery.Counts{Recipients: 20, Accepted: 19, Uncertain: 1}, 1
				}
				if r.Counts != want {
					t.Errorf("got %+v, want %+v", r.Counts, want)
				}
				p.mu.Lock()
				defer p.mu.Unlock()
				ids := map[string]int{}
				for _, content := range p.mailed {
					_, rest, _ := strings.Cut(content, "Message-ID: ")
					id, _, _ := strings.Cut(rest, "\r\n")
					ids[id]++
				}
				if p.accepted["r007@example.test"] != copies || len(ids) != 20 {
					t.Errorf("%d copies of %d messages, want %d of 20", p.accepted["r007@example.test"], len(ids), copies)
				}
			})
		})
	}
}

// newProxy passes bytes on to a server, and cuts one connection, once, when
// the reply to the message comes back that contains the victim's header.
func newProxy(t *testing.T, server, victim string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var once sync.Once
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			go splice(client, upstream, victim, &once)
		}
	}()
	return l.Addr().String()
}

func splice(client, upstream net.Conn, victim string, once *sync.Once) {
	var mu sync.Mutex
	doomed := false
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			k, err := client.Read(buffer)
			if k > 0 {
				chunk := string(buffer[:k])
				if strings.Contains(chunk, victim) {
					once.Do(func() { mu.Lock(); doomed = true; mu.Unlock() })
				}
				if _, err := upstream.Write(buffer[:k]); err != nil {
					break
				}
			}
			if err != nil {
				break
			}
		}
		upstream.Close()
	}()
	buffer := make([]byte, 64<<10)
	for {
		k, err := upstream.Read(buffer)
		mu.Lock()
		cut := doomed
		mu.Unlock()
		if cut || err != nil {
			break
		}
		if _, err := client.Write(buffer[:k]); err != nil {
			break
		}
	}
	client.Close()
	upstream.Close()
}

// A server that closes the connection once it awaits a message, and says so,
// has refused nobody: the next connection carries it, at once.
func TestServerClosesBeforeTheDot(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		p := newPeer(t)
		n := newNode(t, url, "a", tiredOnce(t, p.addr), delivery.DefaultPolicy()).start()
		n.people(crowd(20)...)
		r := n.untilDone(n.mailing(nil).ID)
		if want := (delivery.Counts{Recipients: 20, Accepted: 20}); r.Counts != want {
			t.Errorf("got %+v, want %+v", r.Counts, want)
		}
		deferred := n.attempts(delivery.Filter{Outcomes: []delivery.Outcome{delivery.Failure}})
		if len(deferred) != 1 || deferred[0].Code != 421 || deferred[0].Stage != "data" {
			t.Errorf("attempts: %+v, want one, of the connection that was closed", deferred)
		}
	})
}

// tiredOnce is a way to a server, whose first connection it ends itself, by 421
// after the 354.
func tiredOnce(t *testing.T, server string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for first := true; ; first = false {
			client, err := l.Accept()
			if err != nil {
				return
			}
			if first {
				go tire(client)
				continue
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			go splice(client, upstream, "nobody at all", &sync.Once{})
		}
	}()
	return l.Addr().String()
}

// tire is the dialogue of a server that grows tired.
func tire(client net.Conn) {
	defer client.Close()
	fmt.Fprint(client, "220 mx.example.test\r\n")
	for lines := bufio.NewScanner(client); lines.Scan(); {
		if lines.Text() == "DATA" {
			fmt.Fprint(client, "354 go on\r\n421 4.3.2 tired\r\n")
			return
		}
		fmt.Fprint(client, "250 ok\r\n")
	}
}

// Whoever unsubscribes while a message to them is leaving, which is then
// refused for now, gets no second try; a deleted recipient does not keep the
// run open.
func TestLeaverGetsNoRetry(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		p := newPeer(t)
		n := newNode(t, url, "a", p.addr, quickly()).start()
		n.people("stays", "leaves", "vanishes")
		list, _, err := n.recipients.List(t.Context(), n.owner, recipient.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		p.data = func(to, _ string) error {
			var err error
			switch {
			case strings.HasPrefix(to, "leaves"):
				err = n.recipients.Unsubscribe(context.Background(), n.recipients.UnsubscribeToken(list[1].ID, 1))
			case strings.HasPrefix(to, "vanishes"):
				err = n.recipients.Delete(context.Background(), n.owner, list[0].ID)
			default:
				return nil
			}
			if err != nil {
				t.Error(err)
			}
			return &gosmtp.SMTPError{Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 3, 0}, Message: "Later"}
		}
		r := n.untilDone(n.mailing(nil).ID)
		if want := (delivery.Counts{Recipients: 3, Accepted: 1, Skipped: 2}); r.Counts != want {
			t.Errorf("got %+v, want %+v", r.Counts, want)
		}
	})
}

func TestSendTest(t *testing.T) {
	p := newPeer(t)
	n := newNode(t, dbtest.SQLiteURL(t), "a", p.addr, quickly()).start()
	me := account.Actor{ID: 1, Email: "me@example.test"}
	reply, err := n.engine.SendTest(t.Context(), me, message.Content{Subject: "Проба", Text: "Hello\n"})
	if err != nil || reply.Code != 250 || p.count() != 1 {
		t.Errorf("got %v, %v, %d messages", reply, err, p.count())
	}
	p.mu.Lock()
	p.rcpt = func(string) error {
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "Go away"}
	}
	p.mu.Unlock()
	_, err = n.engine.SendTest(t.Context(), me, message.Content{Subject: "Hi", Text: "Hello\n"})
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Unavailable || !strings.Contains(fmt.Sprint(e.Args["Words"]), "Go away") {
		t.Errorf("got %v, want the server's own words", err)
	}
}

func TestTwoNodesShareAndTakeOver(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		p := newPeer(t)
		a := newNode(t, url, "a", p.addr, quickly()).start()
		b := newNode(t, url, "b", p.addr, quickly()).start()
		a.people(crowd(300)...)
		m := a.mailing(nil)
		r := b.untilDone(m.ID)
		if want := (delivery.Counts{Recipients: 300, Accepted: 300}); r.Counts != want {
			t.Errorf("got %+v, want %+v", r.Counts, want)
		}
		if got := p.count(); got != 300 {
			t.Errorf("the server took %d messages, want 300", got)
		}
	})
}

func TestANameIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		newNode(t, url, "a", "127.0.0.1:1", quickly()).start()
		twin := newNode(t, url, "a", "127.0.0.1:1", quickly())
		if err := twin.engine.Start(t.Context()); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second node of the same name: %v", err)
		}
	})
}
