package cli

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"gonets/internal/config"
	"gonets/internal/i18n"
)

// TestEverythingIsExplained goes through every command, argument and flag:
// each has a sentence in each language.
func TestEverythingIsExplained(t *testing.T) {
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	env := func(string) (string, bool) { return "", false }
	parser, _, err := newParser(&grammar{}, config.NewLoader(env, ""), Process{}, bundle.For(i18n.English))
	if err != nil {
		t.Fatal(err)
	}
	explained := 0
	check := func(what, key string) {
		t.Helper()
		explained++
		for _, lang := range i18n.Languages() {
			if !strings.HasPrefix(key, "help.") || !bundle.For(lang).Has(key) {
				t.Errorf("%s: %q has no sentence in %s", what, key, lang)
			}
		}
	}
	var walk func(node *kong.Node)
	walk = func(node *kong.Node) {
		check(node.FullPath(), node.Help)
		for _, f := range node.Flags {
			check(node.FullPath()+" --"+f.Name, f.Help)
		}
		for _, a := range node.Positional {
			check(node.FullPath()+" "+a.Name, a.Help)
		}
		for _, c := range node.Children {
			walk(c)
		}
	}
	walk(parser.Model.Node)
	if explained < 100 {
		t.Errorf("only %d things were found to explain", explained)
	}
}

var aKey = regexp.MustCompile(`\bhelp\.\w+`)

// TestHelp shows it in both languages, whatever way it is asked for.
func TestHelp(t *testing.T) {
	for _, tt := range []struct {
		lang string
		args []string
		want []string
		not  []string
	}{
		{"en_GB.UTF-8", nil, []string{"Usage: gonets <command> [flags]", "Commands:", "  send-due ", "“gonets <command> --help”"}, []string{"smtp-url", "Settings:", "Arguments:"}},
		{"ru_RU.UTF-8", []string{"help"}, []string{"Использование: gonets <команда> [флаги]", "Команды:", "Показать эту справку."}, []string{"Usage", "Flags", "<command>", "smtp-url"}},
		{"ru_RU.UTF-8", []string{"serve", "--help"}, []string{"Настройки:", "--smtp-url=URL", "GONETS_SMTP_URL"}, []string{"Команды:", "Default", "flags"}},
		{"ru_RU.UTF-8", []string{"help", "mailing"}, []string{"gonets mailing <команда>", "  mailing send "}, []string{"recipient import", "smtp-url"}},
		{"en", []string{"mailing", "send", "-h"}, []string{"Usage: gonets mailing send <id> [flags]", "Arguments:\n  <id>  The mailing’s number", "      --no-wait "}, []string{"Commands:"}},
		{"C", []string{"help", "recipient", "export"}, []string{"  -o, --output=FILE", "--user=E-MAIL [flags]"}, nil},
	} {
		t.Run(strings.Join(append(tt.args, tt.lang), " "), func(t *testing.T) {
			var out, errs bytes.Buffer
			code := Run(t.Context(), Process{
				Args: tt.args, Out: &out, Err: &errs, Version: "v0",
				Env: func(name string) (string, bool) { return tt.lang, name == "LANG" },
			})
			if code != exitDone || errs.Len() > 0 {
				t.Fatalf("got exit code %d, and %q on the standard error", code, errs.String())
			}
			got := out.String()
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("lacks %q:\n%s", want, got)
				}
			}
			if key := aKey.FindString(got); key != "" {
				t.Errorf("has the key %s:\n%s", key, got)
			}
			for _, not := range tt.not {
				if strings.Contains(got, not) {
					t.Errorf("has %q:\n%s", not, got)
				}
			}
			for line := range strings.Lines(got) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > usualWidth {
					t.Errorf("a line of %d columns: %s", n, line)
				}
			}
		})
	}
}
