// Package i18n says things in a person's language: sentences by key, with
// plurals as the language forms them, and numbers, sizes, dates and durations
// as it writes them.
//
// The sentences live in locales/LANGUAGE/AREA.json, one file per area so that
// people can work side by side. A file is one flat object of keys; the first
// part of a key is its area or its noun ("liquid.unclosed_tag",
// "mailing.state.draft"), and no two files hold the same key. A sentence is a
// text, or an object of plural forms chosen by the argument Count: English has
// one and other, Russian one, few, many and other (CLDR):
//
//	"recipient.count": {"one": "{{.Count}} клиент", "few": "{{.Count}} клиента",
//	                    "many": "{{.Count}} клиентов", "other": "{{.Count}} клиента"}
//
// A missing key is said as the key itself, so that a page never breaks over a
// word. Tests see to it that none is missing: both languages hold the same
// keys with the same arguments and all their plural forms, and every key
// written in the sources exists.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed locales/*/*.json
var locales embed.FS

// The languages, by their BCP 47 tags.
const (
	English = "en"
	Russian = "ru"
)

// Default is the language of a person who asked for none of ours.
const Default = English

// Languages lists every language, the default one first.
func Languages() []string { return []string{English, Russian} }

// Known reports whether lang is one of ours.
func Known(lang string) bool { return lang == English || lang == Russian }

// Bundle holds the sentences of every language. It is safe for concurrent use.
type Bundle struct {
	localizers map[string]*Localizer
}

// New reads the embedded sentences. It fails only over a file that is no valid
// JSON or a sentence that is no valid template.
func New() (*Bundle, error) {
	bundle := goi18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	files, err := fs.Glob(locales, "locales/*/*.json")
	if err != nil {
		return nil, fmt.Errorf("list locales: %w", err)
	}
	for _, name := range files {
		if err := load(bundle, name); err != nil {
			return nil, err
		}
	}
	b := &Bundle{localizers: make(map[string]*Localizer)}
	for _, lang := range Languages() {
		b.localizers[lang] = &Localizer{
			lang:      lang,
			habits:    habitsOf(lang),
			sentences: goi18n.NewLocalizer(bundle, lang),
		}
	}
	return b, nil
}

// load adds one file; its folder names the language.
func load(bundle *goi18n.Bundle, name string) error {
	text, err := locales.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read locale: %w", err)
	}
	tag, err := language.Parse(path.Base(path.Dir(name)))
	if err != nil {
		return fmt.Errorf("locale %s: %w", name, err)
	}
	if _, err := bundle.ParseMessageBytes(tag, text, json.Unmarshal); err != nil {
		return fmt.Errorf("locale %s: %w", name, err)
	}
	return nil
}

// For is the localizer of a language, of the default one where lang is not
// ours.
func (b *Bundle) For(lang string) *Localizer {
	if l, ok := b.localizers[lang]; ok {
		return l
	}
	return b.localizers[Default]
}

// Match chooses the language of a person: the preferred one where it is ours,
// otherwise the best of an Accept-Language header (RFC 9110 12.5.4), otherwise
// the default.
func Match(acceptLanguage, preferred string) string {
	if Known(preferred) {
		return preferred
	}
	wanted, weights, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return Default
	}
	for i, tag := range wanted {
		base, sure := tag.Base()
		if weights[i] > 0 && sure == language.Exact && Known(base.String()) {
			return base.String()
		}
	}
	return Default
}
