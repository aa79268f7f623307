// Package fault is the one policy of errors: a kind for machines, a sentence
// for the person (a translation key with its arguments), and a cause for the
// log. A front door turns the kind into its own status in one place; the cause
// is logged and never shown.
//
// An error that is no *Error is internal: something of ours is broken.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what a caller can do about an error.
type Kind string

const (
	Invalid         Kind = "invalid"         // the input is wrong; see Fields (422)
	Unauthenticated Kind = "unauthenticated" // nobody, or not proven (401)
	Forbidden       Kind = "forbidden"       // the role may not (403)
	NotFound        Kind = "not_found"       // not there, or not yours (404)
	Conflict        Kind = "conflict"        // the object's state forbids it (409)
	TooLarge        Kind = "too_large"       // more bytes than allowed (413)
	TooMany         Kind = "too_many"        // try again later (429)
	Unavailable     Kind = "unavailable"     // the database or a server is away (503)
	Internal        Kind = "internal"        // ours (500)
)

// Args are the named values of a sentence.
type Args map[string]any

// Field is one failing field of the input.
type Field struct {
	Name string // as in the API and the form: "email", "schedule.start_at"
	Key  string // translation key of the reason
	Args Args
}

// Error is an error that a person may read.
type Error struct {
	Kind   Kind
	Key    string // translation key of the sentence
	Args   Args
	Fields []Field // Invalid only: every failing field, in the order of the form
	Cause  error   // for the log; never shown
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Key)
	if len(e.Args) > 0 {
		fmt.Fprintf(&b, " %v", map[string]any(e.Args))
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s: %s", f.Name, f.Key)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// New makes an error of a kind with the sentence of key.
func New(kind Kind, key string, args Args) *Error {
	return &Error{Kind: kind, Key: key, Args: args}
}

// Because is New with a cause for the log.
func Because(cause error, kind Kind, key string, args Args) *Error {
	return &Error{Kind: kind, Key: key, Args: args, Cause: cause}
}

// Missing is the answer for an object that is not there or not the asker's:
// the two must not be told apart.
func Missing() *Error { return &Error{Kind: NotFound, Key: "error.not_found"} }

// Denied is the answer where the role may not.
func Denied() *Error { return &Error{Kind: Forbidden, Key: "error.forbidden"} }

// KindOf is the kind of err: Internal where no *Error is in its chain.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Fields gathers every failing field of one input, so that a person is told
// all at once.
type Fields []Field

// Add notes a failing field.
func (f *Fields) Add(name, key string, args Args) {
	*f = append(*f, Field{Name: name, Key: key, Args: args})
}

// Err is nil where no field failed, and an Invalid error otherwise.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Key: "error.invalid", Fields: f}
}
