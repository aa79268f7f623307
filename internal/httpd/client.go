package httpd

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// ClientAddress is the network address of who asks, as far as it can be
// trusted; without port.
func ClientAddress(ctx context.Context) string {
	if v := visitOf(ctx); v != nil {
		return v.address
	}
	return ""
}

// clientAddress follows X-Forwarded-For from its right end, where the nearest
// proxy wrote, for as long as the writers are trusted: the first address that
// is not a trusted proxy's own is the client. What stands left of it anybody
// could have written.
func clientAddress(r *http.Request, trusted []netip.Prefix) string {
	peer, ok := peerOf(r)
	if !ok {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && contains(trusted, peer); i-- {
		hop, ok := parseHop(hops[i])
		if !ok {
			break
		}
		peer = hop
	}
	return peer.String()
}

// parseHop reads an address with or without port, as proxies write them.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr.Unmap(), err == nil
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// peerOf is the other end of the connection.
func peerOf(r *http.Request) (netip.Addr, bool) { return parseHop(r.RemoteAddr) }

// Local says that the request comes from a person at this very machine: the
// listening address, the peer and the Host are all loopback, and no proxy
// stands between. The Host keeps out a foreign page whose name was made to
// resolve to 127.0.0.1.
func (s *Server) Local(r *http.Request) bool {
	peer, ok := peerOf(r)
	return s.local && ok && peer.IsLoopback() && loopbackAddr(r.Host) && !forwarded(r.Header)
}

// forwarded says that a proxy passed the request on.
func forwarded(h http.Header) bool {
	for name := range h {
		switch {
		case strings.HasPrefix(name, "X-Forwarded-"), name == "Forwarded", name == "X-Real-Ip", name == "Via",
			name == "True-Client-Ip", name == "Cf-Connecting-Ip":
			return true
		}
	}
	return false
}

// loopbackAddr says that a host, with or without port, is this machine to
// itself. An empty one is every address.
func loopbackAddr(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}
