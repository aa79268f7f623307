package httpd

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// counting counts the writes to its connections.
type counting struct {
	net.Listener
	writes *atomic.Int64
}

func (l counting) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return countingConn{conn, l.writes}, err
}

type countingConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// An answer arrives whatever was said of its length, and in one piece where
// that was right. All requests use one connection, so that what one left behind
// would be found by the next.
func TestWholeAnswers(t *testing.T) {
	page := strings.Repeat("0123456789abcdef", 625) // 10 kB
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var owed int
		fmt.Sscan(r.URL.Query().Get("owed"), &owed)
		w.Header().Set("Content-Length", fmt.Sprint(len(page)))
		if owed > 0 {
			Whole(r.Context(), owed)
		}
		io.WriteString(w, page) // whoever is gone learns nothing
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var writes atomic.Int64
	go serveWhole(server, counting{l, &writes}) // until it is closed
	t.Cleanup(func() { server.Close() })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, test := range []struct {
		name, request string
		body          int
		writes        int64
	}{
		{"nothing said", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", len(page), 3},
		{"right", "GET /?owed=10000 HTTP/1.1\r\nHost: x\r\n\r\n", len(page), 1},
		{"too much", "GET /?owed=1000000 HTTP/1.1\r\nHost: x\r\n\r\n", len(page), 1},
		{"too little", "GET /?owed=5000 HTTP/1.1\r\nHost: x\r\n\r\n", len(page), 2},
		{"no body", "HEAD /?owed=10000 HTTP/1.1\r\nHost: x\r\n\r\n", 0, 1},
		{"the next one", "GET /?owed=10000 HTTP/1.1\r\nHost: x\r\n\r\n", len(page), 1},
		{"two at once", "GET /?owed=10000 HTTP/1.1\r\nHost: x\r\n\r\nHEAD /?owed=10000 HTTP/1.1\r\nHost: x\r\n\r\n", len(page), 1},
		{"the second of two", "", 0, 1},
		{"the last one", "GET /?owed=1000000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", len(page), 1},
	} {
		before := writes.Load()
		if _, err := io.WriteString(conn, test.request); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		asked := &http.Request{Method: http.MethodGet}
		if test.body == 0 {
			asked.Method = http.MethodHead
		}
		answer, err := http.ReadResponse(in, asked)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || len(body) != test.body || test.body > 0 && string(body) != page {
			t.Fatalf("%s: got %d bytes, %v", test.name, len(body), err)
		}
		if n := writes.Load() - before; n != test.writes && !strings.Contains(test.name, "two") {
			t.Errorf("%s: %d writes, want %d", test.name, n, test.writes)
		}
	}
}
