package mailserver

import (
	"bytes"
	"math"
	"net"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"gonets/internal/fault"
)

// Draft is what an administrator sets of a server.
type Draft struct {
	Name        string // may be empty
	Host        string
	Port        int
	Security    Security
	Username    string // empty: no login
	Password    string // empty: that of before
	Connections int
	Rate        float64 // messages per second; 0: no limit
	Enabled     bool
}

// Draft is the server as it could be set anew; without its password.
func (s Server) Draft() Draft {
	return Draft{
		Name: s.Name, Host: s.Host, Port: s.Port, Security: s.Security, Username: s.Username,
		Connections: s.Connections, Rate: s.Rate, Enabled: s.Enabled,
	}
}

// Bounds of what can be set.
const (
	maxText        = 200 // characters
	maxHost        = 253 // RFC 1035, 2.3.4
	maxPort        = 65535
	maxConnections = 1000
	maxRate        = 100_000
)

func (d *Draft) server() Server {
	return Server{
		Name: d.Name, Host: d.Host, Port: d.Port, Security: d.Security, Username: d.Username,
		Connections: d.Connections, Rate: d.Rate, Enabled: d.Enabled,
	}
}

// check puts a draft in order and says everything that is wrong with it.
// before is the server that it changes; nil for a new one.
func (d *Draft) check(before *Server) error {
	var f fault.Fields
	d.Name, d.Host, d.Username = strings.TrimSpace(d.Name), strings.TrimSpace(d.Host), strings.TrimSpace(d.Username)
	checkLine(&f, "name", d.Name)
	d.checkHost(&f)
	if d.Port < 1 || d.Port > maxPort {
		f.Add("port", "mailserver.port_wrong", nil)
	}
	if !slices.Contains(Securities(), d.Security) {
		f.Add("security", "error.choice", nil)
	}
	d.checkLogin(&f, before)
	if d.Connections < 1 || d.Connections > maxConnections {
		f.Add("connections", "mailserver.connections_wrong", fault.Args{"Max": maxConnections})
	}
	if math.IsNaN(d.Rate) || d.Rate < 0 || d.Rate > maxRate {
		f.Add("rate", "mailserver.rate_wrong", fault.Args{"Max": maxRate})
	}
	return f.Err()
}

// checkHost brings a name into the form that is looked up.
func (d *Draft) checkHost(f *fault.Fields) {
	d.Host = strings.Trim(d.Host, "[]") // an IPv6 address as in a URL
	switch {
	case d.Host == "":
		f.Add("host", "error.required", nil)
	case net.ParseIP(d.Host) != nil:
	default:
		ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(d.Host, "."))
		if err != nil || ascii == "" || len(ascii) > maxHost {
			f.Add("host", "mailserver.host_wrong", nil)
			return
		}
		d.Host = ascii
	}
}

// checkLogin asks for a password with a login. One that is kept must be for
// the very same server.
func (d *Draft) checkLogin(f *fault.Fields, before *Server) {
	checkLine(f, "username", d.Username)
	checkLine(f, "password", d.Password)
	if d.Username == "" {
		d.Password = ""
		return
	}
	if d.Security == None && !local(d.Host) {
		f.Add("security", "mailserver.login_in_clear", nil)
	}
	switch {
	case d.Password != "":
	case before == nil || before.config.Password == "":
		f.Add("password", "error.required", nil)
	case !bytes.Equal(binding(*before), binding(d.server())):
		f.Add("password", "mailserver.password_again", nil)
	}
}

// local says that the host is this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func checkLine(f *fault.Fields, name, value string) {
	switch {
	case !utf8.ValidString(value):
		f.Add(name, "error.not_text", nil)
	case strings.ContainsFunc(value, unicode.IsControl):
		f.Add(name, "error.control_characters", nil)
	case utf8.RuneCountInString(value) > maxText:
		f.Add(name, "error.too_long", fault.Args{"Max": maxText})
	}
}
