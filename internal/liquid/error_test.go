package liquid

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
)

func TestSyntaxErrors(t *testing.T) {
	deep := strings.Repeat("{% if a %}", MaxDepth+1)
	for _, c := range []struct {
		source       string
		line, column int
		key          string
		args         args
	}{
		{"{{ x", 1, 1, "liquid.unclosed_output", nil},
		{"один\nдва {{ x }", 2, 5, "liquid.unclosed_output", nil},
		{"a {% if x", 1, 3, "liquid.unclosed_tag", nil},
		{"\n {% if x %}{% for y in z %}{% endfor %}", 2, 2, "liquid.unclosed_block", args{"Tag": "if"}},
		{"{% if x %}{% else %}", 1, 1, "liquid.unclosed_block", args{"Tag": "if"}},
		{"a{% case x %}{% when 1 %}", 1, 2, "liquid.unclosed_block", args{"Tag": "case"}},
		{"a{% raw %}{% endra %}", 1, 2, "liquid.unclosed_block", args{"Tag": "raw"}},
		{"{% comment %}{% assign foo = '1'{% endcomment %}", 1, 1, "liquid.unclosed_block", args{"Tag": "comment"}},
		{"{{ 'abc }}", 1, 4, "liquid.unclosed_string", nil},
		{"{{ '}}' }}", 1, 4, "liquid.unclosed_string", nil},
		{"я {%-  foo x %}", 1, 8, "liquid.unknown_tag", args{"Tag": "foo"}},
		{"{% # note %}", 1, 4, "liquid.unknown_tag", args{"Tag": "#"}},
		{"{% %}", 1, 4, "liquid.unknown_tag", args{"Tag": ""}},
		{"{% endif %}", 1, 4, "liquid.unexpected_tag", args{"Tag": "endif"}},
		{"{% if x %}{% endfor %}", 1, 14, "liquid.unexpected_tag", args{"Tag": "endfor"}},
		{"{% if x %}{% else %}{% else %}{% endif %}", 1, 24, "liquid.unexpected_tag", args{"Tag": "else"}},
		{"{% if x %}{% else %}{% elsif y %}{% endif %}", 1, 24, "liquid.unexpected_tag", args{"Tag": "elsif"}},
		{"{% case x %}{% else %}{% when 1 %}{% endcase %}", 1, 26, "liquid.unexpected_tag", args{"Tag": "when"}},
		{"{% case x %}a{% when 1 %}{% endcase %}", 1, 1, "liquid.text_before_when", nil},
		{"{{ x | shout }}", 1, 8, "liquid.unknown_filter", args{"Filter": "shout"}},
		{"{{ x | append }}", 1, 8, "liquid.wrong_arguments", args{"Filter": "append", "Given": 0, "Takes": "1"}},
		{"{{ x | upcase: 1 }}", 1, 8, "liquid.wrong_arguments", args{"Filter": "upcase", "Given": 1, "Takes": "0"}},
		{"{{ x |\n  truncate: 1, 2, 3 }}", 2, 3, "liquid.wrong_arguments", args{"Filter": "truncate", "Given": 3, "Takes": "0–2"}},
		{"{{ x | default: 1, strict: true }}", 1, 20, "liquid.unknown_option", args{"Option": "strict"}},
		{"{{ x | append: allow_false: true }}", 1, 16, "liquid.unknown_option", args{"Option": "allow_false"}},
		{"{% for i in x cols: 2 %}{% endfor %}", 1, 15, "liquid.unknown_option", args{"Option": "cols"}},
		{"{% for i in x offset: continue %}{% endfor %}", 1, 23, "liquid.unexpected", args{"Found": "continue"}},
		{"{{ a b }}", 1, 6, "liquid.unexpected", args{"Found": "b"}},
		{"{{ имя b }}", 1, 8, "liquid.unexpected", args{"Found": "b"}},
		{"{{ a..b }}", 1, 5, "liquid.unexpected", args{"Found": ".."}},
		{"{{ a.['b'] }}", 1, 6, "liquid.unexpected", args{"Found": "["}},
		{"{{ a.0 }}", 1, 6, "liquid.unexpected", args{"Found": "0"}},
		{"{{ a & b }}", 1, 6, "liquid.unexpected", args{"Found": "&"}},
		{"{{ € }}", 1, 4, "liquid.unexpected", args{"Found": "€"}},
		{"{{ | upcase }}", 1, 4, "liquid.unexpected", args{"Found": "|"}},
		{"{{ a | }}", 1, 8, "liquid.unexpected_end", nil},
		{"{{ a | default: 'x', }}", 1, 22, "liquid.unexpected_end", nil},
		{"{% if %}{% endif %}", 1, 7, "liquid.unexpected_end", nil},
		{"{% if a == %}{% endif %}", 1, 12, "liquid.unexpected_end", nil},
		{"{% if a >< b %}{% endif %}", 1, 10, "liquid.unexpected", args{"Found": "<"}},
		{"{% if a = b %}{% endif %}", 1, 9, "liquid.unexpected", args{"Found": "="}},
		{"{% if not a %}{% endif %}", 1, 11, "liquid.unexpected", args{"Found": "a"}},
		{"{% if (a or b) and c %}{% endif %}", 1, 7, "liquid.range_outside_for", nil},
		{"{% if a | size == 1 %}{% endif %}", 1, 9, "liquid.unexpected", args{"Found": "|"}},
		{"{% if a %}{% endif a %}", 1, 20, "liquid.unexpected", args{"Found": "a"}},
		{"{% if a %}{% else if b %}{% endif %}", 1, 19, "liquid.unexpected", args{"Found": "if"}},
		{"{% case x %}{% when %}{% endcase %}", 1, 21, "liquid.unexpected_end", nil},
		{"{% case x %}{% when 1 and 2 %}{% endcase %}", 1, 23, "liquid.unexpected", args{"Found": "and"}},
		{"{% for i of x %}{% endfor %}", 1, 10, "liquid.expected", args{"Expected": "in", "Found": "of"}},
		{"{% for i in (1.3) %}{% endfor %}", 1, 17, "liquid.expected", args{"Expected": "..", "Found": ")"}},
		{"{% assign x 1 %}", 1, 13, "liquid.expected", args{"Expected": "=", "Found": "1"}},
		{"{% assign 'x' = 1 %}", 1, 11, "liquid.unexpected", args{"Found": "x"}},
		{"{% assign x.y = 1 %}", 1, 12, "liquid.expected", args{"Expected": "=", "Found": "."}},
		{"{{ a[1 }}", 1, 8, "liquid.unexpected_end", nil},
		{"{{ 9223372036854775808 }}", 1, 4, "liquid.number_too_large", args{"Number": "9223372036854775808"}},
		{"{% assign x = (1..3) %}", 1, 15, "liquid.range_outside_for", nil},
		{deep, 1, MaxDepth*10 + 1, "liquid.nested_too_deep", args{"Limit": MaxDepth}},
		{"{{ a" + strings.Repeat("[a", MaxDepth+1) + "}}", 1, 2*MaxDepth + 5, "liquid.nested_too_deep", args{"Limit": MaxDepth}},
		{strings.Repeat(" ", MaxSource+1), 1, 1, "liquid.source_too_long", args{"Limit": MaxSource}},
	} {
		shown := c.source[:min(len(c.source), 80)]
		_, err := Parse(c.source)
		got, ok := errors.AsType[*SyntaxError](err)
		if !ok {
			t.Errorf("%s: got %v, want %s", shown, err, c.key)
			continue
		}
		if got.Line != c.line || got.Column != c.column || got.Key != c.key || !maps.Equal(got.Args, c.args) {
			t.Errorf("%s:\n got  %d:%d %s %v\n want %d:%d %s %v", shown,
				got.Line, got.Column, got.Key, got.Args, c.line, c.column, c.key, c.args)
		}
	}
}

func TestRenderErrors(t *testing.T) {
	vars := map[string]any{"big": int64(1) << 62, "min": int64(-1) << 63, "huge": 1e300, "nl": "a\r\nBcc: b@example.org"}
	overflow := func(filter string) args { return args{"Filter": filter} }
	for _, c := range []struct {
		source       string
		line, column int
		key          string
		args         args
	}{
		{"{{ 1 | divided_by: 0 }}", 1, 8, "liquid.divided_by_zero", nil},
		{"\nя {{ 1.5 | modulo: 'x' }}", 2, 12, "liquid.divided_by_zero", nil},
		{"{{ 1 | divided_by: 0.0 }}", 1, 8, "liquid.divided_by_zero", nil},
		{"{{ big | plus: big }}", 1, 10, "liquid.number_overflow", overflow("plus")},
		{"{{ min | minus: 1 }}", 1, 10, "liquid.number_overflow", overflow("minus")},
		{"{{ big | times: 2 }}", 1, 10, "liquid.number_overflow", overflow("times")},
		{"{{ min | times: -1 }}", 1, 10, "liquid.number_overflow", overflow("times")},
		{"{{ min | divided_by: -1 }}", 1, 10, "liquid.number_overflow", overflow("divided_by")},
		{"{{ huge | times: huge }}", 1, 11, "liquid.number_overflow", overflow("times")},
		{"{{ huge | ceil }}", 1, 11, "liquid.number_overflow", overflow("ceil")},
		{"{{ '99999999999999999999' | plus: 1 }}", 1, 29, "liquid.number_overflow", overflow("plus")},
		{"{{ 'abc' | truncate: 'x' }}", 1, 12, "liquid.not_a_whole_number", args{"Value": "x"}},
		{"{{ 'abc' | truncatewords: nil }}", 1, 12, "liquid.not_a_whole_number", args{"Value": ""}},
		{"a{% for i in (1..2) limit: 'x' %}{% endfor %}", 1, 2, "liquid.not_a_whole_number", args{"Value": "x"}},
		{"To: {{ nl }}", 1, 5, "liquid.control_character", nil},
		{"To: {{ '\u0085' }}", 1, 5, "liquid.control_character", nil},
		{"To: {{ 'a' | newline_to_br | append: '\t' }}", 1, 5, "liquid.control_character", nil},
	} {
		template, err := Parse(c.source)
		if err != nil {
			t.Fatal(err)
		}
		out, err := template.Render([]byte("kept"), Header, vars, Limits{}, at20, nil)
		got, ok := errors.AsType[*RenderError](err)
		if !ok {
			t.Errorf("%s: got %q, %v, want %s", c.source, out, err, c.key)
			continue
		}
		if got.Line != c.line || got.Column != c.column || got.Key != c.key || !maps.Equal(got.Args, c.args) {
			t.Errorf("%s:\n got  %d:%d %s %v\n want %d:%d %s %v", c.source,
				got.Line, got.Column, got.Key, got.Args, c.line, c.column, c.key, c.args)
		}
		if string(out) != "kept" {
			t.Errorf("%s: dst came back as %q", c.source, out)
		}
	}
}

func TestLimits(t *testing.T) {
	double := "{% assign a = 'xxxxxxxxxx' %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}"
	long := strings.Repeat("a ", 5000)
	cyclic := []any{1, nil}
	cyclic[1] = cyclic
	vars := map[string]any{"long": long, "cyclic": cyclic, "wide": strings.Repeat("%99Y", 200)}
	limits := Limits{Steps: 1000, Output: 10_000}
	for source, key := range map[string]string{
		"{% for i in (1..1000000000000) %}{% endfor %}":                                             "liquid.too_many_steps",
		"{% for i in (1..100) %}{% for j in (1..100) %}{% endfor %}{% endfor %}":                    "liquid.too_many_steps",
		"{% for i in (1..50) %}{% if long contains 'b' %}{% endif %}{% endfor %}":                   "liquid.too_many_steps",
		"{{ cyclic }}{{ cyclic }}{{ cyclic | join }}" + strings.Repeat("{{ cyclic | size }}", 1000): "liquid.too_many_steps",
		"{{ long }}{{ long }}":          "liquid.output_too_long",
		"{{ 1 }}" + long:                "liquid.output_too_long",
		double:                          "liquid.values_too_long",
		"{{ long | replace: '', '-' }}": "liquid.values_too_long",
		"{{ long | split: '' }}":        "liquid.values_too_long",
		"{{ long | split: ' ' }}":       "liquid.values_too_long",
		"{% for i in (1..50) %}{% assign a = long | upcase %}{% endfor %}": "liquid.values_too_long",
		"{% assign d = 1 | date: wide %}":                                  "liquid.values_too_long",
	} {
		template, err := Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		_, err = template.Render(nil, Text, vars, limits, at20, nil)
		if got, ok := errors.AsType[*RenderError](err); !ok || got.Key != key {
			t.Errorf("%.60s: got %v, want %s", source, err, key)
		}
	}
	template, err := Parse(long)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := template.Render(nil, HTML, nil, limits, at20, nil); err != nil || len(out) != limits.Output {
		t.Errorf("a text of just the limit: got %d bytes, %v", len(out), err)
	}
}

// The sentences of the errors must be those of the catalogues, and every
// catalogue must have all of them.
func TestCatalogues(t *testing.T) {
	for _, language := range []string{"en", "ru"} {
		data, err := os.ReadFile("../i18n/locales/" + language + "/liquid.json")
		if err != nil {
			t.Fatal(err)
		}
		var catalogue map[string]string
		if err := json.Unmarshal(data, &catalogue); err != nil {
			t.Fatal(err)
		}
		for key, sentence := range sentences {
			got, ok := catalogue[key]
			if !ok || language == "en" && got != sentence {
				t.Errorf("%s: %s: got %q, want %q", language, key, got, sentence)
			}
			for _, part := range strings.SplitAfter(sentence, "}}") {
				if i := strings.Index(part, "{{."); i >= 0 && !strings.Contains(got, part[i:]) {
					t.Errorf("%s: %s: no %s in %q", language, key, part[i:], got)
				}
			}
		}
		if len(catalogue) != len(sentences) {
			t.Errorf("%s: got %d sentences, want %d", language, len(catalogue), len(sentences))
		}
	}
}

func ExampleSyntaxError() {
	_, err := Parse("Hello,\n{{ name | shout }}!")
	fmt.Println(err)
	// Output: line 2, column 11: Unknown filter "shout"
}
