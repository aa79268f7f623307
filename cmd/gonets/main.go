// Command gonets is the mailing service and everything one does with it from
// a command line; see "gonets help".
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"gonets/internal/cli"
)

// version is set by the build (-X main.version=…).
var version = "dev"

func main() {
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
