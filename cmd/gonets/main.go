// Command gonets is the mailing service and everything one does with it from
// a command line; see "gonets help".
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"gonets/internal/cli"
)

// version is set by the build (-X main.version=…).
var version = "dev"

// garbage is how much of it may pile up, in percent of what is in use. That is
// little, some 20 MB, so collecting less often costs 30 MB more and saves a
// tenth of the CPU time of a message.
const garbage = 300

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, release) // a second signal ends the process at once
	os.Exit(cli.Run(ctx, cli.Process{
		Args:    os.Args[1:],
		In:      os.Stdin,
		Out:     os.Stdout,
		Err:     os.Stderr,
		Env:     os.LookupEnv,
		Version: version,
	}))
}
