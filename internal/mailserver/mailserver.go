// Package mailserver keeps the mail servers that a service may hand its mail
// to: the one of the configuration, which stands first and can't be edited,
// and those that administrators add while the service runs.
//
// The first enabled one is used, by every process, for mailings and letters
// alike; whoever sends asks [Servers.Current] now and then, so a change counts
// within a second and without a restart. Where there is no server at all, a
// process has its sandbox. Where there are some and none is enabled, mail
// waits: it must not vanish in a sandbox because somebody switched a server
// off.
//
// A password is sealed under a key derived from the service's secret, bound to
// the host, the port and the login that it is for: it can't be sent elsewhere
// by an edit, and is never shown again.
package mailserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/smtp"
)

// Security says when a connection is encrypted.
type Security string

// The choices.
const (
	Auto     Security = "auto"     // STARTTLS where the server offers it
	Required Security = "required" // STARTTLS, or nothing is sent
	Implicit Security = "implicit" // TLS from the first byte
	None     Security = "none"
)

// Securities are the choices in the order of a form.
func Securities() []Security { return []Security{Auto, Required, Implicit, None} }

func (s Security) mode() smtp.TLSMode {
	switch s {
	case Required:
		return smtp.TLSRequired
	case Implicit:
		return smtp.TLSImplicit
	case None:
		return smtp.TLSNone
	case Auto:
	}
	return smtp.TLSOpportunistic
}

func securityOf(mode smtp.TLSMode) Security {
	switch mode {
	case smtp.TLSRequired:
		return Required
	case smtp.TLSImplicit:
		return Implicit
	case smtp.TLSNone:
		return None
	case smtp.TLSOpportunistic:
	}
	return Auto
}

// ConfiguredID is the id of the server of the configuration.
const ConfiguredID = 0

// Server is a mail server. The zero value is none.
type Server struct {
	ID          int64 // ConfiguredID: of the configuration, or the sandbox
	Name        string
	Host        string
	Port        int
	Security    Security
	Username    string  // empty: no login
	Connections int     // at once, of each process
	Rate        float64 // messages per second of each process; 0: no limit
	Enabled     bool
	Sandbox     bool // this process's own, which keeps all mail
	CreatedAt   time.Time
	UpdatedAt   time.Time

	config smtp.Config // with the password
}

// Configured says that the server is the configuration's.
func (s Server) Configured() bool { return s.ID == ConfiguredID && !s.Sandbox }

// Usable says that there is a server at all.
func (s Server) Usable() bool { return s.config.Host != "" }

// Same says that nothing has changed about how the server is used.
func (s Server) Same(other Server) bool {
	return s.ID == other.ID && s.config.Address() == other.config.Address() && s.UpdatedAt.Equal(other.UpdatedAt)
}

// Address is "host:port"; empty where there is no server.
func (s Server) Address() string {
	if !s.Usable() {
		return ""
	}
	return s.config.Address()
}

// SMTP is how to reach the server.
func (s Server) SMTP() smtp.Config { return s.config }

// ErrNone says that mail servers are known and none of them is enabled.
var ErrNone = errors.New("no mail server is enabled")

// Dial connects to the server and logs in. ErrNone where there is none.
func (s Server) Dial(ctx context.Context) (*smtp.Conn, error) {
	if !s.Usable() {
		return nil, ErrNone
	}
	return smtp.Dial(ctx, s.config)
}

// FromConfig is the server of a configuration, or with sandbox the process's
// own.
func FromConfig(config smtp.Config, connections int, rate float64, sandbox bool) Server {
	return Server{
		Host: config.Host, Port: config.Port, Security: securityOf(config.TLS), Username: config.Username,
		Connections: max(1, connections), Rate: rate, Enabled: true, Sandbox: sandbox, config: config,
	}
}

// Only is a mail server beside which there is no other.
type Only Server

// Current is the server.
func (o Only) Current(context.Context) (Server, error) { return Server(o), nil }

// Options are what Servers need to know.
type Options struct {
	Secret       []byte // the service's secret, at least 16 bytes
	First        Server // of the configuration, or the sandbox; zero: this process connects to none of both
	From         string // sender of test letters
	EnvelopeFrom string // their return path; empty: From
	Host         string // right side of their Message-IDs

	// Patience is how long somebody waits for the answers of a server that is
	// tried, all together. 0: 20 s.
	Patience time.Duration
}

// Servers are the mail servers of a service. They are safe for concurrent use.
type Servers struct {
	db       *db.DB
	seal     *sealer
	throttle *account.Throttle
	o        Options
}

// New are the mail servers in a database and of a configuration.
func New(d *db.DB, o Options) (*Servers, error) {
	seal, err := newSealer(o.Secret)
	if err != nil {
		return nil, err
	}
	o.Patience = cmp.Or(o.Patience, patience)
	return &Servers{db: d, seal: seal, throttle: account.NewThrottle(d), o: o}, nil
}

// HasConfigured says that the configuration names a mail server.
func (s *Servers) HasConfigured() bool { return s.o.First.Usable() && !s.o.First.Sandbox }

// Added says that administrators have added a server, enabled or not.
func (s *Servers) Added(ctx context.Context) (bool, error) {
	var n int64
	err := s.db.Read().QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM mail_servers LIMIT 1) AS added`).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for mail servers: %w", err)
	}
	return n > 0, nil
}

// Current is the server to be used now: the first enabled one. The zero Server
// says that there is none.
func (s *Servers) Current(ctx context.Context) (Server, error) {
	q := s.db.Read()
	if s.HasConfigured() {
		first, err := s.configured(ctx, q)
		if err != nil || first.Enabled {
			return first, err
		}
	}
	server, err := s.scan(q.QueryRow(ctx, `SELECT`+columns+` FROM mail_servers ORDER BY enabled DESC, place, id LIMIT 1`))
	switch {
	case errors.Is(err, db.ErrNoRows):
		if s.o.First.Sandbox {
			return s.o.First, nil
		}
		return Server{}, nil
	case err != nil:
		return Server{}, fmt.Errorf("read the mail server: %w", err)
	case !server.Enabled:
		return Server{}, nil
	}
	return server, nil
}

// configured is the configuration's server, enabled or not.
func (s *Servers) configured(ctx context.Context, q db.Q) (Server, error) {
	server := s.o.First
	var enabled int64
	if err := q.QueryRow(ctx, `SELECT enabled FROM mail_server_configured WHERE id = 1`).Scan(&enabled); err != nil {
		return Server{}, fmt.Errorf("read the mail server: %w", err)
	}
	server.Enabled = enabled == 1
	return server, nil
}

// List are all servers in the order in which they are used. Errors: Denied.
func (s *Servers) List(ctx context.Context, actor account.Actor) ([]Server, error) {
	if err := check(actor, account.ServiceView); err != nil {
		return nil, err
	}
	q := s.db.Read()
	var list []Server
	if s.HasConfigured() {
		first, err := s.configured(ctx, q)
		if err != nil {
			return nil, err
		}
		list = append(list, first)
	}
	rows, err := q.Query(ctx, `SELECT`+columns+` FROM mail_servers ORDER BY place, id`)
	if err != nil {
		return nil, fmt.Errorf("list mail servers: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		server, err := s.scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list mail servers: %w", err)
		}
		list = append(list, server)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list mail servers: %w", err)
	}
	return list, nil
}

// Get is one server. Errors: Denied, Missing.
func (s *Servers) Get(ctx context.Context, actor account.Actor, id int64) (Server, error) {
	if err := check(actor, account.ServiceView); err != nil {
		return Server{}, err
	}
	if id == ConfiguredID && s.HasConfigured() {
		return s.configured(ctx, s.db.Read())
	}
	return s.get(ctx, s.db.Read(), id)
}

// get is Missing where there is no such added server.
func (s *Servers) get(ctx context.Context, q db.Q, id int64) (Server, error) {
	server, err := s.scan(q.QueryRow(ctx, `SELECT`+columns+` FROM mail_servers WHERE id = $1`, id))
	if errors.Is(err, db.ErrNoRows) {
		return Server{}, fault.Missing()
	}
	if err != nil {
		return Server{}, fmt.Errorf("read mail server %d: %w", id, err)
	}
	return server, nil
}

const columns = `
	id,
	name,
	host,
	port,
	security,
	username,
	sealed,
	connections,
	rate,
	enabled,
	created_at,
	updated_at`

// scan reads columns. A password that can't be opened is left out: the server
// then refuses the login, in its own words, and whoever looks enters it anew.
func (s *Servers) scan(row db.Row) (Server, error) {
	var server Server
	var sealed []byte
	var port, connections, enabled int64
	var created, updated db.Time
	err := row.Scan(
		&server.ID,
		&server.Name,
		&server.Host,
		&port,
		&server.Security,
		&server.Username,
		&sealed,
		&connections,
		&server.Rate,
		&enabled,
		&created,
		&updated,
	)
	if err != nil {
		return Server{}, err
	}
	server.Port, server.Connections, server.Enabled = int(port), int(connections), enabled == 1
	server.CreatedAt, server.UpdatedAt = created.Time(), updated.Time()
	server.config = smtp.Config{
		Host: server.Host, Port: server.Port, TLS: server.Security.mode(), Username: server.Username,
		Password: s.seal.open(sealed, binding(server)),
	}
	return server, nil
}

// check asks the policy: servers belong to the service.
func check(actor account.Actor, action account.Action) error {
	return account.Check(actor, action, account.Object{Kind: "mail_server"})
}
