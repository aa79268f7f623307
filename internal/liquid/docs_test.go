package liquid

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The reference for users must be true: its examples parse, the rows of its
// table of filters give what they say, and no filter is left out.
func TestReference(t *testing.T) {
	data, err := os.ReadFile("../../docs/personalisation.md")
	if err != nil {
		t.Fatal(err)
	}
	reference := string(data)

	for _, example := range regexp.MustCompile(`(?m)(?:^ {4}.*\n+)+`).FindAllString(reference, -1) {
		if _, err := Parse(example); err != nil {
			t.Errorf("%s\n%v", example, err)
		}
	}
	rows := regexp.MustCompile("(?m)^\\| `.*\\| `(\\{\\{[^`]*\\}\\})` \\| (.*) \\|$").FindAllStringSubmatch(reference, -1)
	if len(rows) < 15 {
		t.Errorf("got %d examples of filters", len(rows))
	}
	for _, row := range rows {
		source, want := strings.ReplaceAll(row[1], `\|`, "|"), strings.Trim(row[2], "`")
		if strings.Contains(source, "recipient") {
			continue
		}
		if got := render(t, HTML, source, nil); got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
	for name := range filters {
		if !strings.Contains(reference, "`"+name+"`") {
			t.Errorf("the filter %s is left out", name)
		}
	}
}
