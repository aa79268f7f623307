package httpd

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"direct", "192.0.2.1:1000", nil, "192.0.2.1"},
		{"stranger claims", "192.0.2.1:1000", []string{"203.0.113.9"}, "192.0.2.1"},
		{"through a proxy", "10.0.0.1:1000", []string{"203.0.113.9"}, "203.0.113.9"},
		{"client claims more", "10.0.0.1:1000", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.0.0.1:1000", []string{"203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"two headers", "10.0.0.1:1000", []string{"1.2.3.4, 203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		{"with port", "[::1]:1000", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"mapped", "[::ffff:10.0.0.1]:1000", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"nonsense", "10.0.0.1:1000", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"proxy alone", "10.0.0.1:1000", nil, "10.0.0.1"},
		{"only proxies", "10.0.0.1:1000", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = c.peer
		for _, value := range c.forwarded {
			r.Header.Add("X-Forwarded-For", value)
		}
		if got := clientAddress(r, trusted); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLocal(t *testing.T) {
	for _, c := range []struct {
		name, addr, peer, host, header string
		want                           bool
	}{
		{"at the machine", "127.0.0.1:8080", "127.0.0.1:5000", "localhost:8080", "", true},
		{"by IPv6", "[::1]:8080", "[::1]:5000", "[::1]:8080", "", true},
		{"listens on all", ":8080", "127.0.0.1:5000", "localhost:8080", "", false},
		{"listens on all IPv4", "0.0.0.0:8080", "127.0.0.1:5000", "localhost:8080", "", false},
		{"from elsewhere", "127.0.0.1:8080", "192.0.2.1:5000", "localhost:8080", "", false},
		{"rebound name", "127.0.0.1:8080", "127.0.0.1:5000", "evil.example:8080", "", false},
		{"name that looks local", "127.0.0.1:8080", "127.0.0.1:5000", "localhost.evil.example", "", false},
		{"through a proxy", "127.0.0.1:8080", "127.0.0.1:5000", "localhost:8080", "X-Forwarded-For", false},
		{"through a proxy that says so", "127.0.0.1:8080", "127.0.0.1:5000", "localhost", "Forwarded", false},
		{"through a cache", "127.0.0.1:8080", "127.0.0.1:5000", "localhost", "Via", false},
	} {
		s := &Server{local: loopbackAddr(c.addr)}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr, r.Host = c.peer, c.host
		if c.header != "" {
			r.Header.Set(c.header, "x")
		}
		if got := s.Local(r); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
