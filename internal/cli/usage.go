package cli

import (
	"regexp"
	"strings"

	"gonets/internal/fault"
	"gonets/internal/i18n"
)

// mistakes are kong's sentences about arguments, and what we say instead: the
// groups of the expression are what is said of it. A sentence of kong's that is
// not here is shown as it is.
var mistakes = []struct {
	says  *regexp.Regexp
	key   string
	names []string // of the groups
}{
	{regexp.MustCompile(`^unknown flag ([^,]+)(?:, did you mean (?:one of )?(.+)\?)?$`), "cli.usage_flag", []string{"Given", "Meant"}},
	{regexp.MustCompile(`^unexpected argument (.+?)(?:, did you mean (?:one of )?(.+)\?)?$`), "cli.usage_argument", []string{"Given", "Meant"}},
	{regexp.MustCompile(`^missing flags: (.+)$`), "cli.usage_missing", []string{"Names"}},
	{regexp.MustCompile(`^expected "(<.+)"$`), "cli.usage_missing", []string{"Names"}},
	{regexp.MustCompile(`^expected (?:one of )?(".+)$`), "cli.usage_command", []string{"Names"}},
	{regexp.MustCompile(`^(\S+)(?: \.\.\.)?: expected string value but got "EOL".*$`), "cli.usage_value", []string{"Name"}},
	{regexp.MustCompile(`^(\S+)(?: \.\.\.)?: expected .*\bint\b.* but got "(.*?)".*$`), "cli.usage_number", []string{"Name", "Given"}},
	{regexp.MustCompile(`^(\S+)(?: \.\.\.)?: bool value must be .* but got "(.*)"$`), "cli.usage_bool", []string{"Name", "Given"}},
	{regexp.MustCompile(`^(\S+)(?: \.\.\.)?: open (.+): no such file or directory$`), "cli.usage_no_file", []string{"Name", "Given"}},
	{regexp.MustCompile(`^(\S+)(?: \.\.\.)?: "(.+)" exists but is a directory.*$`), "cli.usage_directory", []string{"Name", "Given"}},
}

// usage is the error of a command line that was not understood.
func usage(say *i18n.Localizer, err error) error {
	return &exitError{code: exitUsage, err: fault.Because(err, fault.Invalid, "cli.usage", fault.Args{"Cause": mistake(say, err.Error())})}
}

// mistake puts a sentence of kong's into the person's language.
func mistake(say *i18n.Localizer, text string) string {
	for _, m := range mistakes {
		groups := m.says.FindStringSubmatch(text)
		if groups == nil {
			continue
		}
		var args []any
		for i, name := range m.names {
			args = append(args, name, strings.ReplaceAll(groups[i+1], `"`, ""))
		}
		said := say.T(m.key, args...)
		if len(groups) > 2 && m.names[1] == "Meant" && groups[2] != "" {
			said += " " + say.T("cli.usage_meant", args...)
		}
		return said
	}
	return text + "."
}
