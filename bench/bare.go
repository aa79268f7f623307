package main

import (
	"bufio"
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

// bareTask is a mailing without anything that makes it one: no ledger, no
// composing, every byte ready in memory.
type bareTask struct {
	Addr        string
	Connections int
	Messages    int
}

// variety is how many different messages take turns.
const variety = 1000

// bare sends messages as fast as the wire takes them: the end of one and the
// offer of the next in one flight.
func bare(ctx context.Context, t bareTask) (usage, error) {
	envelopes, contents, err := letters(ctx, variety)
	if err != nil {
		return usage{}, err
	}
	flights := make([][]byte, variety)
	for i := range flights { // no line of the letter begins with a dot
		flights[i] = slices.Concat(contents[i], []byte(".\r\n"), envelopes[(i+1)%variety])
	}
	conns := make([]*bareConn, t.Connections)
	for i := range conns {
		if conns[i], err = dialBare(t.Addr); err != nil {
			return usage{}, err
		}
		defer conns[i].Close()
	}
	left := atomic.Int64{}
	left.Store(int64(t.Messages))
	return metered(func() error {
		var all sync.WaitGroup
		failed := make(chan error, len(conns))
		for i, c := range conns {
			all.Go(func() {
				at := i * variety / len(conns)
				err := c.exchange(envelopes[at], 3)
				for ; err == nil && left.Add(-1) >= 0; at = (at + 1) % variety {
					err = c.exchange(flights[at], 4)
				}
				if err != nil {
					failed <- err
				}
			})
		}
		all.Wait()
		close(failed)
		return <-failed
	})
}

type bareConn struct {
	net.Conn
	in *bufio.Reader
}

func dialBare(addr string) (*bareConn, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &bareConn{conn, bufio.NewReader(conn)}
	return c, c.exchange([]byte("EHLO bare\r\n"), 6)
}

// exchange sends a flight in one write and reads as many lines.
func (c *bareConn) exchange(flight []byte, lines int) error {
	if _, err := c.Write(flight); err != nil {
		return err
	}
	for range lines {
		if _, err := c.in.ReadSlice('\n'); err != nil {
			return err
		}
	}
	return nil
}
