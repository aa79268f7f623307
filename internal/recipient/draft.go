package recipient

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/mail"
)

// Limits of what a recipient may hold, in characters where they are texts.
const (
	MaxName    = 200
	MaxComment = 2000
	MaxTag     = 60
	MaxTags    = 50
)

// Draft is what a person may set of a recipient.
type Draft struct {
	Email      string
	Name       string
	Comment    string
	Tags       []string
	Attributes map[string]any // strings, numbers, booleans, or lists of these
	TimeZone   string         // IANA name; empty: the owner's
	Locale     string         // BCP 47 tag; empty: the owner's
}

// Draft is what a person may change of r: overlay it and call Update.
func (r Recipient) Draft() Draft {
	return Draft{
		Email: r.Email, Name: r.Name, Comment: r.Comment, Tags: r.Tags,
		Attributes: r.Attributes, TimeZone: r.TimeZone, Locale: r.Locale,
	}
}

// entry is a checked draft, in the form of the columns.
type entry struct {
	email, key    string
	name, comment string
	zone, locale  string
	attributes    string // JSON
	tags          []string
	refused       Status // an import's word that this one gets no mail, or empty
}

func (e *entry) search() string { return db.Fold(e.email, e.name, e.comment) }

// check normalises a draft; the error tells every field that fails.
func check(d Draft) (entry, error) {
	var fields fault.Fields
	var c checker
	var e entry
	e.email, e.key = c.email(&fields, d.Email)
	e.name = line(&fields, "name", d.Name, MaxName)
	e.comment = text(&fields, "comment", d.Comment, MaxComment)
	e.tags = checkTags(&fields, "tags", d.Tags)
	e.attributes = checkAttributes(&fields, d.Attributes)
	e.zone = c.zone(&fields, d.TimeZone)
	e.locale = c.locale(&fields, d.Locale)
	return e, fields.Err()
}

// checker checks values that many rows of a file share, each once: a time
// zone is looked up in a database. The zero value is ready.
type checker struct {
	zones   map[string]bool
	locales map[string]string
}

// remembered bounds a checker's memory against a file of nonsense.
const remembered = 1000

func (c *checker) email(fields *fault.Fields, typed string) (email, key string) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		fields.Add("email", "error.required", nil)
		return "", ""
	}
	address, err := mail.ParseAddress(typed)
	if err != nil {
		key, args := "error.invalid", map[string]any(nil)
		if e, ok := err.(*mail.AddressError); ok { //nolint:errorlint // ParseAddress promises it bare
			key, args = e.Key, e.Args
		}
		fields.Add("email", key, args)
		return "", ""
	}
	return address.String(), address.Key()
}

func (c *checker) zone(fields *fault.Fields, name string) string {
	name = strings.TrimSpace(name)
	if name == "" {
		return ""
	}
	known, seen := c.zones[name]
	if !seen {
		known = knownZone(name)
		if c.zones == nil || len(c.zones) >= remembered {
			c.zones = map[string]bool{}
		}
		c.zones[name] = known
	}
	if !known {
		fields.Add("time_zone", "error.time_zone", nil)
		return ""
	}
	return name
}

// knownZone admits the names of the IANA database; "Local" is the machine's.
func knownZone(name string) bool {
	if name == "Local" || len(name) > 64 {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

func (c *checker) locale(fields *fault.Fields, tag string) string {
	tag = strings.TrimSpace(tag)
	if tag == "" {
		return ""
	}
	canonical, seen := c.locales[tag]
	if !seen {
		if parsed, err := language.Parse(tag); err == nil && len(tag) <= 35 && parsed != language.Und {
			canonical = parsed.String()
		}
		if c.locales == nil || len(c.locales) >= remembered {
			c.locales = map[string]string{}
		}
		c.locales[tag] = canonical
	}
	if canonical == "" {
		fields.Add("locale", "error.language", nil)
	}
	return canonical
}

// line checks a text of one line.
func line(fields *fault.Fields, field, s string, limit int) string {
	return printable(fields, field, s, limit, "")
}

// text checks a text of several lines, whose ends become \n.
func text(fields *fault.Fields, field, s string, limit int) string {
	if strings.Contains(s, "\r\n") {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return printable(fields, field, s, limit, "\n\t")
}

func printable(fields *fault.Fields, field, s string, limit int, allowed string) string {
	s = strings.TrimSpace(s)
	if len(s) > limit && utf8.RuneCountInString(s) > limit {
		fields.Add(field, "error.too_long", fault.Args{"Max": limit})
		return ""
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune(allowed, r)
	}) {
		fields.Add(field, "error.control_characters", nil)
		return ""
	}
	return s
}

// tagSeparators part the tags of a cell, so that no tag can hold them.
const tagSeparators = "|,;"

// checkTags answers the tags without repetition.
func checkTags(fields *fault.Fields, field string, tags []string) []string {
	var list []string
	failed := len(*fields)
	for _, tag := range tags {
		tag = line(fields, field, tag, MaxTag)
		if len(*fields) > failed {
			return nil
		}
		if strings.ContainsAny(tag, tagSeparators) {
			fields.Add(field, "recipient.tag_characters", fault.Args{"Tag": tag})
			return nil
		}
		if tag != "" {
			list = append(list, tag)
		}
	}
	list = union(list, nil)
	if len(list) > MaxTags {
		fields.Add(field, "recipient.tags_many", fault.Args{"Max": MaxTags})
		return nil
	}
	return list
}

// union joins two lists of tags, told apart by their folded names.
func union(a, b []string) []string {
	if len(a)+len(b) < 2 {
		return append(a, b...)
	}
	seen := make(map[string]bool, len(a)+len(b))
	var list []string
	for _, tags := range [][]string{a, b} {
		for _, tag := range tags {
			if key := db.Fold(tag); !seen[key] {
				seen[key] = true
				list = append(list, tag)
			}
		}
	}
	return list
}

// cut bounds a value that is shown or stored with an error.
func cut(s string) string {
	const limit = 200
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= limit {
		return strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return strings.ReplaceAll(string([]rune(s)[:limit-1]), "\x00", "\uFFFD") + "…"
}
