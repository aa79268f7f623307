package blog

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gonets/internal/fault"
	"gonets/internal/i18n"
)

// Limits of what an article may hold.
const (
	MaxTitle   = 200       // characters
	MaxSlug    = 100       // characters
	MaxSummary = 500       // characters
	MaxBody    = 512 << 10 // bytes
)

// Draft is what an author may set of an article.
type Draft struct {
	Title       string
	Slug        string // its place in the URL; empty: made from the title
	Locale      string // the language that it is written in, one of the service's
	Summary     string // for lists and search engines; may be empty
	Body        string // Markdown
	CoverName   string // a picture that AddPicture took; empty: none
	CoverAlt    string // what it shows, for those who do not see it; may be empty
	PublishedAt time.Time
}

var (
	slugForm  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	coverForm = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// check normalises a draft; the error tells every field that fails.
func check(d Draft) (Draft, error) {
	var fields fault.Fields
	d.Title = line(&fields, "title", d.Title, MaxTitle)
	if d.Title == "" {
		fields.Add("title", "error.required", nil)
	}
	d.Slug = strings.ToLower(strings.TrimSpace(d.Slug))
	if d.Slug == "" {
		d.Slug = Slug(d.Title)
	}
	if len(d.Slug) > MaxSlug {
		fields.Add("slug", "error.too_long", fault.Args{"Max": MaxSlug})
	} else if !slugForm.MatchString(d.Slug) && d.Title != "" {
		fields.Add("slug", "blog.slug_form", nil)
	}
	if !i18n.Known(d.Locale) {
		fields.Add("locale", "error.language", nil)
	}
	d.Summary = line(&fields, "summary", d.Summary, MaxSummary)
	d.Body = checkBody(&fields, d.Body)
	if d.CoverName != "" && !coverForm.MatchString(d.CoverName) {
		fields.Add("cover", "blog.cover_gone", nil)
	}
	d.CoverAlt = line(&fields, "cover_alt", d.CoverAlt, MaxTitle)
	if y := d.PublishedAt.Year(); !d.PublishedAt.IsZero() && (y < 1971 || y > 9998) {
		fields.Add("published_at", "error.time", nil)
	}
	d.PublishedAt = d.PublishedAt.UTC().Truncate(time.Microsecond)
	return d, fields.Err()
}

// line is a text of one line: what was pasted with more becomes one.
func line(fields *fault.Fields, name, text string, most int) string {
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case utf8.RuneCountInString(text) > most:
		fields.Add(name, "error.too_long", fault.Args{"Max": most})
	case !printable(text):
		fields.Add(name, "error.control_characters", nil)
	}
	return text
}

func checkBody(fields *fault.Fields, body string) string {
	body = strings.ReplaceAll(body, "\r\n", "\n")
	switch {
	case strings.TrimSpace(body) == "":
		fields.Add("body", "error.required", nil)
	case len(body) > MaxBody:
		fields.Add("body", "blog.body_too_large", fault.Args{"Max": MaxBody >> 10})
	case !printable(body):
		fields.Add("body", "error.control_characters", nil)
	}
	return body
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t'
	})
}
