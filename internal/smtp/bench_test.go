package smtp

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
)

// sink is the least that can be called a server: it knows the one flight that
// the benchmarks send, and answers without a thought.
func sink(b *testing.B) net.Addr {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go swallow(nc)
		}
	}()
	return l.Addr()
}

func swallow(nc net.Conn) {
	defer nc.Close()
	br, out, content := bufio.NewReaderSize(nc, 64<<10), []byte("220 sink\r\n"), false
	for {
		if br.Buffered() == 0 {
			if _, err := nc.Write(out); err != nil {
				return
			}
			out = out[:0]
		}
		line, err := br.ReadSlice('\n')
		switch {
		case err != nil:
			return
		case content && len(line) == 3 && line[0] == '.':
			content, out = false, append(out, "250 2.0.0 queued\r\n"...)
		case content:
		case line[0] == 'D':
			content, out = true, append(out, "354 go on\r\n"...)
		case line[0] == 'E':
			out = append(out, "250-sink\r\n250 PIPELINING\r\n"...)
		default:
			out = append(out, "250 2.1.0 ok\r\n"...)
		}
	}
}

var benchContent = []byte("Subject: hi\r\n\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 60))

func BenchmarkDeliver(b *testing.B) {
	addr := sink(b).(*net.TCPAddr)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	c, err := Dial(ctx, Config{Host: "127.0.0.1", Port: addr.Port})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Abandon()
	if err := c.Offer(ctx, letter); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, offered, err := c.Deliver(ctx, benchContent, &letter); err != nil || offered != nil {
			b.Fatal(err, offered)
		}
	}
}

// BenchmarkBare is what the same traffic costs without any care: one prepared
// write, four lines read. What Deliver takes beyond it is ours.
func BenchmarkBare(b *testing.B) {
	nc, err := net.Dial("tcp", sink(b).String())
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	br := bufio.NewReader(nc)
	offer := []byte("MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n")
	exchange := func(flight []byte, lines int) {
		if _, err := nc.Write(flight); err != nil {
			b.Fatal(err)
		}
		for range lines {
			if _, err := br.ReadSlice('\n'); err != nil {
				b.Fatal(err)
			}
		}
	}
	exchange([]byte("EHLO x\r\n"), 3)
	exchange(offer, 3)
	flight := bytes.Join([][]byte{benchContent, []byte(".\r\n"), offer}, nil)
	b.ReportAllocs()
	for b.Loop() {
		exchange(flight, 4)
	}
}

func BenchmarkStuff(b *testing.B) {
	b.SetBytes(int64(len(benchContent)))
	var buf []byte
	for b.Loop() {
		buf, _ = stuff(buf[:0], benchContent)
	}
	_, _ = io.Discard.Write(buf)
}
