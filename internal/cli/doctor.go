package cli

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"gonets/internal/account/group"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/queue"
	"gonets/internal/smtp"
)

type doctorCommand struct{}

// grade is how bad a finding is.
type grade string

const (
	fine grade = "ok"
	warn grade = "warning"
	bad  grade = "error"
)

// finding is the result of one check.
type finding struct {
	Check string `json:"check"`
	Grade grade  `json:"grade"`
	Text  string `json:"text"`
}

// doctor looks at one thing after another; what can't be looked at because
// something else is missing is left out.
type doctor struct {
	*session
	findings []finding
}

// Limits of what is healthy.
const (
	clockSkew  = 5 * time.Second  // between this machine and the database's
	queueStall = 10 * time.Minute // that the oldest job waits
	dialTime   = 20 * time.Second
)

func (doctorCommand) Run(ctx context.Context, s *session) error {
	d := &doctor{session: s}
	d.dataDir()
	d.baseURL()
	d.zones()
	if store := d.database(ctx); store != nil {
		defer closeDB(store, d.log)
		d.schema(ctx, store)
		d.secretKey(ctx, store)
		d.health(ctx, store)
		d.work(ctx, store)
	}
	d.mailServer(ctx)
	return d.answer()
}

func (d *doctor) answer() error {
	sick := false
	var rows [][]string
	for _, f := range d.findings {
		sick = sick || f.Grade == bad
		rows = append(rows, []string{d.say.T("cli.doctor_" + string(f.Grade)), d.say.T("cli.doctor_check_" + f.Check), f.Text})
	}
	var err error
	if d.json {
		err = d.write(d.findings)
	} else {
		err = d.table(rows)
	}
	if err == nil && sick {
		return &exitError{code: exitFailed, err: fault.New(fault.Unavailable, "cli.doctor_sick", nil)}
	}
	return err
}

func (d *doctor) find(check string, g grade, key string, args fault.Args) {
	d.findings = append(d.findings, finding{Check: check, Grade: g, Text: d.say.Sentence(key, args)})
}

// failed finds an error, in its own sentence where it has one.
func (d *doctor) failed(check string, err error) {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		d.find(check, bad, e.Key, e.Args)
		return
	}
	d.findings = append(d.findings, finding{Check: check, Grade: bad, Text: err.Error()})
}

func (d *doctor) dataDir() {
	dir := d.config.DataDir
	err := os.MkdirAll(dir, 0o750)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(dir, ".doctor-*"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		d.failed("data", fileFault(err, "db.directory", dir))
		return
	}
	d.find("data", fine, "cli.doctor_writable", fault.Args{"Path": dir})
}

// baseURL warns where passwords would travel in the clear.
func (d *doctor) baseURL() {
	base, err := url.Parse(d.config.BaseURL)
	if err != nil {
		d.failed("base_url", err)
		return
	}
	ip := net.ParseIP(base.Hostname())
	local := base.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	args := fault.Args{"URL": d.config.BaseURL}
	switch {
	case local:
		d.find("base_url", warn, "cli.doctor_url_local", args)
	case base.Scheme == "http":
		d.find("base_url", warn, "cli.doctor_url_plain", args)
	default:
		d.find("base_url", fine, "cli.doctor_url", args)
	}
}

func (d *doctor) zones() {
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		d.failed("zones", err)
		return
	}
	d.find("zones", fine, "cli.doctor_zones", fault.Args{"Time": d.say.Moment(d.clock.Now(), zone)})
}

func (d *doctor) database(ctx context.Context) *db.DB {
	store, err := db.Open(ctx, d.config.DatabaseURL, d.clock)
	if err != nil {
		d.failed("database", err)
		return nil
	}
	size, err := store.Size(ctx)
	if err != nil {
		d.failed("database", err)
		closeDB(store, d.log)
		return nil
	}
	d.find("database", fine, "cli.doctor_database", fault.Args{"Kind": kind(store), "Size": d.say.Bytes(size)})
	return store
}

func kind(store *db.DB) string {
	if store.Dialect() == db.Postgres {
		return "PostgreSQL"
	}
	return "SQLite"
}

func (d *doctor) schema(ctx context.Context, store *db.DB) {
	err := store.Migrate(ctx, queue.Migrate(store), group.Migrate(store))
	var version int64
	if err == nil {
		version, err = store.SchemaVersion(ctx)
	}
	if err != nil {
		d.failed("schema", err)
		return
	}
	d.find("schema", fine, "cli.migrated", fault.Args{"Version": version})
}

func (d *doctor) secretKey(ctx context.Context, store *db.DB) {
	if _, err := d.secret(ctx, store); err != nil {
		d.failed("secret", err)
		return
	}
	d.find("secret", fine, "cli.doctor_secret", nil)
}

// health looks at the server behind the database: its clock against ours, and
// whether it knows letters beyond ASCII.
func (d *doctor) health(ctx context.Context, store *db.DB) {
	h, err := store.Health(ctx)
	if err != nil {
		d.failed("clock", err)
		return
	}
	if h.Clock.IsZero() {
		return // SQLite goes by our clock and folds by our code
	}
	skew := d.clock.Now().Sub(h.Clock).Abs()
	clock := fine
	if skew > clockSkew {
		clock = bad
	}
	d.find("clock", clock, "cli.doctor_clock", fault.Args{"Skew": d.say.Duration(skew)})
	args := fault.Args{"Encoding": h.Encoding, "CType": h.CType}
	switch {
	case h.Encoding != "UTF8":
		d.find("letters", bad, "cli.doctor_encoding", args)
	case h.CType == "C" || h.CType == "POSIX" || !h.Trigrams:
		d.find("letters", warn, "cli.doctor_ctype", args)
	default:
		d.find("letters", fine, "cli.doctor_letters", args)
	}
}

// work looks whether somebody works what is enqueued.
func (d *doctor) work(ctx context.Context, store *db.DB) {
	jobs, oldest, err := queue.Depth(ctx, store.Read())
	if err != nil {
		d.failed("work", err)
		return
	}
	args := fault.Args{"Count": jobs, "Since": d.say.Relative(oldest, d.clock.Now())}
	if !oldest.IsZero() && d.clock.Now().Sub(oldest) > queueStall {
		d.find("work", warn, "cli.doctor_stalled", args)
		return
	}
	d.find("work", fine, "cli.doctor_work", args)
}

// mailServer connects and logs in, and tells the server's own words.
func (d *doctor) mailServer(ctx context.Context) {
	if d.config.SMTPURL == "" {
		d.find("smtp", warn, "cli.doctor_sandbox", nil)
		return
	}
	server, err := smtp.ParseURL(d.config.SMTPURL)
	if err != nil {
		d.failed("smtp", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	args := fault.Args{"Server": server.String()}
	conn, err := smtp.Dial(ctx, server)
	if err != nil {
		args["Cause"] = err.Error()
		d.find("smtp", bad, "cli.doctor_smtp_away", args)
		return
	}
	defer conn.Close() //nolint:errcheck // nothing was sent
	args["Name"] = conn.Server()
	args["Words"] = strings.Join(capabilities(conn.Caps()), ", ")
	d.find("smtp", fine, "cli.doctor_smtp", args)
}

// capabilities are the extensions that make sending faster or possible.
func capabilities(c smtp.Caps) []string {
	var list []string
	for _, extension := range []struct {
		name    string
		offered bool
	}{
		{"STARTTLS", c.STARTTLS}, {"PIPELINING", c.Pipelining}, {"8BITMIME", c.EightBitMIME}, {"SMTPUTF8", c.SMTPUTF8},
	} {
		if extension.offered {
			list = append(list, extension.name)
		}
	}
	return list
}
