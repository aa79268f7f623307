package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// Source is where a value came from.
type Source string

// The sources, the stronger first.
const (
	Flag        Source = "flag"
	Environment Source = "environment"
	File        Source = "file"
	Default     Source = "default"
)

// Problem is a setting that can't be used.
type Problem struct {
	Name string // as people know it: GONETS_SMTP_URL
	Key  string // translation key of the reason
	Args map[string]any
}

// Loader fills a Config that stands in kong's grammar, and remembers where
// each value came from and what was wrong with it.
type Loader struct {
	env      func(string) (string, bool)
	file     map[string]string // by the flag's name
	known    map[string]string // the flags that are settings: name → secret tag
	from     map[string]Source
	problems []Problem
}

// NewLoader reads the environment through env; file is the YAML file, "" for
// none.
func NewLoader(env func(string) (string, bool), file string) *Loader {
	l := &Loader{env: env, file: map[string]string{}, known: map[string]string{}, from: map[string]Source{}}
	for _, field := range fields() {
		l.known[field.Tag.Get("name")] = field.Tag.Get("secret")
	}
	if file != "" {
		l.read(file)
	}
	return l
}

func fields() []reflect.StructField { return reflect.VisibleFields(reflect.TypeFor[Config]()) }

// Variable is the environment's name of a flag.
func Variable(flag string) string {
	return "GONETS_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// read takes in the file. A file that is named must be there.
func (l *Loader) read(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		l.problem("config", "config.file_missing", map[string]any{"Path": path, "Cause": plain(err)})
		return
	}
	var lines map[string]any
	if err := yaml.Unmarshal(text, &lines); err != nil {
		l.problem("config", "config.file_broken", map[string]any{"Path": path, "Cause": strings.TrimPrefix(err.Error(), "yaml: ")})
		return
	}
	for name, value := range lines {
		if _, ok := l.known[name]; !ok {
			l.problem("config", "config.file_unknown", map[string]any{"Path": path, "Name": name})
			continue
		}
		l.file[name] = written(value)
	}
}

// written is a YAML value as a person would write it as a flag.
func written(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = written(item)
		}
		return strings.Join(texts, ",")
	default:
		return fmt.Sprint(v)
	}
}

// Options are what kong needs to read settings as a Loader does.
func (l *Loader) Options() []kong.Option {
	return []kong.Option{
		kong.Resolvers(l),
		typed(l, parseSwitch), typed(l, parseInt), typed(l, parseFloat), typed(l, parseDuration),
		typed(l, parseDurations), typed(l, parseSize), typed(l, parseNetworks),
	}
}

// typed makes kong read a type by our parser: it notes the problem and goes on
// where kong would stop at the first.
func typed[T any](l *Loader, parse func(string) (T, string)) kong.Option {
	decode := func(ctx *kong.DecodeContext, target reflect.Value) error {
		token, err := ctx.Scan.PopValue(ctx.Value.Name)
		if err != nil {
			return err
		}
		text := strings.TrimSpace(fmt.Sprint(token.Value))
		value, key := parse(text)
		if key != "" {
			l.problem(ctx.Value.Name, key, map[string]any{"Value": text})
			return nil
		}
		target.Set(reflect.ValueOf(value))
		return nil
	}
	return kong.TypeMapper(reflect.TypeFor[T](), kong.MapperFunc(decode))
}

// Validate is part of kong.Resolver.
func (l *Loader) Validate(*kong.Application) error { return nil }

// Resolve answers the value of a flag that isn't on the command line, from the
// environment or the file. An empty value counts as none.
func (l *Loader) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if _, ok := l.known[flag.Name]; !ok {
		return nil, nil
	}
	if value, ok := l.env(Variable(flag.Name)); ok && value != "" {
		l.from[flag.Name] = Environment
		return value, nil
	}
	if value := l.file[flag.Name]; value != "" {
		l.from[flag.Name] = File
		return value, nil
	}
	return nil, nil
}

// Flagged notes the flags of the command line, after kong has parsed it.
func (l *Loader) Flagged(ctx *kong.Context) {
	for _, path := range ctx.Path {
		if path.Flag == nil || path.Resolved {
			continue
		}
		if _, ok := l.known[path.Flag.Name]; ok {
			l.from[path.Flag.Name] = Flag
		}
	}
}

// Check completes a configuration that was loaded, and says everything that is
// wrong with it, by name. A setting whose value could not even be read is told
// once.
func (l *Loader) Check(c *Config) []Problem {
	c.Complete()
	list := slices.Clone(l.problems)
	for _, p := range c.Check() {
		if !slices.ContainsFunc(list, func(q Problem) bool { return q.Name == p.Name }) {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b Problem) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// problem notes one by the flag's name.
func (l *Loader) problem(flag, key string, args map[string]any) {
	name := Variable(flag)
	if _, ok := l.known[flag]; !ok {
		name = "--" + flag
	}
	l.problems = append(l.problems, Problem{Name: name, Key: key, Args: args})
}

// plain is the system's own word for a failed file operation, without the path.
func plain(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}
