package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gonets/internal/account"
)

// The owner of the mailings on the pages, and an administrator.
const (
	ownerEmail    = "owner@example.com"
	adminEmail    = "admin@example.com"
	ownerPassword = "correct horse battery"
)

// readers is how many connections ask for pages at once.
const readers = 16

// asked is a page that is asked for again and again.
type asked struct {
	name   string
	path   string
	header string // more lines of the request
	every  bool   // a new address each time, so that nothing is kept
	goal   bool
}

// measurePages asks the running service for pages, kept and made anew, and, in
// turns, for /healthz, which costs nothing but the request.
func measurePages(ctx context.Context, o *options, r *report) error {
	if _, err := os.Stat(program); errors.Is(err, fs.ErrNotExist) {
		r.note("pages: left out, there is no %s; run make build", program)
		return nil
	}
	s, err := newService(ctx, aPageOfMailings)
	if err != nil {
		return err
	}
	defer s.end()
	cookie, err := s.logIn(ctx, ownerEmail)
	if err != nil {
		return err
	}
	member := "Cookie: " + cookie + "\r\n"
	list := []asked{
		{name: "home, kept", path: "/", goal: true},
		{name: "home, made anew", path: "/", every: true},
		{name: "mailings, kept", path: "/mailings", header: member, goal: true},
		{name: "mailings, not modified", path: "/mailings", header: member + "If-None-Match: " + s.etag(ctx, cookie) + "\r\n"},
		{name: "mailings, made anew", path: "/mailings", header: member, every: true},
		{name: "overview, never kept", path: "/overview", header: member},
	}
	speeds, shares, costs := make([][]float64, len(list)), make([][]float64, len(list)), make([][]float64, len(list))
	var bare, bareCosts []float64
	for range o.rounds {
		for i, page := range list {
			health, healthCost, err := s.ask(ctx, asked{path: "/healthz"})
			if err != nil {
				return err
			}
			speed, cost, err := s.ask(ctx, page)
			if err != nil {
				return fmt.Errorf("%s: %w", page.name, err)
			}
			bare, bareCosts = append(bare, health), append(bareCosts, healthCost)
			speeds[i], shares[i], costs[i] = append(speeds[i], speed), append(shares[i], speed/health), append(costs[i], cost)
		}
	}
	once := []int{1}
	r.add("pages: /healthz", "req/s", once, median(bare))
	r.add("pages: /healthz, CPU", "µs", once, median(bareCosts))
	for i, page := range list {
		r.add("pages: "+page.name, "req/s", once, median(speeds[i]))
		r.add("pages: "+page.name+", CPU", "µs", once, median(costs[i]))
		share := r.add("pages: "+page.name+", beside /healthz", "×", once, median(shares[i]))
		if page.goal {
			share.atLeast(0.5)
		}
	}
	return nil
}

// service is a running gonets with a user who has a page of mailings.
type service struct {
	dir, addr string
	command   *exec.Cmd
}

// newService is one whose user's things are made by fill.
func newService(ctx context.Context, fill func(context.Context, *node) error) (*service, error) {
	dir, err := os.MkdirTemp("", "gonets-bench-")
	if err != nil {
		return nil, err
	}
	s := &service{dir: dir}
	if err := s.begin(ctx, fill); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

func (s *service) begin(ctx context.Context, fill func(context.Context, *node) error) error {
	// Without an administrator the home page says how to make one.
	for email, role := range map[string]string{ownerEmail: "user", adminEmail: "admin"} {
		add := exec.CommandContext(ctx, program, "user", "create", "--data-dir", s.dir,
			"--email", email, "--password", ownerPassword, "--role", role, "--verified")
		if out, err := add.CombinedOutput(); err != nil {
			return fmt.Errorf("create a user: %w: %s", err, out)
		}
	}
	if err := s.fill(ctx, fill); err != nil {
		return err
	}
	var err error
	if s.addr, err = freeAddr(); err != nil {
		return err
	}
	s.command = exec.CommandContext(ctx, program, "serve", "--addr", s.addr, "--data-dir", s.dir)
	s.command.Env = append(os.Environ(), "GONETS_SCHEDULER=off", "GONETS_WORKER=off")
	if err := s.command.Start(); err != nil {
		return err
	}
	return untilReady(ctx, s.addr)
}

// fill lets the user have what is asked about.
func (s *service) fill(ctx context.Context, fill func(context.Context, *node) error) error {
	n, err := open(ctx, "sqlite:"+filepath.Join(s.dir, "gonets.db"))
	if err != nil {
		return err
	}
	defer n.close()
	u, err := account.New(n.db, nil, account.Options{}).ByEmail(ctx, account.CommandLine(), ownerEmail)
	if err != nil {
		return err
	}
	n.owner = u.Actor()
	return fill(ctx, n)
}

// aPageOfMailings is as many mailings as a page has.
func aPageOfMailings(ctx context.Context, n *node) error {
	for i := range perPage {
		if _, err := n.newMailing(ctx, fmt.Sprintf("Mailing %d", i+1)); err != nil {
			return err
		}
	}
	return nil
}

// end stops the service and forgets it.
func (s *service) end() {
	if s.command != nil && s.command.Process != nil {
		s.command.Process.Kill() // nothing of it is needed any more
		s.command.Wait()
	}
	os.RemoveAll(s.dir)
}

// logIn is the cookie of a session.
func (s *service) logIn(ctx context.Context, email string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	form := url.Values{"email": {email}, "password": {ownerPassword}}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addr+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := (&http.Client{Jar: jar}).Do(q)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	cookies := jar.Cookies(&url.URL{Scheme: "http", Host: s.addr, Path: "/"})
	if len(cookies) == 0 {
		return "", fmt.Errorf("log in: %s", answer.Status)
	}
	return cookies[0].String(), nil
}

// etag is what the list of mailings is called.
func (s *service) etag(ctx context.Context, cookie string) string {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+"/mailings", http.NoBody)
	if err != nil {
		return ""
	}
	q.Header.Set("Cookie", cookie)
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	return answer.Header.Get("ETag")
}

// askedFor is how long a page is asked for.
const askedFor = time.Second

// ask asks for a page over all connections. It says how many were answered in
// a second, and the microseconds of the service's CPU that one took, which
// depend less on what else the machine does.
func (s *service) ask(ctx context.Context, page asked) (perSecond, cpu float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, askedFor)
	defer cancel()
	var answered, number atomic.Int64
	var failed error
	var all sync.WaitGroup
	var once sync.Once
	began, used := time.Now(), s.used()
	for range readers {
		all.Go(func() {
			if err := s.read(ctx, page, &answered, &number); err != nil {
				once.Do(func() { failed = err })
			}
		})
	}
	all.Wait()
	n := float64(max(answered.Load(), 1))
	return n / time.Since(began).Seconds(), float64((s.used() - used).Microseconds()) / n, failed
}

// used is the service's CPU time.
func (s *service) used() time.Duration {
	now, _ := readStat(strconv.Itoa(s.command.Process.Pid))
	return now.used
}

// read is one connection. It speaks for itself, since net/http's client costs
// as much as the server.
func (s *service) read(ctx context.Context, page asked, answered, number *atomic.Int64) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10) // a page is read at once
	for ctx.Err() == nil {
		path := page.path
		if page.every {
			path = fmt.Sprintf("%s?n=%d", path, number.Add(1))
		}
		_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\n%s\r\n", path, s.addr, page.header)
		if err != nil {
			return err
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNotModified {
			return errors.New(answer.Status)
		}
		answered.Add(1)
	}
	return nil
}
