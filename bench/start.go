package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const program = "bin/gonets"

// measureStart starts the service, until it says that it is ready, and, in
// turns, the program alone.
func measureStart(ctx context.Context, o *options, r *report) error {
	if _, err := os.Stat(program); errors.Is(err, fs.ErrNotExist) {
		r.note("start: left out, there is no %s; run make build", program)
		return nil
	}
	dir, err := os.MkdirTemp("", "gonets-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if _, err := ready(ctx, dir); err != nil { // makes the database
		return err
	}
	var alone, served, ratio []float64
	for range 3 * o.rounds {
		began := time.Now()
		if err := exec.CommandContext(ctx, program, "version").Run(); err != nil {
			return fmt.Errorf("%s version: %w", program, err)
		}
		a := time.Since(began).Seconds() * 1e3
		s, err := ready(ctx, dir)
		if err != nil {
			return err
		}
		alone, served, ratio = append(alone, a), append(served, s), append(ratio, s/a)
	}
	once := []int{1}
	r.add("start: gonets version", "ms", once, median(alone))
	r.add("start: gonets serve, until ready", "ms", once, median(served))
	r.add("start: ready beside version", "×", once, median(ratio)).atMost(10)
	return nil
}

// ready starts the service, waits for its /readyz, and stops it. It says how
// many milliseconds that took until ready.
func ready(ctx context.Context, dir string) (float64, error) {
	addr, err := freeAddr()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, "serve", "--addr", addr, "--data-dir", dir, "--log-level", "error")
	command.Stderr = os.Stderr
	began := time.Now()
	if err := command.Start(); err != nil {
		return 0, err
	}
	if err := untilReady(ctx, addr); err != nil {
		return 0, errors.Join(err, command.Wait())
	}
	took := time.Since(began).Seconds() * 1e3
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	return took, command.Wait()
}

// freeAddr is an address that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// untilReady waits until a service says that it is ready.
func untilReady(ctx context.Context, addr string) error {
	for ctx.Err() == nil {
		answer, err := http.Get("http://" + addr + "/readyz")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(500 * time.Microsecond)
	}
	return fmt.Errorf("not ready: %w", ctx.Err())
}
