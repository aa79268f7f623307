package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/mailing"
)

type demoCommand struct {
	Exit       bool `help:"help.demo_exit"`
	Recipients int  `default:"1000" placeholder:"N" help:"help.demo_recipients"`
}

// maxDemo bounds the example: it is to be looked at.
const maxDemo = 1_000_000

// Run is a server like any other, on a data directory of its own that is gone
// when it ends, with the sandbox for a mail server.
func (c *demoCommand) Run(ctx context.Context, s *session) (err error) {
	if c.Recipients < 1 || c.Recipients > maxDemo {
		return fault.Fields{{Name: "--recipients", Key: "error.out_of_range", Args: fault.Args{"Min": 1, "Max": maxDemo}}}.Err()
	}
	dir, err := os.MkdirTemp("", "gonets-demo-*")
	if err != nil {
		return fileFault(err, "db.directory", os.TempDir())
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	listener, err := listenNear(ctx, s.config.Addr)
	if err != nil {
		return err
	}
	s = s.inDemo(dir, listener.Addr().String())
	a, err := s.open(ctx, duty{node: "demo", scheduler: true, worker: true})
	if err != nil {
		listener.Close()
		return err
	}
	defer a.close()
	door, err := s.openDoor(ctx, a, listener)
	if err != nil {
		listener.Close()
		return err
	}
	if err := a.start(ctx); err != nil {
		return errors.Join(err, a.stop(ctx), listener.Close())
	}
	// It serves from here on, so that the mailing can be watched on its page.
	serving, end := context.WithCancel(ctx)
	defer end()
	served := make(chan error, 1)
	go func() { served <- s.serve(serving, a, door) }()
	if err = c.show(ctx, s, a, dir); err != nil || c.Exit {
		end()
	}
	return errors.Join(err, <-served)
}

// inDemo is the session with the settings of a throw-away service.
func (s *session) inDemo(dir, addr string) *session {
	demo, settings := *s, *s.config
	settings.DataDir, settings.DatabaseURL, settings.SMTPURL, settings.SecretKey = dir, "", "", ""
	settings.Addr, settings.BaseURL, settings.MailFrom = addr, "", ""
	settings.Complete()
	demo.config = &settings
	return &demo
}

// tries is how many ports a demo looks at.
const tries = 50

// listenNear listens at an address, or at the next free port above it.
func listenNear(ctx context.Context, addr string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "config.addr", fault.Args{"Value": addr})
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "config.addr", fault.Args{"Value": addr})
	}
	var listen net.ListenConfig
	for i := range tries {
		at := net.JoinHostPort(host, strconv.Itoa(number+i))
		listener, err := listen.Listen(ctx, "tcp", at)
		if err == nil {
			return listener, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, fault.Because(err, fault.Unavailable, "httpd.cannot_listen", fault.Args{"Addr": at, "Reason": err.Error()})
		}
	}
	return nil, fault.New(fault.Unavailable, "httpd.address_taken", fault.Args{"Addr": addr})
}

// show makes the example, sends its mailing before the person's eyes, and says
// where to look.
func (c *demoCommand) show(ctx context.Context, s *session, a *app, dir string) error {
	s.tell("cli.demo_made", "Path", dir)
	example, err := s.makeExample(ctx, a, c.Recipients)
	if err != nil {
		return err
	}
	m, err := a.mailings.Start(ctx, example.owner, example.mailing)
	if err != nil {
		return err
	}
	runs, err := s.watch(ctx, a, []int64{m.LastRun.ID})
	if err != nil {
		return err
	}
	return c.tell(ctx, s, a, example, &runs[0])
}

func (c *demoCommand) tell(ctx context.Context, s *session, a *app, e example, r *mailing.Run) error {
	report := s.config.BaseURL + "/mailings/" + strconv.FormatInt(r.MailingID, 10)
	inbox := s.config.BaseURL + "/sandbox"
	perSecond := rate(r)
	if s.json {
		return s.write(map[string]any{
			"run": runAsJSON(r), "messages_per_second": perSecond, "report": report, "inbox": inbox, "url": s.config.BaseURL,
			"email": e.email, "password": e.password, "admin_email": e.admin, "admin_password": e.adminPassword,
		})
	}
	if err := s.tellRun(ctx, a, r); err != nil {
		return err
	}
	s.tell("cli.demo_rate", "Rate", int64(perSecond))
	s.println("")
	if err := s.table([][]string{
		{s.say.T("cli.demo_login"), s.config.BaseURL + "/login", e.email, e.password},
		{s.say.T("cli.demo_admin"), s.config.BaseURL + "/login", e.admin, e.adminPassword},
		{s.say.T("cli.demo_report"), report},
		{s.say.T("cli.demo_inbox"), inbox},
	}); err != nil {
		return err
	}
	if !c.Exit {
		s.println("")
		s.tell("cli.demo_serving")
	}
	return nil
}

// rate is how many messages a second were handed over, from the first to the
// last.
func rate(r *mailing.Run) float64 {
	tried := r.Counts.Recipients - r.Counts.Skipped - r.Counts.Remaining()
	took := r.Last.At.Sub(r.StartedAt)
	if took <= 0 {
		return 0
	}
	return float64(tried) / took.Seconds()
}

// newPassword is one that nobody guesses, and that can be typed.
func newPassword() string { return strings.ToLower(rand.Text()[:14]) }

// example is what the demo shows.
type example struct {
	owner                account.Actor
	email, password      string
	admin, adminPassword string
	mailing              int64
}

// makeExample makes the users, the recipients, the messages and the mailings.
func (s *session) makeExample(ctx context.Context, a *app, recipients int) (example, error) {
	e := example{email: "demo@example.com", password: newPassword(), admin: "admin@example.com", adminPassword: newPassword()}
	for _, n := range []account.NewUser{
		{Email: e.admin, Password: e.adminPassword, Role: account.RoleAdmin},
		{Email: e.email, Password: e.password, Role: account.RoleUser},
	} {
		n.Locale, n.TimeZone, n.Verified = s.say.Lang(), "Europe/Moscow", true
		u, err := a.accounts.Create(ctx, account.CommandLine(), n)
		if err != nil {
			return e, err
		}
		if n.Role == account.RoleAdmin {
			if err := s.exampleBlog(ctx, a, u.Actor()); err != nil {
				return e, fmt.Errorf("make the example's articles: %w", err)
			}
		}
		e.owner = u.Actor() // the last is the owner
	}
	if err := s.importExample(ctx, a, e.owner, recipients); err != nil {
		return e, err
	}
	var err error
	e.mailing, err = s.exampleMailings(ctx, a, e.owner)
	if err != nil {
		return e, fmt.Errorf("make the example: %w", err)
	}
	return e, nil
}
