package smtp

import (
	"slices"
	"strconv"
	"strings"
)

// Caps are the extensions that a server offers in its answer to EHLO.
type Caps struct {
	Pipelining   bool     // RFC 2920
	EightBitMIME bool     // RFC 6152
	SMTPUTF8     bool     // RFC 6531
	SizeParam    bool     // RFC 1870: MAIL may say the size
	Size         int64    // the largest message, in bytes; 0: no limit is known
	STARTTLS     bool     // RFC 3207
	Auth         []string // RFC 4954: mechanisms, in upper case
}

// parseCaps reads the answer to EHLO: the server's name, then one keyword with
// its parameters per line (RFC 5321 4.1.1.1).
func parseCaps(text string) Caps {
	var c Caps
	_, lines, _ := strings.Cut(text, "\n")
	for line := range strings.Lines(lines) {
		// "AUTH=LOGIN" is how AUTH was spelt before it was a standard.
		fields := strings.FieldsFunc(strings.ToUpper(line), func(r rune) bool {
			return r == ' ' || r == '\n' || r == '='
		})
		if len(fields) > 0 {
			c.add(fields[0], fields[1:])
		}
	}
	return c
}

func (c *Caps) add(keyword string, params []string) {
	switch keyword {
	case "PIPELINING":
		c.Pipelining = true
	case "8BITMIME":
		c.EightBitMIME = true
	case "SMTPUTF8":
		c.SMTPUTF8 = true
	case "STARTTLS":
		c.STARTTLS = true
	case "SIZE":
		c.SizeParam = true
		if len(params) > 0 {
			size, err := strconv.ParseInt(params[0], 10, 64)
			if err == nil && size > 0 {
				c.Size = size
			}
		}
	case "AUTH":
		for _, mechanism := range params {
			if !slices.Contains(c.Auth, mechanism) {
				c.Auth = append(c.Auth, mechanism)
			}
		}
	}
}
