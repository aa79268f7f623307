// Package cli is the command line: it reads settings and arguments, wires the
// packages below into one program (app.go, and nowhere else), runs a command,
// and says in the person's language what came of it.
//
// Every command that needs the database opens it, migrates it under a lock,
// and works on it beside any number of other processes, a running server
// among them. Commands that send are nodes of their own for as long as they
// run: they hold a name, take leases, and leave what is unfinished to others.
//
// Results go to the standard output, as text or with --json for machines;
// progress and errors go to the standard error. Exit codes: 0 all went well; 1
// the command failed; 2 it was not understood, or the settings were refused; 3
// it did its work, and some of it failed (a delivery, a row); 130 it was
// interrupted.
package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"

	"github.com/alecthomas/kong"

	"gonets/internal/account"
	"gonets/internal/config"
	"gonets/internal/db"
	"gonets/internal/i18n"
)

// Process is what a program has of the world around it.
type Process struct {
	Args    []string // without the program's own name
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
	Env     func(name string) (string, bool)
	Version string
}

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPartly      = 3
	exitInterrupted = 130 // as shells have it: 128 + SIGINT
)

// grammar is every command and flag; their help are keys of sentences. A
// command's Run is called with the context and the session.
type grammar struct {
	config.Config `group:"settings"`

	ConfigFile string `name:"config" placeholder:"FILE" help:"help.config"`
	JSON       bool   `name:"json" help:"help.json"`
	Debug      bool   `name:"debug" help:"help.debug"`

	Serve           serveCommand      `cmd:"" help:"help.serve"`
	Demo            demoCommand       `cmd:"" help:"help.demo"`
	Migrate         migrateCommand    `cmd:"" help:"help.migrate"`
	CreateSuperUser superuserCommand  `cmd:"" name:"createsuperuser" aliases:"csu" help:"help.createsuperuser"`
	User            userCommands      `cmd:"" help:"help.user"`
	Group           groupCommands     `cmd:"" help:"help.group"`
	Token           tokenCommands     `cmd:"" help:"help.token"`
	Mailing         mailingCommands   `cmd:"" help:"help.mailing"`
	SendDue         sendDueCommand    `cmd:"" help:"help.send_due"`
	Recipient       recipientCommands `cmd:"" help:"help.recipient"`
	Stats           statsCommands     `cmd:"" help:"help.stats"`
	Doctor          doctorCommand     `cmd:"" help:"help.doctor"`
	Backup          backupCommand     `cmd:"" help:"help.backup"`
	Restore         restoreCommand    `cmd:"" help:"help.restore"`
	Version         versionCommand    `cmd:"" help:"help.version"`
	Help            helpCommand       `cmd:"" help:"help.help"`
}

// session is one run of the program, for its commands.
type session struct {
	*terminal
	config  *config.Config
	loader  *config.Loader
	log     *slog.Logger
	bundle  *i18n.Bundle
	clock   db.Clock
	version string
	argon   account.Argon // cost of a password; zero, except in tests: the default
}

// Run does what the arguments say and answers the exit code.
func Run(ctx context.Context, p Process) int {
	bundle, err := i18n.New()
	if err != nil {
		io.WriteString(p.Err, err.Error()+"\n") //nolint:errcheck // there is nobody else to tell
		return exitFailed
	}
	t := newTerminal(p, bundle.For(language(p.Env)))
	err = run(ctx, p, t, bundle)
	if err == nil {
		return exitDone
	}
	return t.fail(ctx, err)
}

func run(ctx context.Context, p Process, t *terminal, bundle *i18n.Bundle) error {
	var g grammar
	loader := config.NewLoader(p.Env, configFile(p))
	parser, exited, err := newParser(&g, loader, p, t.say)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(helped(p.Args))
	if *exited {
		return nil
	}
	if err != nil {
		return usage(t.say, err)
	}
	t.json, t.debug = g.JSON, g.Debug
	loader.Flagged(parsed)
	s := &session{
		terminal: t, config: &g.Config, loader: loader, bundle: bundle,
		clock: db.SystemClock{}, version: p.Version,
	}
	if err := check(loader, &g.Config); err != nil {
		return err
	}
	s.log = newLog(p.Err, &g, parsed.Command())
	parsed.BindTo(ctx, (*context.Context)(nil))
	return parsed.Run(s)
}

// helped turns "help COMMAND" into "COMMAND --help", and nothing at all into
// a plea for help.
func helped(args []string) []string {
	if len(args) == 0 {
		return []string{"--help"}
	}
	if args[0] == "help" {
		return append(args[1:len(args):len(args)], "--help")
	}
	return args
}

// configFile is the file that --config names. It is looked for before the
// arguments are parsed, since the settings in it take part in that.
func configFile(p Process) string {
	for i, arg := range p.Args {
		if name, ok := strings.CutPrefix(arg, "--config="); ok {
			return name
		}
		if arg == "--config" && i+1 < len(p.Args) {
			return p.Args[i+1]
		}
		if arg == "--" {
			break
		}
	}
	name, _ := p.Env("GONETS_CONFIG")
	return name
}

// newParser is kong for the grammar. exited becomes true where it has shown
// the help and there is nothing more to do.
func newParser(g *grammar, loader *config.Loader, p Process, say *i18n.Localizer) (parser *kong.Kong, exited *bool, err error) {
	exited = new(bool)
	options := append(loader.Options(),
		kong.Name("gonets"),
		kong.Description("help.description"),
		kong.Writers(p.Out, p.Err),
		kong.Exit(func(int) { *exited = true }),
		kong.Help(helper(say)),
	)
	if parser, err = kong.New(g, options...); err != nil {
		return nil, nil, err
	}
	parser.Model.HelpFlag.Help = "help.flag_help"
	return parser, exited, nil
}

// exitError is an error with an exit code of its own. Without err, everything
// has been said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "some of it failed"
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// partly is the end of a command that did its work, and some of it failed.
func partly() error { return &exitError{code: exitPartly} }

// exitCode is the code of an error.
func exitCode(ctx context.Context, err error) int {
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	return exitFailed
}

// helpCommand is never run: see helped.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"help.help_command"`
}

func (helpCommand) Run() error { return nil }

type versionCommand struct{}

func (versionCommand) Run(s *session) error {
	if s.json {
		return s.write(map[string]string{"version": s.version})
	}
	s.println(s.version)
	return nil
}
