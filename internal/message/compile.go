package message

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"gonets/internal/fault"
	"gonets/internal/liquid"
)

// Compiled is a version of a message, ready to be composed for any number of
// recipients by any number of goroutines. It never changes.
type Compiled struct {
	subject part
	html    part // of format text: zero
	text    part

	footer      footers // of a message without a link to unsubscribe by; else nil
	hasBodyEnd  bool    // the HTML has a "</body"
	needsTags   bool
	sourceBytes int
}

// part is a template of a message.
type part struct {
	field    string // whose source it was made of: "subject", "body", "text"
	mode     liquid.Mode
	template *liquid.Template
	// typed is the template as the person typed it, where template was
	// converted from that; else nil. Its lines are those that errors name.
	typed *liquid.Template
}

var bodyEnd = regexp.MustCompile(`(?i)</body`)

// Compile readies what a person wrote for composing. Its error is Invalid,
// with every field whose Liquid is wrong; Line and Column in the arguments
// point into what was typed. Nothing else of the draft is checked.
func (m *Messages) Compile(d Draft) (*Compiled, error) {
	c := &compiler{footers: m.footers}
	compiled := c.draft(d)
	if err := c.fields.Err(); err != nil {
		return nil, err
	}
	return compiled, nil
}

// compiler gathers what is wrong with the fields of one draft.
type compiler struct {
	fields  fault.Fields
	footers footers
}

func (c *compiler) draft(d Draft) *Compiled {
	compiled := &Compiled{
		subject:     part{field: "subject", mode: liquid.Header, template: c.parse("subject", d.Subject)},
		sourceBytes: len(d.Subject) + len(d.Body) + len(d.Text),
	}
	typed := c.parse("body", d.Body)
	given := c.parse("text", d.Text)
	if typed == nil || given == nil || compiled.subject.template == nil {
		return nil // converting relies on sources that parse
	}
	page := ""
	if d.Format == Text {
		compiled.text = part{field: "body", mode: liquid.Text, template: typed}
	} else {
		page = c.html(compiled, d, typed)
		if d.Text != "" {
			compiled.text = part{field: "text", mode: liquid.Text, template: given}
		}
	}
	if len(c.fields) > 0 {
		return nil
	}
	linked := hasLink(compiled.text.template)
	if !linked && d.Text != "" && d.Format != Text {
		linked = showsLink(page, compiled.html.template)
	}
	if !linked {
		compiled.footer = c.footers
	}
	compiled.needsTags = compiled.uses("recipient.tags")
	return compiled
}

// html makes the HTML part, and the text part from it. It answers the source of
// the page.
func (c *compiler) html(compiled *Compiled, d Draft, typed *liquid.Template) string {
	source := d.Body
	compiled.html = part{field: "body", mode: liquid.HTML, template: typed}
	if d.Format == Markdown {
		page, err := markdownHTML(d.Body)
		if err != nil {
			c.fields.Add("body", "message.markdown", nil)
			return ""
		}
		source = page
		compiled.html.template, compiled.html.typed = c.converted("body", "message.markdown_torn", page), typed
	}
	compiled.hasBodyEnd = bodyEnd.MatchString(source)
	if d.Text == "" && len(c.fields) == 0 {
		text := c.converted("text", "message.text_torn", plainText(source))
		compiled.text = part{field: "body", mode: liquid.Plain, template: text, typed: typed}
	}
	return source
}

// hasLink reports whether a part has a link to unsubscribe by. A condition that
// only asks about it is none.
func hasLink(t *liquid.Template) bool { return t.Prints("unsubscribe_url") }

// showsLink judges a page by its plain text, because a comment shows no link;
// and by all of it, where its plain text is torn.
func showsLink(page string, t *liquid.Template) bool {
	shown, err := liquid.Parse(plainText(page))
	if err != nil {
		shown = t
	}
	return hasLink(shown)
}

// parse answers nil for a wrong template, and notes why.
func (c *compiler) parse(field, source string) *liquid.Template {
	template, err := liquid.Parse(source)
	if err == nil {
		return template
	}
	if e, ok := errors.AsType[*liquid.SyntaxError](err); ok {
		c.fields.Add(field, templateKey(e.Key), templateArgs(e.Line, e.Column, e.Args))
	} else {
		c.fields.Add(field, "error.invalid", nil)
	}
	return nil
}

// converted parses what a converter made of a template that was right. It is
// wrong only where it grew too long, or where the conversion took the ends of
// a block apart.
func (c *compiler) converted(field, torn, source string) *liquid.Template {
	template, err := liquid.Parse(source)
	switch {
	case err == nil:
	case len(source) > liquid.MaxSource:
		c.fields.Add("body", "message.too_large", fault.Args{"Max": MaxBody >> 20})
	default:
		c.fields.Add(field, torn, fault.Args{"Tag": "{% if %}"})
	}
	return template
}

// templateKey is the key of a liquid sentence that also tells the place.
func templateKey(key string) string { return "message.template." + strings.TrimPrefix(key, "liquid.") }

func templateArgs(line, column int, args map[string]any) fault.Args {
	all := fault.Args{"Line": line, "Column": column}
	for name, value := range args {
		all[name] = value
	}
	return all
}

// uses reports whether any part reads a variable.
func (c *Compiled) uses(path string) bool {
	return slices.ContainsFunc([]part{c.subject, c.html, c.text}, func(p part) bool {
		return p.template != nil && p.template.Uses(path)
	})
}

// Variables are the dotted paths of all variables that the message reads,
// "recipient.name", sorted.
func (c *Compiled) Variables() []string {
	var all []string
	for _, p := range []part{c.subject, c.html, c.text} {
		if p.template != nil {
			all = append(all, p.template.Variables()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
