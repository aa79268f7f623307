package config

import (
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
)

// Setting is one setting as it may be shown.
type Setting struct {
	Name  string // GONETS_SMTP_URL
	Value string // secrets masked
	From  Source
}

// masked stands for a secret.
const masked = "***"

// Settings are all settings of c, in the order of their declaration.
func (l *Loader) Settings(c *Config) []Setting {
	value := reflect.ValueOf(c).Elem()
	var list []Setting
	for _, field := range fields() {
		flag := field.Tag.Get("name")
		from := l.from[flag]
		if from == "" {
			from = Default
		}
		shown := fmt.Sprint(value.FieldByIndex(field.Index).Interface())
		list = append(list, Setting{Name: Variable(flag), Value: mask(shown, field.Tag.Get("secret")), From: from})
	}
	return list
}

// mask hides what a setting says that others must not know: all of it, or the
// password of a URL.
func mask(value, secret string) string {
	switch {
	case secret == "" || value == "":
		return value
	case secret == "all":
		return masked
	}
	scheme, rest, isURL := strings.Cut(value, "://")
	if !isURL {
		return value // sqlite:PATH
	}
	u, err := url.Parse(value)
	if err != nil {
		return scheme + "://" + masked
	}
	_, hasPassword := u.User.Password()
	query := u.Query()
	if hasPassword {
		u.User = url.UserPassword(u.User.Username(), masked)
	}
	if query.Has("password") {
		query.Set("password", masked)
		u.RawQuery = query.Encode()
	}
	if !hasPassword && strings.Contains(rest, "#") || strings.Contains(u.Path, "@") {
		return scheme + "://" + masked // the rest of a password that was not escaped
	}
	return strings.ReplaceAll(u.String(), url.QueryEscape(masked), masked)
}

// LogValue is the setting as an attribute of a log: its value and its source.
func (s Setting) LogValue() slog.Value {
	return slog.StringValue(s.Value + " (" + string(s.From) + ")")
}
