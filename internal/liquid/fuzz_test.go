package liquid

import (
	"bytes"
	"errors"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// FuzzRender parses and renders any source with any value. It must not panic,
// the output must keep its limit, an error must point into the source, and no
// value may bring markup into HTML or a control character into a header.
func FuzzRender(f *testing.F) {
	for _, seed := range []string{
		"Hello {{ name | default: 'you' | capitalize | truncate: 9 }}!",
		"{% for x in list reversed limit: 2 offset: 1 %}{{ forloop.index }}{{ x | newline_to_br }}{% else %}-{% endfor %}",
		"{% if name == blank or n > 1 and list contains name %}{{ map['k'].size }}{% elsif s %}{% endif %}",
		"{% case name %}{% when 'a', n %}{{ name | split: '' | join: ', ' }}{% else %}{{ n | divided_by: 3 }}{% endcase %}",
		"{%- assign a = name | append: name | replace: 'a', 'bb' -%}{{ a | escape | strip_html | url_encode }}",
		"{% for i in (1..n) %}{% for j in (i..3) %}{{ forloop.parentloop.index }}{% break %}{% endfor %}{% endfor %}",
		"{{ t | date: '%Y-%^a %10N %:z' }}{{ name | date: '%c' }}{{ 1.5 | round: 1 | modulo: 0.7 | ceil }}",
		"{{ name | newline_to_br | append: name | replace: 'br', name | split: '<' | join: s | truncate: n, name | upcase }}",
		"{% raw %}{{{% endraw %}{% comment %}{% comment %}{% endcomment %}{% endcomment %}{{ s }}{{ list | first }}",
		"{% unless x %}{{ name | truncatewords: 2 | prepend: 'x' | remove: 'y' }}{% endunless %}{{ list.last[0] }}",
	} {
		f.Add(seed, "a<b>\r\nc & \"d\"", int64(3))
		f.Add(seed, "2006-01-02", int64(-1<<63))
		f.Add(seed, "\xff\x80<é", int64(1<<62))
	}
	f.Fuzz(func(t *testing.T, source, value string, n int64) {
		source = strings.ReplaceAll(source, "<", "") // so that every < comes from the value
		template, err := Parse(source)
		if err != nil {
			e, _ := errors.AsType[*SyntaxError](err)
			checkPlace(t, source, e.Line, e.Column, e.Key)
			return
		}
		vars := map[string]any{
			"name": value, "n": n, "x": nil, "t": at20, "f": float64(n) / 3,
			"list": list(value, n, list(value, true), Safe("safe")),
			"map":  map[string]any{"k": value, value: "v"}, "s": Safe("safe"),
		}
		limits := Limits{Steps: 2000, Output: 4000}
		for _, mode := range []Mode{HTML, Text, Header, Plain} {
			out, err := template.Render(nil, mode, vars, limits, at20, nil)
			if len(out) > limits.Output {
				t.Fatalf("%d bytes of output", len(out))
			}
			if err != nil {
				e, _ := errors.AsType[*RenderError](err)
				checkPlace(t, source, e.Line, e.Column, e.Key)
				continue
			}
			switch mode {
			case HTML:
				if bytes.ContainsRune(breaks.ReplaceAll(out, nil), '<') {
					t.Errorf("markup of a value: %q", out)
				}
			case Header:
				if !strings.ContainsFunc(source, unicode.IsControl) && bytes.ContainsAny(out, "\r\n") {
					t.Errorf("line break of a value: %q", out)
				}
			}
		}
	})
}

var breaks = regexp.MustCompile(`(?i)<br />`)

func checkPlace(t *testing.T, source string, line, column int, key string) {
	t.Helper()
	lines := strings.Split(source, "\n")
	if line < 1 || line > len(lines) || column < 1 || column > len([]rune(lines[line-1]))+1 {
		t.Errorf("%s at %d:%d", key, line, column)
	}
	if _, ok := sentences[key]; !ok {
		t.Errorf("unknown key %s", key)
	}
}

// Whole numbers must be worked out exactly, or refused.
func TestArithmeticIsExact(t *testing.T) {
	operations := map[string]func(a, b *big.Int) *big.Int{
		"plus":  func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) },
		"minus": func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) },
		"times": func(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) },
	}
	for name, exact := range operations {
		template, err := Parse("{{ a | " + name + ": b }}")
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
			want := exact(big.NewInt(a), big.NewInt(b))
			got, err := template.Render(nil, Text, map[string]any{"a": a, "b": b}, Limits{}, at20, nil)
			if want.IsInt64() != (err == nil) || err == nil && string(got) != want.String() {
				t.Fatalf("%d %s %d: got %s, %v, want %s", a, name, b, got, err, want)
			}
		})
	}
}

// Division rounds down, and the remainder makes up for it.
func TestDivisionRoundsDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64().Draw(t, "a")
		b := rapid.Int64().Filter(func(b int64) bool { return b != 0 }).Draw(t, "b")
		quotient, remainder, ok := floorDiv(a, b)
		if !ok {
			return
		}
		if quotient*b+remainder != a || remainder != 0 && (remainder < 0) != (b < 0) {
			t.Fatalf("%d / %d: got %d, rest %d", a, b, quotient, remainder)
		}
	})
}

// A truncated text has never more characters than asked for, unless the
// ellipsis alone has.
func TestTruncateKeepsItsLength(t *testing.T) {
	template, err := Parse("{{ s | truncate: n, end }}")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		s, end := rapid.String().Draw(t, "s"), rapid.StringN(0, 4, -1).Draw(t, "end")
		n := rapid.IntRange(0, 20).Draw(t, "n")
		got, err := template.Render(nil, Text, map[string]any{"s": s, "n": n, "end": end}, Limits{}, at20, nil)
		if err != nil {
			t.Fatal(err)
		}
		if length := len([]rune(string(got))); length > max(n, len([]rune(end))) {
			t.Fatalf("%d characters of %q: got %q", n, s, got)
		}
		if len([]rune(s)) <= n && string(got) != s {
			t.Fatalf("%q needs no cut: got %q", s, got)
		}
	})
}
