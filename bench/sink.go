package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
)

// serveSink is the mail server that everything is measured against: it takes
// every message as fast as it comes. It prints its address, and then, for each
// line that it reads, how many messages it has taken since the last one. It
// ends with its input.
func serveSink() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var taken atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go swallow(conn, &taken)
		}
	}()
	fmt.Println(l.Addr())
	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		fmt.Println(taken.Swap(0))
	}
	return l.Close()
}

// swallow is one connection: it knows the commands by their first letters.
func swallow(conn net.Conn, taken *atomic.Int64) {
	defer conn.Close()
	in, out, content := bufio.NewReaderSize(conn, 64<<10), []byte("220 sink\r\n"), false
	for {
		if in.Buffered() == 0 && len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return
			}
			out = out[:0]
		}
		line, err := in.ReadSlice('\n')
		switch {
		case err != nil:
			return
		case content && len(line) == 3 && line[0] == '.':
			taken.Add(1)
			content, out = false, append(out, "250 2.0.0 queued\r\n"...)
		case content:
		case line[0] == 'D':
			content, out = true, append(out, "354 go on\r\n"...)
		case line[0] == 'E':
			out = append(out, "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"...)
		case line[0] == 'Q':
			conn.Write([]byte("221 bye\r\n")) // they leave anyway
			return
		default:
			out = append(out, "250 2.1.0 ok\r\n"...)
		}
	}
}

// sink is a mail server in a process of its own.
type sink struct {
	addr    string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func startSink() (*sink, error) {
	s := &sink{command: exec.Command("/proc/self/exe", "sink")}
	s.command.Stderr = os.Stderr
	var err error
	if s.in, err = s.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	line, err := s.out.ReadString('\n')
	s.addr = strings.TrimSpace(line)
	return s, err
}

// taken is how many messages the server took since it was last asked.
func (s *sink) taken() (int64, error) {
	if _, err := io.WriteString(s.in, "\n"); err != nil {
		return 0, err
	}
	line, err := s.out.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(line), 10, 64)
}

func (s *sink) stop() error { return errors.Join(s.in.Close(), s.command.Wait()) }
