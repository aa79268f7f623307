package config

import (
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// minSecret is the least length of a secret key in characters: 128 bits even
// where somebody writes them in hexadecimal.
const minSecret = 32

// Complete fills in the defaults that follow from other settings.
func (c *Config) Complete() {
	if c.BaseURL == "" {
		c.BaseURL = "http://" + visible(c.Addr)
	}
	c.BaseURL = strings.TrimRight(strings.TrimSpace(c.BaseURL), "/")
	if c.DatabaseURL == "" {
		c.DatabaseURL = "sqlite:" + filepath.Join(c.DataDir, "gonets.db")
	}
	if c.MailFrom == "" {
		c.MailFrom = "gonets@" + mailHost(c.BaseURL)
	}
	if c.Node == "" {
		c.Node = "gonets"
		if host, err := os.Hostname(); err == nil && host != "" {
			c.Node = host
		}
	}
}

// visible is an address to listen on as one to call: "every address" can't be
// called.
func visible(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// mailHost is the right side of an address at the host of a URL. Addresses of
// the machine itself have no mail domain but localhost.
func mailHost(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return "localhost"
	}
	return u.Hostname()
}

// Check says everything that is wrong with a completed configuration, as far
// as that can be said without other packages: addresses and the mail server's
// URL are checked where they are parsed.
func (c *Config) Check() []Problem {
	var list []Problem
	refuse := func(bad bool, flag, key string, args map[string]any) {
		if bad {
			list = append(list, Problem{Name: Variable(flag), Key: key, Args: args})
		}
	}
	refuse(!isAddr(c.Addr), "addr", "config.addr", map[string]any{"Value": c.Addr})
	refuse(!isBase(c.BaseURL), "base-url", "config.base_url", map[string]any{"Value": c.BaseURL})
	refuse(!isDatabase(c.DatabaseURL), "database-url", "config.database_url", nil)
	refuse(c.SMTPConnections < 1 || c.SMTPConnections > 1000, "smtp-connections", "config.range", map[string]any{"Min": 1, "Max": 1000})
	refuse(c.SMTPRate < 0, "smtp-rate", "config.negative", nil)
	refuse(c.SecretKey != "" && utf8.RuneCountInString(c.SecretKey) < minSecret, "secret-key", "config.secret_short", map[string]any{"Min": minSecret})
	refuse(!isName(c.Node), "node", "config.node", map[string]any{"Value": c.Node})
	refuse(c.Registration != Open && c.Registration != Closed, "registration", "config.choice", choice(c.Registration, Open, Closed))
	refuse(c.ImportMax <= 0, "import-max", "config.positive", nil)
	for _, wait := range c.Retries {
		if wait < time.Millisecond {
			refuse(true, "retries", "config.too_short", map[string]any{"Min": "1ms"})
			break
		}
	}
	refuse(len(c.Retries) == 0, "retries", "config.durations", map[string]any{"Value": ""})
	for flag, d := range map[string]time.Duration{"retry-max": c.RetryMax, "give-up": c.GiveUp, "lease": c.Lease} {
		refuse(d < time.Millisecond, flag, "config.too_short", map[string]any{"Min": "1ms"})
	}
	refuse(c.Grace < 0, "grace", "config.negative", nil)
	var level slog.Level
	refuse(c.LogLevel != "" && level.UnmarshalText([]byte(c.LogLevel)) != nil, "log-level", "config.choice",
		choice(c.LogLevel, "debug", "info", "warn", "error"))
	refuse(c.LogFormat != Text && c.LogFormat != JSON, "log-format", "config.choice", choice(c.LogFormat, Text, JSON))
	return list
}

func choice(value string, choices ...string) map[string]any {
	return map[string]any{"Value": value, "Choices": strings.Join(choices, ", ")}
}

func isAddr(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= 0 && n <= 65535
}

// isBase admits no path: the pages' own links begin at the host's root.
func isBase(base string) bool {
	u, err := url.Parse(base)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.Path == "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func isDatabase(raw string) bool {
	path, lite := strings.CutPrefix(raw, "sqlite:")
	return lite && path != "" || strings.HasPrefix(raw, "postgres://") || strings.HasPrefix(raw, "postgresql://")
}

// isName admits what may stand in a lock's name and a log.
func isName(name string) bool {
	return name != "" && len(name) <= 100 && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) })
}
