package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a process has cost.
type usage struct {
	Seconds float64 // on the wall's clock, of the measured part alone
	CPU     float64 // seconds of it, of the measured part alone
	Peak    int64   // bytes of memory, of the whole process
}

// work does a task in this process and prints its result.
func work(ctx context.Context, name string, args []string) error {
	tasks := map[string]func(context.Context, []byte) (any, error){
		"bare":   task(bare),
		"send":   task(send),
		"import": task(importRows),
		"insert": task(insertRows),
	}
	if name == "sink" {
		return serveSink()
	}
	do, ok := tasks[name]
	if !ok || len(args) != 1 {
		return fmt.Errorf("no task %q with %d descriptions", name, len(args))
	}
	debug.SetGCPercent(300) // as gonets does
	result, err := do(ctx, []byte(args[0]))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// task reads the description of a task before it is done.
func task[D, R any](do func(context.Context, D) (R, error)) func(context.Context, []byte) (any, error) {
	return func(ctx context.Context, text []byte) (any, error) {
		var description D
		if err := json.Unmarshal(text, &description); err != nil {
			return nil, err
		}
		return do(ctx, description)
	}
}

// child has a task done by a process of its own.
func child[R any](ctx context.Context, name string, description any) (result R, err error) {
	text, err := json.Marshal(description)
	if err != nil {
		return result, err
	}
	var out bytes.Buffer
	command := exec.CommandContext(ctx, "/proc/self/exe", name, string(text))
	command.Stdout, command.Stderr = &out, os.Stderr
	if err := command.Run(); err != nil {
		return result, fmt.Errorf("%s: %w", name, err)
	}
	return result, json.Unmarshal(out.Bytes(), &result)
}

// metered measures f in this process.
func metered(f func() error) (usage, error) {
	began, used := time.Now(), ownCPU()
	err := f()
	return usage{Seconds: time.Since(began).Seconds(), CPU: (ownCPU() - used).Seconds(), Peak: peak()}, err
}

func ownCPU() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// peak is the most memory that this process has had, in bytes.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kilobytes, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}
