package liquid

import (
	"slices"
	"testing"
	"time"
)

// at20 is the clock of the tests: Friday, 5 June 2026, 20:07:03.25 UTC.
var at20 = time.Date(2026, time.June, 5, 20, 7, 3, 250_000_000, time.UTC)

// render renders source or fails the test.
func render(t *testing.T, mode Mode, source string, vars map[string]any) string {
	t.Helper()
	template, err := Parse(source)
	if err != nil {
		t.Fatalf("Parse(%q): %v", source, err)
	}
	got, err := template.Render(nil, mode, vars, Limits{}, at20, nil)
	if err != nil {
		t.Fatalf("Render(%q): %v", source, err)
	}
	return string(got)
}

type renderCase struct {
	source string
	vars   map[string]any
	want   string
}

func check(t *testing.T, mode Mode, cases []renderCase) {
	t.Helper()
	for _, c := range cases {
		if got := render(t, mode, c.source, c.vars); got != c.want {
			t.Errorf("%s\n with %v\n got  %q\n want %q", c.source, c.vars, got, c.want)
		}
	}
}

func list(items ...any) []any { return items }

func TestOutput(t *testing.T) {
	product := map[string]any{"title": "foo", "tags": list("sports", "garden"), "size": 99}
	vars := map[string]any{
		"product": product, "i": 1, "key": "title", "s": "привет", "n": nil, "f": 2.0, "t": at20,
		"odd": struct{ A int }{1}, "wide": int32(7), "город": "Тула", "blank": map[string]any{"a": 42},
		"nested": list("a", list("b", list(1, nil)), true),
	}
	check(t, Text, []renderCase{
		{"", vars, ""},
		{"text } }} %} { {", vars, "text } }} %} { {"},
		{"{{ }}", vars, ""},
		{"{{ 'hello' }}{{ \"it's\" }}", vars, "helloit's"},
		{"{{ '{{' }}", vars, "{{"},
		{"{{ 123 }} {{ -123 }} {{ 1.50 }} {{ 5.0 }}", vars, "123 -123 1.5 5.0"},
		{"{{ nil }}{{ null }}{{ blank }}{{ empty }}", vars, ""},
		{"{{ true }} {{ false }}", vars, "true false"},
		{"{{ product.title }}{{product['title']}}{{ product[key] }}", vars, "foofoofoo"},
		{"{{ product \n.\ttitle }}", vars, "foo"},
		{"{{ product.tags[1] }} {{ product.tags[-2] }} {{ product.tags[i] }}", vars, "garden sports garden"},
		{"{{ product.tags[2] }}{{ product.tags[-3] }}{{ product.tags['size'] }}", vars, ""},
		{"{{ product.tags.first }} {{ product.tags.last }} {{ product.tags.size }}", vars, "sports garden 2"},
		{"{{ product.size }} {{ s.size }} {{ blank.size }}", vars, "99 6 1"},
		{"{{ s.first }}{{ i.size }}{{ n.size }}{{ missing.a.b[0] }}", vars, ""},
		{"{{ product.tags }}", vars, "sportsgarden"},
		{"{{ nested }}", vars, "ab1true"},
		{"{{ product }}{{ odd }}{{ wide }}{{ odd.A }}", vars, ""},
		{"{{ i }} {{ f }} {{ t }}", vars, "1 2.0 2026-06-05 20:07:03 UTC"},
		{"{{ blank.a }} {{ blank['a'] }}", vars, "42 42"},
		{"{{ город }}", vars, "Тула"},
	})
}

func TestFloats(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", -1.5: "-1.5", 0.0001: "0.0001", 0.00001: "1.0e-05", 1.25e-7: "1.25e-07",
		1e15: "1000000000000000.0", 1e16: "1.0e+16", -2.5e20: "-2.5e+20",
	} {
		if got := string(appendFloat(nil, f)); got != want {
			t.Errorf("%g: got %s, want %s", f, got, want)
		}
	}
}

func TestWhiteSpaceControl(t *testing.T) {
	check(t, Text, []renderCase{
		{"a \n{{- 'b' -}}\t c", nil, "abc"},
		{"a {{ 'b' }} c", nil, "a b c"},
		{"a {%- if true -%} b {%- endif -%} c", nil, "abc"},
		{" {{-5-}} ", nil, "5"},
		{"{{-}}{%- comment -%} x {%- endcomment -%} y", nil, "y"},
		{"a {%- raw -%} {{ b }} {%- endraw -%} c", nil, "a {{ b }} c"},
		{"a {%- raw %}{% endraw %} c", nil, "a c"},
		{"\u00a0{{- 1 -}}\u00a0", nil, "\u00a01\u00a0"},
	})
}

func TestIf(t *testing.T) {
	vars := map[string]any{
		"title": "foo", "zero": 0, "emptyText": "", "emptyList": list(), "yes": true, "no": false,
		"list": list(1, "two", 3.0), "map": map[string]any{"a": 1}, "other": list(1, "two", 3),
		"now": at20, "later": at20.Add(time.Hour), "spaces": " \n",
	}
	holds := map[string]bool{
		"title": true, "missing": false, "nil": false, "yes": true, "no": false,
		"zero": true, "0.0": true, "emptyText": true, "emptyList": true, "blank": true, "empty": true,
		"title == 'foo'": true, "title != 'foo'": false, "title <> 'foo'": false, "title<>1": true, "title == \"bar\"": false,
		"1 == 1.0": true, "1 == '1'": false, "'1' == 1": false, "0 == false": false, "1 == true": false,
		"missing == nil": true, "no == nil": false, "missing != no": true, "yes == true": true,
		"list == other": true, "list == emptyList": false, "map == map": true, "map == list": false,
		"1 < 2": true, "2 < 1.5": false, "2 >= 2": true, "2.5 <= 2": false, "-1 > -2": true,
		"'abc' < 'acb'": true, "'b' >= 'a'": true, "'2' > 1": false, "1 < '2'": false,
		"missing < 1": false, "missing >= 1": false, "1 > missing": false, "yes > no": false,
		"now < later": true, "now == later": false, "now == now": true,
		"'hello' contains 'ell'": true, "'hel9lo' contains 9": true, "'hello' contains missing": false,
		"list contains 1": true, "list contains 1.0": true, "list contains '1'": false,
		"list contains 'two'": true, "map contains 'a'": true, "map contains 'b'": false,
		"missing contains 'a'": false, "12 contains 1": false,
		"emptyText == empty": true, "empty == emptyText": true, "emptyList == empty": true,
		"missing == empty": false, "title == empty": false, "no == empty": false,
		"missing == blank": true, "no == blank": true, "spaces == blank": true, "spaces == empty": false,
		"emptyList == blank": true, "zero == blank": false, "yes == blank": false, "title != blank": true,
		"blank == empty": false, "empty == empty": true, "empty < 1": false,
		// from right to left
		"true and false and false or true":  false,
		"false or true and false":           false,
		"true or false and false":           true,
		"false and false or true":           false,
		"true and true and 1 == 1 or false": true,
	}
	for condition, want := range holds {
		for source, want := range map[string]bool{
			"{% if " + condition + " %}T{% else %}F{% endif %}":         want,
			"{% unless " + condition + " %}T{% else %}F{% endunless %}": !want,
		} {
			if got := render(t, Text, source, vars) == "T"; got != want {
				t.Errorf("%s: got %t, want %t", source, got, want)
			}
		}
	}
}

func TestBlocks(t *testing.T) {
	vars := map[string]any{"x": "b", "list": list("a", "b", "c", "d", "e"), "no": list(), "m": map[string]any{"z": 1, "a": 2}}
	check(t, Text, []renderCase{
		{"{% if false %}1{% elsif nil %}2{% elsif 1 %}3{% else %}4{% endif %}", vars, "3"},
		{"{% if false %}1{% elsif nil %}2{% endif %}", vars, ""},
		{"{% unless true %}1{% elsif true %}2{% else %}3{% endunless %}", vars, "2"},
		{"{%if x%}{% if no %}1{%endif%}2{%endif%}", vars, "12"},
		{"{% if true %}  {% elsif false %} {% else %} {% endif %}", vars, ""},
		{"{% if true %} {% comment %} x {% endcomment %} {% assign y = 1 %} {% endif %}{{ y }}", vars, "1"},
		{"{% if true %} {{ nil }} {% endif %}", vars, "  "},

		{"{% case x %} {% when 'a' %}A{% when 'b' %}B{% else %}E{% endcase %}", vars, "B"},
		{"{% case x %}{% when 'a', 'b' %}AB{% endcase %}", vars, "AB"},
		{"{% case x %}{% when 'a' or 'c' %}AC{% else %}E{% endcase %}", vars, "E"},
		{"{% case x %}{% when 'b' %}1{% when x %}2{% else %}3{% endcase %}", vars, "12"},
		{"{% case x %}{% endcase %}{% case x %}{% else %}E{% endcase %}", vars, "E"},
		{"{% case missing %}{% when nil %}N{% endcase %}{% case x %}{% when blank %}{% else %}E{% endcase %}", vars, "NE"},

		{"{% for i in list %}{{ i }}{% endfor %}", vars, "abcde"},
		{"{% for i in list limit: 2 %}{{ i }}{% endfor %}", vars, "ab"},
		{"{% for i in list limit:2 offset:1 %}{{ i }}{% endfor %}", vars, "bc"},
		{"{% for i in list reversed limit: 2, offset: 1 %}{{ i }}{% endfor %}", vars, "cb"},
		{"{% for i in list offset: 9 %}{{ i }}{% else %}none{% endfor %}", vars, "none"},
		{"{% for i in list limit: -1 %}{{ i }}{% else %}none{% endfor %}", vars, "none"},
		{"{% for i in list offset: -1 limit: 3 %}{{ i }}{% endfor %}", vars, "ab"},
		{"{% for i in list limit: missing offset: '3' %}{{ i }}{% endfor %}", vars, "de"},
		{"{% for i in no %}{{ i }}{% else %}none{% endfor %}{% for i in missing %}{% else %}!{% endfor %}", vars, "none!"},
		{"{% for i in (1..3) %}{{ i }}{% endfor %}{% for i in (2.9..'4x') %}{{ i }}{% endfor %}", vars, "123234"},
		{"{% for i in (3..1) %}{{ i }}{% else %}none{% endfor %}", vars, "none"},
		{"{% for i in (-1..list.size) reversed %}{{ i }} {% endfor %}", vars, "5 4 3 2 1 0 -1 "},
		{"{% for i in (1..9223372036854775807) limit: 2 %}{{ i }}{% endfor %}", vars, "12"},
		{"{% for i in 'text' %}[{{ i }}]{% endfor %}{% for i in '' %}x{% endfor %}", vars, "[text]"},
		{"{% for i in 'text' limit: 0 offset: 1 reversed %}[{{ i }}]{% endfor %}{% for i in '' offset: -1 %}x{% else %}none{% endfor %}", vars, "[text]none"},
		{"{% for p in m %}{{ p[0] }}={{ p[1] }};{% endfor %}", vars, "a=2;z=1;"},
		{"{% for i in list %}{% if i == 'b' %}{% continue %}{% elsif i == 'd' %}{% break %}{% endif %}{{ i }}{% endfor %}.", vars, "ac."},
		{"{% for i in (1..2) %}{% for j in (1..3) %}{% if j == 2 %}{% break %}{% endif %}{{ i }}{{ j }} {% endfor %}{% endfor %}", vars, "11 21 "},
		{"a{% break %}b", vars, "a"},
		{
			"{% for i in (1..2) %}{{ forloop.index }}{{ forloop.index0 }}{{ forloop.rindex }}{{ forloop.rindex0 }}{{ forloop.length }} {{ forloop.first }} {{ forloop.last }};{% endfor %}",
			vars, "10212 true false;21102 false true;",
		},
		{"{% for i in (1..2) %}{% for j in (1..2) %}{{ forloop.parentloop.index }}{{ forloop['index'] }} {% endfor %}{% endfor %}{{ forloop.index }}", vars, "11 12 21 22 "},
		{"{% for i in list limit: 1 %}{{ forloop.name }} {{ forloop['name'] }}{% endfor %}", vars, "i-list i-list"},
		{"{% for i in (1 .. list.size ), limit:1 %}{{ forloop.name }}{% for j in m['a b'].c reversed %}{% else %}{{ forloop.name }}{% endfor %}{% endfor %}", vars, "i-(1 .. list.size )i-(1 .. list.size )"},
		{"{% for x in (1..2) %}{% for x in (7..7) %}{{ x }}{% endfor %}{{ x }}{% endfor %}{{ x }}", vars, "7172b"},
		{"{% for i in (1..2) %}  {% endfor %}", vars, ""},

		{"{% assign y = 'z' %}{{ y }}{% assign x = x | append: y %}{{ x }}", vars, "zbz"},
		{"{% for i in list %}{% assign y = i %}{% endfor %}{{ y }}", vars, "e"},
		{"{{ x }}{% if false %}{% assign x = 1 %}{% endif %}{{ x }}{% assign x = nil %}{{ x }}", vars, "bb"},
		{"{% for i in (1..2) %}{% assign i = 9 %}{{ i }}{% endfor %}{{ i }}", vars, "129"},

		{"{% comment %}{% if ... %}{{ {% comment %}{% endcomment %}{% while %}{% raw %}{% endcomment %}{% endraw %}{% endcomment %}.", vars, "."},
		{"{% raw %}{{ x }}{% if %}{%endraw%}{{ x }}", vars, "{{ x }}{% if %}b"},
	})
}

func TestUsedVariables(t *testing.T) {
	template, err := Parse(`{{ recipient.name | default: sender.name }}{% if recipient['city'] == a.b[i].c %}{% endif %}
{% for x in recipient.orders limit: n %}{{ x.total }}{{ forloop.index }}{% endfor %}
{% assign u = unsubscribe_url %}{{ u }}{{ recipient.name }}{% case k %}{% when w %}{% endcase %}`)
	if err != nil {
		t.Fatal(err)
	}
	got := template.Variables()
	want := []string{"a.b", "i", "k", "n", "recipient.city", "recipient.name", "recipient.orders", "sender.name", "unsubscribe_url", "w"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for path, want := range map[string]bool{
		"recipient": true, "recipient.name": true, "recipient.na": false, "recipient.name.first": false,
		"unsubscribe_url": true, "u": false, "x": false, "forloop": false, "a.b": true,
	} {
		if got := template.Uses(path); got != want {
			t.Errorf("Uses(%q): got %t, want %t", path, got, want)
		}
	}
}

func TestPrints(t *testing.T) {
	for source, want := range map[string]bool{
		"{{ a.b }}": true, "{{ a['b'] | upcase }}": true, "{{ 'x' | append: a.b }}": true, "{% assign x = a.b %}": true,
		"{% for x in a.b %}{% endfor %}": true, "{% if a.b %}{{ a.b }}{% endif %}{% if a.b %}{% endif %}": true,
		"{% if a.b %}x{% endif %}": false, "{% case a.b %}{% when a.b %}{% endcase %}": false, "{{ a }}{{ a.b.size }}": false,
		"{{ x }}{% for x in (1..a.b) limit: a.b %}{% endfor %}": false, "{% raw %}{{ a.b }}{% endraw %}": false,
		"{% comment %}{{ a.b }}{% endcomment %}": false, "{% assign a = 1 %}{{ a.b }}": false,
	} {
		template, err := Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := template.Prints("a.b"); got != want {
			t.Errorf("%s: got %t, want %t", source, got, want)
		}
	}
}

// A run is used again by the next rendering: nothing of one recipient may be
// seen by the next.
func TestNothingIsKept(t *testing.T) {
	template, err := Parse("{{ n }}{{ name }}{% assign n = name %}")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Ann", "Bob", ""} {
		got, err := template.Render([]byte("> "), Text, map[string]any{"name": name}, Limits{}, at20, nil)
		if want := "> " + name; string(got) != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}
