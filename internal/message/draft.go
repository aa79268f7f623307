package message

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gonets/internal/fault"
)

// Limits of what a message may hold.
const (
	MaxSubject = 500     // characters
	MaxBody    = 1 << 20 // bytes, of the body and of the text
)

// Draft is what a person may set of a message.
type Draft struct {
	Subject string // one line, with variables
	Format  Format
	Body    string
	Text    string // the plain-text part; "": made from the body. Format text has no other
}

// check normalises a draft; the error tells every field that fails, wrong
// Liquid among them.
func (m *Messages) check(d Draft) (Draft, error) {
	var fields fault.Fields
	d.Subject = checkSubject(&fields, d.Subject)
	switch d.Format {
	case Markdown, HTML:
	case Text:
		d.Text = ""
	default:
		fields.Add("format", "message.format", fault.Args{"Format": shortened(string(d.Format))})
	}
	d.Body = checkBody(&fields, "body", d.Body)
	if strings.TrimSpace(d.Body) == "" && !failed(fields, "body") {
		fields.Add("body", "error.required", nil)
	}
	d.Text = checkBody(&fields, "text", d.Text)
	if strings.TrimSpace(d.Text) == "" {
		d.Text = ""
	}
	// Fields that failed are not compiled as well: one reason each.
	c := &compiler{footers: m.footers}
	c.draft(d)
	for _, f := range c.fields {
		if !failed(fields, f.Name) {
			fields = append(fields, f)
		}
	}
	slices.SortStableFunc(fields, func(a, b fault.Field) int {
		return cmp.Compare(slices.Index(form, a.Name), slices.Index(form, b.Name))
	})
	return d, fields.Err()
}

// form is the order of the fields.
var form = []string{"subject", "format", "body", "text"}

func checkSubject(fields *fault.Fields, s string) string {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		fields.Add("subject", "error.required", nil)
	case utf8.RuneCountInString(s) > MaxSubject:
		fields.Add("subject", "error.too_long", fault.Args{"Max": MaxSubject})
	case strings.ContainsAny(s, "\r\n"):
		fields.Add("subject", "message.subject_line_break", nil)
	case !printable(s, ""):
		fields.Add("subject", "error.control_characters", nil)
	}
	return s
}

// checkBody makes line ends \n. The text is not trimmed: the lines and columns
// of errors are those of what was typed.
func checkBody(fields *fault.Fields, name, s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	switch {
	case len(s) > MaxBody:
		fields.Add(name, "message.too_large", fault.Args{"Max": MaxBody >> 20})
	case !printable(s, "\n\t"):
		fields.Add(name, "error.control_characters", nil)
	}
	return s
}

func printable(s, allowed string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune(allowed, r)
	})
}

func failed(fields fault.Fields, name string) bool {
	return slices.ContainsFunc(fields, func(f fault.Field) bool { return f.Name == name })
}

// shortened bounds a value that is shown with an error.
func shortened(s string) string {
	const limit = 40
	s = strings.ToValidUTF8(s, "\ufffd")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit]) + "…"
}
