package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"gonets/internal/config"
	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/mail"
	"gonets/internal/smtp"
)

// terminal talks to whoever called the command.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	say      *i18n.Localizer
	json     bool // answer in JSON
	debug    bool // show causes
	live     bool // the standard error is a terminal: bars may move there
}

func newTerminal(p Process, say *i18n.Localizer) *terminal {
	return &terminal{in: p.In, out: p.Out, err: p.Err, say: say, live: isTerminal(p.Err)}
}

// isTerminal reports whether a stream is a screen or a keyboard.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// language is the person's, as the system has it: LC_ALL wins over
// LC_MESSAGES, and that over LANG (POSIX, 8.2).
func language(env func(string) (string, bool)) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value, ok := env(name); ok && value != "" {
			name, _, _ := strings.Cut(value, ".") // ru_RU.UTF-8
			name, _, _ = strings.Cut(name, "_")
			if strings.EqualFold(name, i18n.Russian) {
				return i18n.Russian
			}
			return i18n.English
		}
	}
	return i18n.English
}

// println writes a line of the answer.
func (t *terminal) println(text string) { line(t.out, text) }

// line writes a line to a person. Where that fails there is nobody to tell.
func line(w io.Writer, text string) {
	io.WriteString(w, text+"\n") //nolint:errcheck // as said
}

// tell writes a sentence of the answer, which machines don't want.
func (t *terminal) tell(key string, args ...any) {
	if !t.json {
		t.println(t.say.T(key, args...))
	}
}

// note writes a sentence beside the answer.
func (t *terminal) note(key string, args ...any) {
	line(t.err, t.say.T(key, args...))
}

// write answers a machine: one JSON document.
func (t *terminal) write(value any) error {
	encoder := json.NewEncoder(t.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// table writes rows in columns; the first row is the headings.
func (t *terminal) table(rows [][]string) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		line(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return w.Flush()
}

// moment is a time as people read it at their own clock.
func (t *terminal) moment(at time.Time) string { return t.say.DateTime(at, time.Local) }

// fail says what went wrong and answers the exit code. Causes are shown with
// --debug alone: they are for whoever mends the program.
func (t *terminal) fail(ctx context.Context, err error) int {
	code := exitCode(ctx, err)
	switch e, isFault := errors.AsType[*fault.Error](err); {
	case code == exitInterrupted:
		t.note("cli.interrupted")
	case code == exitPartly:
		return code // it has been told
	case isFault:
		t.complain(e)
	default:
		t.note("cli.internal")
	}
	if t.debug {
		line(t.err, err.Error())
	}
	return code
}

// complain says an error for a person, with every failing field.
func (t *terminal) complain(e *fault.Error) {
	line(t.err, t.say.Sentence(e.Key, e.Args))
	for _, f := range e.Fields {
		line(t.err, fmt.Sprintf("  %s: %s", f.Name, t.say.Sentence(f.Key, f.Args)))
	}
}

// check refuses settings that can't be used, with every reason at once: those
// that package config knows, and those that only other packages can tell.
func check(loader *config.Loader, c *config.Config) error {
	var fields fault.Fields
	for _, p := range loader.Check(c) {
		fields.Add(p.Name, p.Key, p.Args)
	}
	if c.SMTPURL != "" {
		if _, err := smtp.ParseURL(c.SMTPURL); err != nil {
			fields.Add("GONETS_SMTP_URL", "config.smtp_url", fault.Args{"Cause": err.Error()})
		}
	}
	checkAddress(&fields, "GONETS_ENVELOPE_FROM", c.EnvelopeFrom)
	if len(fields) == 0 { // otherwise it may follow from what is wrong already
		checkAddress(&fields, "GONETS_MAIL_FROM", c.MailFrom)
	}
	if len(fields) == 0 {
		return nil
	}
	return &exitError{code: exitUsage, err: &fault.Error{Kind: fault.Invalid, Key: "cli.settings", Fields: fields}}
}

func checkAddress(fields *fault.Fields, name, value string) {
	if value == "" {
		return
	}
	_, err := mail.ParseAddress(value)
	if e, ok := errors.AsType[*mail.AddressError](err); ok {
		fields.Add(name, e.Key, e.Args)
	}
}
