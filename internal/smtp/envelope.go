package smtp

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxPath is the longest address, in bytes: a path of 256 without its brackets
// (RFC 5321 4.5.3.1.3).
const maxPath = 254

// Envelope is what the server is told of a message before its content.
type Envelope struct {
	From     string // "" is the null sender (RFC 5321 4.5.5)
	To       string
	UTF8     bool // the headers or an address need SMTPUTF8
	EightBit bool // the content has bytes above 127
	Size     int  // of the content, in bytes; 0: not known
}

// step is one command of a flight.
type step struct {
	stage  Stage
	limit  time.Duration
	line   string // without its line end
	agreed bool   // the server's answer
}

// check refuses what must not, or need not, go on the wire.
func (c *Conn) check(env *Envelope) *Error {
	switch {
	case !validPath(env.From) && env.From != "":
		return refuse(c.server, StageMail, 553, "5.1.7", "the sender's address is not valid")
	case !validPath(env.To):
		return refuse(c.server, StageRcpt, 553, "5.1.3", "the recipient's address is not valid")
	case env.needsUTF8() && !c.caps.SMTPUTF8: // RFC 6531 3.5
		return refuse(c.server, StageMail, 553, "5.6.7", "the address needs SMTPUTF8, which the server does not offer")
	case env.EightBit && !c.caps.EightBitMIME: // RFC 6152 3
		return refuse(c.server, StageMail, 554, "5.6.3", "the content needs 8BITMIME, which the server does not offer")
	case c.caps.Size > 0 && int64(env.Size) > c.caps.Size: // RFC 1870 6
		return refuse(c.server, StageMail, 552, "5.3.4", "the message is larger than the server's limit of "+
			strconv.FormatInt(c.caps.Size, 10)+" bytes")
	}
	return nil
}

// steps returns the commands that offer env.
func (c *Conn) steps(env *Envelope) []step {
	t := &c.cfg.Timeouts
	steps := make([]step, 0, 4)
	if c.reset {
		steps = append(steps, step{stage: StageConnect, limit: t.Command, line: "RSET"})
	}
	return append(steps,
		step{stage: StageMail, limit: t.Mail, line: c.mail(env)},
		step{stage: StageRcpt, limit: t.Rcpt, line: "RCPT TO:<" + env.To + ">"},
		step{stage: StageData, limit: t.Data, line: "DATA"},
	)
}

// mail returns the MAIL command with the parameters that the server knows.
func (c *Conn) mail(env *Envelope) string {
	line := "MAIL FROM:<" + env.From + ">"
	if env.Size > 0 && c.caps.SizeParam {
		line += " SIZE=" + strconv.Itoa(env.Size)
	}
	if env.EightBit {
		line += " BODY=8BITMIME"
	}
	if env.needsUTF8() {
		line += " SMTPUTF8"
	}
	return line
}

func (e *Envelope) needsUTF8() bool { return e.UTF8 || !isASCII(e.From) || !isASCII(e.To) }

// validPath reports whether an address can stand between angle brackets without
// breaking out of them or of its line. Its grammar is the business of package
// mail, and in the end of the server.
func validPath(address string) bool {
	if address == "" || len(address) > maxPath {
		return false
	}
	for i := range len(address) {
		switch b := address[i]; {
		case b <= ' ' || b == '<' || b == '>' || b == 0x7f:
			return false
		case b >= utf8.RuneSelf:
			return utf8.ValidString(address) && !strings.ContainsFunc(address, forbidden)
		}
	}
	return true
}

func forbidden(r rune) bool {
	return r == '<' || r == '>' || unicode.IsSpace(r) || unicode.In(r, unicode.C, unicode.Z)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
