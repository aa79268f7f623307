package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresCPU is what PostgreSQL's processes have used, those that ended
// included; 0 where the server is not on this machine.
func postgresCPU(ctx context.Context, server string) time.Duration {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return 0
	}
	defer conn.Close(ctx)
	var backend int
	if conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend) != nil {
		return 0
	}
	own, ok := readStat(strconv.Itoa(backend))
	if !ok || own.name != "postgres" {
		return 0
	}
	postmaster, _ := readStat(own.parent)
	sum := postmaster.used + postmaster.ended
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range all {
		if s, ok := readStat(filepath.Base(path)); ok && s.parent == own.parent {
			sum += s.used
		}
	}
	return sum
}

type stat struct {
	name, parent string
	used, ended  time.Duration // of the process, and of its children that have ended
}

// readStat reads /proc/PID/stat; see proc(5).
func readStat(pid string) (stat, bool) {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return stat{}, false
	}
	before, after, _ := strings.Cut(string(text), ") ")
	_, name, _ := strings.Cut(before, "(")
	f := strings.Fields(after) // from field 3 on
	if len(f) < 15 {
		return stat{}, false
	}
	return stat{name: name, parent: f[1], used: ticks(f[11]) + ticks(f[12]), ended: ticks(f[13]) + ticks(f[14])}, true
}

// ticks are hundredths of a second (USER_HZ).
func ticks(text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(n) * 10 * time.Millisecond
}
