package smtp

import (
	"strings"
	"testing"
)

// stuffed is content as it goes on the wire, without the final dot.
func stuffed(content []byte) []byte {
	var all, b []byte
	for len(content) > 0 {
		b, content = stuff(b[:0], content)
		all = append(all, b...)
	}
	return all
}

func TestStuff(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"a\r\nb\r\n":              "a\r\nb\r\n",
		"a\r\nb":                  "a\r\nb\r\n",
		".":                       "..\r\n",
		"a\r\n.\r\nb\r\n":         "a\r\n..\r\nb\r\n",
		"a\n.\nMAIL FROM:<x>\n":   "a\r\n..\r\nMAIL FROM:<x>\r\n",
		"a\r.\rMAIL FROM:<x>\r":   "a\r\n..\r\nMAIL FROM:<x>\r\n",
		"a\n.\r\nb":               "a\r\n..\r\nb\r\n",
		"a\r\r\n.\r\n":            "a\r\n\r\n..\r\n",
		"..a\r\n":                 "...a\r\n",
		"\r\n\r\n":                "\r\n\r\n",
		"a.\r\n":                  "a.\r\n",
		"\x00\r\n.\x00\r\n":       "\x00\r\n..\x00\r\n",
		strings.Repeat("x", 3000): strings.Repeat("x", 3000) + "\r\n",
	} {
		if got := string(stuffed([]byte(in))); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// Whatever the content: on the wire there is no bare CR or LF, no line is a lone
// dot, and undoing the stuffing gives the content with its line ends made CRLF.
func FuzzStuff(f *testing.F) {
	for _, seed := range []string{"", "a\r\n.\r\n", "\n.\n", "\r.\r", "..", "a\r\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var plain strings.Builder
		out := string(stuffed(in))
		for line := range strings.SplitSeq(strings.TrimSuffix(out, "\r\n"), "\r\n") {
			if out == "" {
				break
			}
			if line == "." || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("%q: line %q on the wire", in, line)
			}
			plain.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
		}
		want := strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n").Replace(string(in))
		if want != "" && !strings.HasSuffix(want, "\r\n") {
			want += "\r\n"
		}
		if plain.String() != want {
			t.Fatalf("%q: got %q, want %q", in, plain.String(), want)
		}
	})
}
