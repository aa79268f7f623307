package i18n

import (
	"fmt"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
)

// Localizer speaks one language. It is safe for concurrent use.
type Localizer struct {
	lang      string
	habits    *habits
	sentences *goi18n.Localizer
}

// Lang is the language's tag: "en" or "ru".
func (l *Localizer) Lang() string { return l.lang }

// T is the sentence of a key. The arguments are names and values in turn:
//
//	l.T("recipient.count", "Count", 1248)
//
// The argument Count chooses the plural form. Whole numbers are written as the
// language groups digits; a number that is a name (a reply code, a year) is
// passed as a string. A missing key is said as the key itself.
func (l *Localizer) T(key string, args ...any) string {
	named := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		named[fmt.Sprint(args[i])] = args[i+1]
	}
	return l.Sentence(key, named)
}

// Sentence is T with its arguments in a map, as errors for persons carry them.
func (l *Localizer) Sentence(key string, args map[string]any) string {
	wanted := goi18n.LocalizeConfig{MessageID: key}
	if count, ok := whole(args["Count"]); ok {
		wanted.PluralCount = count
	}
	if len(args) > 0 {
		written := make(map[string]any, len(args))
		for name, value := range args {
			written[name] = l.write(value)
		}
		wanted.TemplateData = written
	}
	text, err := l.sentences.Localize(&wanted)
	if err != nil && text == "" {
		return key
	}
	return text
}

// Has reports whether the key has a sentence.
func (l *Localizer) Has(key string) bool {
	_, err := l.sentences.Localize(&goi18n.LocalizeConfig{MessageID: key})
	return err == nil
}

// write is a value as it stands in a sentence.
func (l *Localizer) write(value any) any {
	if n, ok := whole(value); ok {
		return l.Number(n)
	}
	return value
}

// whole is the value of any whole number.
func whole(value any) (int64, bool) {
	switch n := value.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case int32:
		return int64(n), true
	}
	return 0, false
}
