package smtp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
)

// script is the server's side of a dialogue, one step per line:
//
//	S: text    say the line; | parts lines that are said in one breath
//	C: text    hear the line; a * at its end stands for anything
//	D:         hear content up to its dot
//	X:         hang up
//	W:         say nothing more, until the client hangs up
//
// Steps that stand together are one flight: the server says nothing before it
// has heard all of them.
type script string

// hello is the beginning of most dialogues.
const hello = `S: 220 mx.test ESMTP ready
C: EHLO client.test
S: 250-mx.test at your service
S: 250-PIPELINING
S: 250-8BITMIME
S: 250-SMTPUTF8
S: 250 SIZE 100000
`

// plainHello is that of a server without extensions.
const plainHello = `S: 220 mx.test ESMTP ready
C: EHLO client.test
S: 250 mx.test
`

// dialed lets a function of a test stand for a network.
type dialed func() (net.Conn, error)

func (d dialed) DialContext(context.Context, string, string) (net.Conn, error) { return d() }

// play starts a server that speaks s to the one client that dials.
func play(t *testing.T, s script) Config {
	t.Helper()
	return Config{
		Host: "localhost", Port: 25, LocalName: "client.test",
		Dialer: dialed(func() (net.Conn, error) {
			near, far := net.Pipe()
			go s.play(t, far)
			return near, nil
		}),
	}
}

func (s script) play(t *testing.T, nc net.Conn) {
	defer nc.Close()
	br := bufio.NewReader(nc)
	for step := range strings.Lines(string(s)) {
		verb, text, _ := strings.Cut(strings.TrimRight(step, "\n"), ":")
		text = strings.TrimPrefix(text, " ")
		switch verb {
		case "S":
			if _, err := io.WriteString(nc, strings.ReplaceAll(text, "|", "\r\n")+"\r\n"); err != nil {
				t.Errorf("say %q: %v", text, err)
				return
			}
		case "C":
			line, err := br.ReadString('\n')
			if got := strings.TrimSuffix(line, "\r\n"); !matches(got, text) {
				t.Errorf("client said %q (%v), want %q", got, err, text)
				return
			}
		case "D":
			for line := ""; line != ".\r\n"; {
				var err error
				if line, err = br.ReadString('\n'); err != nil {
					t.Errorf("content ended in %q, %v", line, err)
					return
				}
			}
		case "W":
			if rest, _ := io.ReadAll(br); len(rest) > 0 {
				t.Errorf("client said %q, want nothing", rest)
			}
		case "X":
			return
		}
	}
}

func matches(got, want string) bool {
	if prefix, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(got, prefix)
	}
	return got == want
}

// converse dials s and has do speak with it; time passes only while both wait.
func converse(t *testing.T, s script, do func(t *testing.T, ctx context.Context, c *Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, err := Dial(t.Context(), play(t, s))
		if err != nil {
			t.Fatalf("Dial: %v", err)
		}
		do(t, t.Context(), c)
		c.Abandon()
		synctest.Wait()
	})
}

// brief is what a test expects of an error, in one line: stage, code, enhanced
// code and the flags that are set.
func brief(err error) string {
	if err == nil {
		return "ok"
	}
	var e *Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	words := []string{string(e.Stage)}
	if e.Network() {
		words = append(words, "network")
	} else {
		words = append(words, Reply{Code: e.Reply.Code, Enhanced: e.Reply.Enhanced}.String())
	}
	if e.AfterDot {
		words = append(words, "after-dot")
	}
	if e.Local {
		words = append(words, "local")
	}
	return strings.Join(words, " ")
}

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
