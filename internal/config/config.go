// Package config is the settings of a process: what each is called, what it
// means, what holds where nobody sets it, and where each value came from.
//
// A setting has one name in three spellings: the flag --smtp-url, the variable
// GONETS_SMTP_URL, the line smtp-url of the YAML file that --config names. A
// flag wins over the environment, and the environment over the file. (Kong
// would let a file win over the environment, hence a [Loader] of our own.)
//
// Nothing is refused one by one: the loader and [Config.Check] gather every
// problem, so that whoever sets up a server is told all of them at once.
// Problems are translation keys, for package cli to say in the person's
// language. Values of secret settings are never repeated, neither in problems
// nor by [Config.Settings].
//
// Only package cli reads a Config; every other package receives plain values.
package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Config is what a process goes by. The tags are kong's: the name of the flag,
// the default, the key of the help; secret marks what no log may show.
type Config struct {
	// Addr is where the web server listens: host:port.
	Addr string `name:"addr" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"help.addr"`

	// BaseURL is how people reach the service. Links in mail come from it,
	// never from a request. Without a slash at its end. Default: http:// and
	// Addr.
	BaseURL string `name:"base-url" placeholder:"URL" help:"help.base_url"`

	// DataDir is the folder of the SQLite database and the secret key. It is
	// made if needed.
	DataDir string `name:"data-dir" default:"./data" type:"path" placeholder:"DIR" help:"help.data_dir"`

	// DatabaseURL is "sqlite:PATH" or "postgres://…". Default: SQLite in
	// DataDir.
	DatabaseURL string `name:"database-url" placeholder:"URL" secret:"url" help:"help.database_url"`

	// SMTPURL is the mail server, as smtp.ParseURL reads it. Empty: the sandbox
	// catches all mail.
	SMTPURL string `name:"smtp-url" placeholder:"URL" secret:"url" help:"help.smtp_url"`

	// SMTPConnections is how many connections to the mail server a process
	// opens at once.
	SMTPConnections int `name:"smtp-connections" default:"10" placeholder:"N" help:"help.smtp_connections"`

	// SMTPRate is how many messages a process sends per second; 0: unlimited.
	SMTPRate float64 `name:"smtp-rate" default:"0" placeholder:"N" help:"help.smtp_rate"`

	// MailFrom is the sender of the service's own letters. Default: gonets@
	// and the host of BaseURL.
	MailFrom string `name:"mail-from" placeholder:"E-MAIL" help:"help.mail_from"`

	// EnvelopeFrom is where mail servers report what they can't deliver.
	// Empty: the sender of each mailing.
	EnvelopeFrom string `name:"envelope-from" placeholder:"E-MAIL" help:"help.envelope_from"`

	// SecretKey signs links and sessions. Empty: the one in DataDir, made at
	// the first start. See Secret.
	SecretKey string `name:"secret-key" placeholder:"KEY" secret:"all" help:"help.secret_key"`

	// Node names this process among those that work on the same database. Two
	// that live at the same time need two names. Default: the machine's name.
	Node string `name:"node" placeholder:"NAME" help:"help.node"`

	// Scheduler says whether the process opens due runs.
	Scheduler Switch `name:"scheduler" default:"on" placeholder:"on|off" help:"help.scheduler"`

	// Worker says whether the process sends.
	Worker Switch `name:"worker" default:"on" placeholder:"on|off" help:"help.worker"`

	// Web says whether the process serves pages and the API.
	Web Switch `name:"web" default:"on" placeholder:"on|off" help:"help.web"`

	// Registration is open (whoever proves an address may have an account) or
	// closed (administrators make accounts).
	Registration string `name:"registration" default:"open" placeholder:"open|closed" help:"help.registration"`

	// ImportMax is the largest file that can be imported, in bytes.
	ImportMax Size `name:"import-max" default:"1GiB" placeholder:"SIZE" help:"help.import_max"`

	// TrustedProxies are the peers whose forwarding headers are believed.
	TrustedProxies Networks `name:"trusted-proxies" placeholder:"ADDRESSES" help:"help.trusted_proxies"`

	// Retries are the waits before the second, third, … attempt to deliver
	// after a temporary refusal; the last one doubles up to RetryMax.
	Retries Durations `name:"retries" default:"10m,30m" placeholder:"TIMES" help:"help.retries"`

	// RetryMax is the longest wait between two attempts.
	RetryMax time.Duration `name:"retry-max" default:"4h" placeholder:"TIME" help:"help.retry_max"`

	// GiveUp is how long after the first attempt a delivery is given up.
	GiveUp time.Duration `name:"give-up" default:"72h" placeholder:"TIME" help:"help.give_up"`

	// Lease is how long a batch stays with a node that has fallen silent.
	Lease time.Duration `name:"lease" default:"20s" placeholder:"TIME" help:"help.lease"`

	// Grace is how late a recurring mailing may still leave after downtime.
	Grace time.Duration `name:"grace" default:"6h" placeholder:"TIME" help:"help.grace"`

	// LogLevel is debug, info, warn or error. Empty: info for serve, error
	// for every other command, which tells the person anyway.
	LogLevel string `name:"log-level" placeholder:"LEVEL" help:"help.log_level"`

	// LogFormat is text or json.
	LogFormat string `name:"log-format" default:"text" placeholder:"text|json" help:"help.log_format"`
}

// Switch is on or off.
type Switch string

// The positions of a Switch.
const (
	On  Switch = "on"
	Off Switch = "off"
)

// Size is a number of bytes.
type Size int64

// Durations are spans of time, in order.
type Durations []time.Duration

// Networks are ranges of addresses; a single address is a range of one.
type Networks []netip.Prefix

// The values of Registration and LogFormat.
const (
	Open   = "open"
	Closed = "closed"
	Text   = "text"
	JSON   = "json"
)

// Level is LogLevel for package slog, or the given level where none is set.
func (c *Config) Level(otherwise slog.Level) slog.Level {
	var level slog.Level
	if c.LogLevel == "" || level.UnmarshalText([]byte(c.LogLevel)) != nil {
		return otherwise
	}
	return level
}
