package smtp

import (
	"fmt"
	"strings"
)

// Stage is the step of the dialogue at which something failed.
type Stage string

// The stages, in their order. A greeting, EHLO, RSET or NOOP that fails counts
// as connect.
const (
	StageConnect   Stage = "connect"
	StageTLS       Stage = "tls"
	StageAuth      Stage = "auth"
	StageMail      Stage = "mail"
	StageRcpt      Stage = "rcpt"
	StageData      Stage = "data"        // DATA, and the content up to the final dot
	StageEndOfData Stage = "end_of_data" // the answer to the final dot
)

// BeforeMail reports whether the stage lies before MAIL: what fails there is
// the server's trouble, and says nothing about a recipient.
func (s Stage) BeforeMail() bool {
	return s == StageConnect || s == StageTLS || s == StageAuth
}

// Error says why a message, or a connection, came to nothing.
type Error struct {
	Stage  Stage
	Reply  Reply  // Code 0: there was none
	Server string // as [Conn.Server]
	Cause  error  // nil where the reply says it all

	// AfterDot says that the final dot has left, perhaps, and that no reply
	// came: the message is uncertain.
	AfterDot bool

	// Local says that Reply is our own: the refusal never touched the wire.
	Local bool
}

// Permanent reports a 5yz reply: trying again as is will not help.
func (e *Error) Permanent() bool { return e.Reply.Code/100 == 5 }

// Temporary reports a 4yz reply: trying again later may help.
func (e *Error) Temporary() bool { return e.Reply.Code/100 == 4 }

// Network reports that there was no reply, or none that is SMTP.
func (e *Error) Network() bool { return e.Reply.Code == 0 }

// Closing reports the reply 421: the server closes this connection, be it that
// it shuts down or that the connection has carried enough messages. Before the
// final dot another connection may do better at once.
func (e *Error) Closing() bool { return e.Reply.Code == codeClosing }

func (e *Error) Error() string {
	var b strings.Builder
	if e.Server != "" {
		fmt.Fprintf(&b, "%s: ", e.Server)
	}
	fmt.Fprintf(&b, "%s: ", e.Stage)
	if e.Local {
		b.WriteString("not sent: ")
	}
	if e.Reply.Code != 0 {
		b.WriteString(strings.ReplaceAll(e.Reply.String(), "\n", " "))
	}
	if e.Reply.Code != 0 && e.Cause != nil {
		b.WriteString(": ")
	}
	if e.Cause != nil {
		b.WriteString(e.Cause.Error())
	}
	if e.AfterDot {
		b.WriteString(" (after the final dot)")
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// refuse makes an error of ours, in the form of the reply that a server would
// have given.
func refuse(server string, stage Stage, code int, enhanced, text string) *Error {
	return &Error{
		Stage:  stage,
		Reply:  Reply{Code: code, Enhanced: enhanced, Text: text},
		Server: server,
		Local:  true,
	}
}
