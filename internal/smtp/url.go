package smtp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Default ports of submission; relay on port 25 must be asked for by name.
const (
	portSubmission  = 587 // RFC 6409
	portSubmissions = 465 // RFC 8314 7.3
)

// ParseURL reads the address of a mail server:
//
//	smtp://user:password@host:587    STARTTLS whenever offered
//	smtps://user:password@host:465   TLS from the first byte
//
// The query may say tls=required (refuse a server without STARTTLS),
// tls=skip-verify (take any certificate) or tls=none; tls may be given twice.
// Errors are sentences for the person who set the address, and never contain
// any part of it that could be the password.
func ParseURL(raw string) (Config, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		// url's own error quotes what it could not read: maybe the password.
		return Config{}, errors.New("the address of the mail server must look like smtp://user:password@host:587; " +
			"write special characters of the user name and the password as in a URL (/ as %2F, # as %23, ? as %3F, % as %25)")
	}
	c := Config{Host: u.Hostname()}
	for _, part := range []func(*Config, *url.URL) error{
		parseScheme, parseExtra, parseHost, parsePort, parseUser, parseQuery,
	} {
		if err := part(&c, u); err != nil {
			return Config{}, err
		}
	}
	return c, nil
}

func parseScheme(c *Config, u *url.URL) error {
	switch u.Scheme {
	case "smtp":
		c.TLS, c.Port = TLSOpportunistic, portSubmission
	case "smtps":
		c.TLS, c.Port = TLSImplicit, portSubmissions
	default:
		return errors.New("the address of the mail server must begin with smtp:// or smtps://")
	}
	return nil
}

// parseExtra refuses what stands behind the host: most likely the rest of a
// password that was not escaped.
func parseExtra(_ *Config, u *url.URL) error {
	if u.Opaque != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return errors.New("the address of the mail server ends with its host and port; " +
			"if the password contains / or #, write %2F or %23")
	}
	return nil
}

func parseHost(c *Config, u *url.URL) error {
	if c.Host == "" {
		return errors.New("the address of the mail server names no host")
	}
	if isASCII(c.Host) { // also an IPv6 address, or mail_server of a container
		return nil
	}
	host, err := idna.Lookup.ToASCII(c.Host)
	if err != nil {
		return errors.New("the host in the address of the mail server is not a valid name")
	}
	c.Host = host
	return nil
}

func parsePort(c *Config, u *url.URL) error {
	if u.Port() == "" {
		return nil
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil || port < 1 || port > 65535 {
		return errors.New("the port of the mail server must be a number from 1 to 65535")
	}
	c.Port = port
	return nil
}

func parseUser(c *Config, u *url.URL) error {
	if u.User == nil {
		return nil
	}
	c.Username = u.User.Username()
	c.Password, _ = u.User.Password()
	if c.Username == "" || c.Password == "" {
		return errors.New("the address of the mail server must give both the user name and the password, or neither")
	}
	return nil
}

func parseQuery(c *Config, u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("the options behind ? in the address of the mail server cannot be read; " +
			"if the password contains ?, write %3F")
	}
	for name := range query {
		if name != "tls" {
			return errors.New("the only option in the address of the mail server is tls; " +
				"if the password contains ?, write %3F")
		}
	}
	for _, value := range query["tls"] {
		if err := parseTLS(c, value); err != nil {
			return err
		}
	}
	if c.TLS == TLSNone && c.Username != "" && !c.local() {
		return fmt.Errorf("tls=none would send the password to %s in the clear", c.Host)
	}
	return nil
}

func parseTLS(c *Config, value string) error {
	switch {
	case value == "skip-verify":
		c.TLSConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // asked for by name
	case value == "required" && c.TLS != TLSNone:
		if c.TLS == TLSOpportunistic {
			c.TLS = TLSRequired
		}
	case value == "none" && c.TLS == TLSOpportunistic:
		c.TLS = TLSNone
	case value == "none" || value == "required":
		return errors.New("the address of the mail server asks for TLS and for none")
	default:
		return errors.New("tls in the address of the mail server must be required, skip-verify or none")
	}
	return nil
}
