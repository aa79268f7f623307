package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"gonets/internal/fault"
)

// asks reports whether there is a person to ask.
func (t *terminal) asks() bool { return isTerminal(t.in) }

// ask is the line that the person types. It is read byte by byte: what stands
// behind it is the answer to the next question.
func (t *terminal) ask(ctx context.Context, key string, args ...any) (string, error) {
	io.WriteString(t.err, t.say.T(key, args...)+" ") //nolint:errcheck // there is nobody else to tell
	return t.typed(ctx, func() (string, error) {
		var text []byte
		for one := make([]byte, 1); ; {
			if _, err := io.ReadFull(t.in, one); err != nil {
				return "", err
			}
			if one[0] == '\n' {
				return strings.TrimSpace(string(text)), nil
			}
			text = append(text, one[0])
		}
	})
}

// password is what the person types, twice and unseen, until both are the
// same; or the first line of the standard input where fromInput asks for it.
func (t *terminal) password(ctx context.Context, fromInput bool) (string, error) {
	if fromInput {
		line, err := bufio.NewReader(t.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	if !t.asks() {
		return "", fault.New(fault.Invalid, "cli.password_missing", nil)
	}
	for {
		first, err := t.hidden(ctx, "cli.password")
		if err != nil {
			return "", err
		}
		second, err := t.hidden(ctx, "cli.password_again")
		if err != nil {
			return "", err
		}
		if first == second {
			return first, nil
		}
		t.note("cli.password_differs")
	}
}

// hidden is what the person types unseen.
func (t *terminal) hidden(ctx context.Context, key string) (string, error) {
	keyboard, ok := t.in.(*os.File)
	if !ok {
		return "", errors.New("there is no keyboard")
	}
	// Who is interrupted gets their terminal back as it was.
	before, err := term.GetState(int(keyboard.Fd()))
	if err != nil {
		return "", fmt.Errorf("ask the terminal: %w", err)
	}
	defer term.Restore(int(keyboard.Fd()), before) //nolint:errcheck // ReadPassword did it, or nothing can
	io.WriteString(t.err, t.say.T(key)+" ")        //nolint:errcheck // there is nobody else to tell
	defer line(t.err, "")
	return t.typed(ctx, func() (string, error) {
		text, err := term.ReadPassword(int(keyboard.Fd()))
		return string(text), err
	})
}

// typed waits for the person, or for ctx to end: the read goes on then, but the
// process is about to end.
func (t *terminal) typed(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := read()
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		if errors.Is(a.err, io.EOF) { // Ctrl-D: the person wants no more of it
			return "", &exitError{code: exitInterrupted, err: a.err}
		}
		if a.err != nil {
			return "", fmt.Errorf("read what is typed: %w", a.err)
		}
		return a.text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
