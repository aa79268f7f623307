package liquid

import (
	"testing"
	"time"
)

func TestFilters(t *testing.T) {
	vars := map[string]any{
		"list": list("a", list("b", 1), nil, 2.0), "no": list(), "map": map[string]any{"a": 1},
		"yes": true, "n": 5, "crlf": "a\r\nb\nc",
	}
	check(t, Text, []renderCase{
		{"{{ nil | default: 'x' }}{{ false | default: 'x' }}{{ '' | default: 'x' }}{{ no | default: 'x' }}", vars, "xxxx"},
		{"{{ 0 | default: 'x' }} {{ ' ' | default: 'x' }} {{ false | default: 'x', allow_false: true }}", vars, "0   false"},
		{"{{ false | default: allow_false: yes, 'x' }}{{ nil | default }}{{ nil | default: 'x', allow_false: true }}", vars, "falsex"},

		{"{{ 'Привет, Мир' | upcase }} {{ 'Привет, МИР' | downcase }} {{ nil | upcase }}", vars, "ПРИВЕТ, МИР привет, мир "},
		{"{{ 'my GREAT title' | capitalize }} {{ 'иВАН' | capitalize }} {{ '' | capitalize }}{{ 1 | capitalize }}", vars, "My great title Иван 1"},
		{"{{ 'Straße ﬁn' | upcase }} {{ 'ΟΔΟΣ ΣΑΣ İ' | downcase }} {{ 'ßE ΣΑΣ' | capitalize }} {{ 'ΣΑΣ' | capitalize }}", vars, "STRASSE FIN οδος σας i̇ Sse σας Σας"},
		{"{{ 'größe ÿÄ' | upcase }}{{ 'ÄÖ Ÿ' | capitalize }}", vars, "GRÖSSE ŸÄÄö ÿ"},
		{"[{{ ' \n\t so much \r\n' | strip }}]", vars, "[so much]"},
		{"{{ 'Ground control to Major Tom.' | truncate: 20 }}", vars, "Ground control to..."},
		{"{{ 'Ground control to Major Tom.' | truncate: 25, ', and so on' }}", vars, "Ground control, and so on"},
		{"{{ 'Ground control' | truncate: 14 }} {{ 'Ground control' | truncate: 13, '' }}", vars, "Ground control Ground contro"},
		{"{{ '1234567890' | truncate: 0 }} {{ '1234567890' | truncate: 5, 1 }} {{ 'abcde' | truncate: 4, missing }}", vars, "... 12341 abcd"},
		{"{{ '测试测试测试测试' | truncate: 5 }} {{ nil | truncate: 1 }}{{ 12345 | truncate: '4', '-' }}", vars, "测试... 123-"},
		{"{{ 'a b c d e f g h i j k l m n o p q' | truncatewords }}", vars, "a b c d e f g h i j k l m n o..."},
		{"{{ '  one   two three' | truncatewords: 2 }} {{ 'one two three' | truncatewords: 2, 1 }}", vars, "one two... one two1"},
		{"{{ 'one two' | truncatewords: 0 }} {{ 'one  two' | truncatewords: 2 }} {{ 5 | truncatewords: 1 }}", vars, "one... one  two 5"},
		{"{{ '1 1 1' | replace: 1, 'ab' }} {{ 'abc' | replace: '', '-' }} {{ 'aXa' | replace: 'X' }}", vars, "ab ab ab -a-b-c- aa"},
		{"{{ 'I strained' | remove: 'rain' }} {{ 'abc' | append: 1 }} {{ 'abc' | prepend: list }}", vars, "I sted abc1 ab12.0abc"},

		{"{{ 'a, b,c,,' | split: ',' | join: '|' }} {{ 'a, b,c,,' | split: ',' | size }}", vars, "a| b|c 3"},
		{"{{ ' a  b\nc ' | split: ' ' | join: '|' }} {{ 'щит' | split: '' | join: '|' }}", vars, "a|b|c щ|и|т"},
		{"{{ ',' | split: ',' | size }}{{ '' | split: ',' | size }}{{ nil | split: ' ' | size }}{{ 'abc' | split: missing | size }}", vars, "0003"},
		{"{{ 56 | split: ' ' | first }} {{ 'a1b' | split: 1 | last }} {{ ',a' | split: ',' | size }}", vars, "56 b 2"},
		{"{{ list | join }} {{ list | join: ', ' }} {{ 12 | join: '#' }}{{ nil | join }}{{ no | join }}", vars, "a b 1  2.0 a, b, 1, , 2.0 12"},
		{"{{ list | first }}{{ list | last }}{{ no | first }}{{ 'abc' | first }}{{ nil | last }}", vars, "a2.0"},
		{"{{ list | size }}{{ 'щит' | size }}{{ map | size }}{{ nil | size }}{{ 5 | size }}", vars, "43100"},

		{"{{ 1 | plus: 2 }} {{ '16' | plus: 4 }} {{ 183.357 | plus: 12 }} {{ 0.1 | plus: 0.2 }} {{ nil | plus: 1 }}", vars, "3 20 195.357 0.3 1"},
		{"{{ 4 | minus: 2 }} {{ '12 apples' | minus: 4 }} {{ 1.0 | minus: 1 }} {{ blank | minus: '-1' }}", vars, "2 8 0.0 1"},
		{"{{ 3 | times: 2 }} {{ 1.1 | times: 3 }} {{ '5.0' | times: '2.1' }} {{ -5 | times: 2 }} {{ 5 | times: missing }}", vars, "6 3.3 10.5 -10 0"},
		{"{{ 16 | divided_by: 4 }} {{ 5 | divided_by: 3 }} {{ -7 | divided_by: 2 }} {{ 7 | divided_by: -2 }} {{ 20 | divided_by: 7.0 }} {{ 0 | divided_by: 1.1 }}", vars, "4 1 -4 -4 2.857142857142857 0.0"},
		{"{{ 24 | modulo: 7 }} {{ -7 | modulo: 3 }} {{ 7 | modulo: -3 }} {{ 183.357 | modulo: 12 }} {{ -7.5 | modulo: 2 }} {{ 5 | modulo: -1 }}", vars, "3 2 -2 3.357 0.5 0"},
		{"{{ 5.5 | round }} {{ 2.5 | round }} {{ -2.5 | round }} {{ 5.666 | round: 1 }} {{ '5.666666' | round: 2 }} {{ 5 | round: 2 }}", vars, "6 3 -3 5.7 5.67 5"},
		{"{{ 5.666 | round: 'x' }} {{ 5.666 | round: -2 }} {{ 1250 | round: -2 }} {{ 5.666 | round: 1.9 }} {{ 1.005 | round: 2 }} {{ nil | round }}", vars, "6 0 1300 5.7 1.01 0"},
		{"{{ 1.2 | ceil }} {{ -1.2 | ceil }} {{ '3.4' | ceil }} {{ 2 | ceil }} {{ 1.8 | floor }} {{ -1.8 | floor }} {{ 'x' | floor }}", vars, "2 -1 4 2 1 -2 0"},

		{"{{ '<a href=\"x\">' | escape }}{{ nil | escape }}{{ 1 | escape }}", vars, "&lt;a href=&quot;x&quot;&gt;1"},
		{"{{ \"it's &amp;\" | escape }} {{ '<' | escape | escape }}", vars, "it&#39;s &amp;amp; &lt;"},
		{"{{ 'foo+1@example.com b~c*-_.' | url_encode }}{{ nil | url_encode }} {{ 'я' | url_encode }}", vars, "foo%2B1%40example.com+b~c%2A-_. %D1%8F"},
		{"{{ crlf | newline_to_br }} {{ 5 | newline_to_br }}", vars, "a<br />\nb<br />\nc 5"},
		{"{{ '<div id=\"t\">test</div>' | strip_html }}{{ \"<script type='x'>document.write('a');</script>\" | strip_html }}", vars, "test"},
		{"{{ '<!-- a \n b -->x<style>p{}</style><b\nclass=c>y</b>' | strip_html }} {{ '1 < 2' | strip_html }}", vars, "xy 1 < 2"},
		{"{{ '<<<script </script>script>foo;</script>' | strip_html }} {{ '<script>a<!--b' | strip_html }}", vars, "foo; a<!--b"},
	})
}

func TestDate(t *testing.T) {
	moscow := time.FixedZone("MSK", 3*60*60)
	vars := map[string]any{"t": at20, "n": 1152098955, "far": int64(1) << 62, "early": time.Date(2027, 1, 3, 4, 5, 6, 0, time.UTC)}
	for source, want := range map[string]string{
		"{{ t | date: '%Y-%m-%d %H:%M' }}":                           "2026-06-05 23:07",
		"{{ t }}":                                                    "2026-06-05 23:07:03 +0300",
		"{{ 'now' | date: '%d.%m.%Y' }}":                             "05.06.2026",
		"{{ 'Today' | date: '%A, %-d %B' }}":                         "Friday, 5 June",
		"{{ n | date: '%m/%d/%Y' }}":                                 "07/05/2006",
		"{{ '1152098955' | date: '%s' }}":                            "1152098955",
		"{{ '-1152098955' | date: '%Y' }}":                           "-1152098955",
		"{{ 'March 14, 2016' | date: '%b %d, %y' }}":                 "Mar 14, 16",
		"{{ '2006-05-05 10:00:00' | date: '%B %e %l%P' }}":           "May  5 10am",
		"{{ '2016-03-14T10:00:00Z' | date: '%H:%M %z %:z %::z' }}":   "13:00 +0300 +03:00 +03:00:00",
		"{{ '14.03.2016' | date: '%F' }}":                            "2016-03-14",
		"{{ 'Fri Jul 16 01:00:00 2004' | date: '%D %T' }}":           "07/16/04 01:00:00",
		"{{ 'soon' | date: '%Y' }}{{ '' | date: '%Y' }}":             "soon",
		"{{ nil | date: '%Y' }}{{ far | date: '%Y' }}":               "4611686018427387904",
		"{{ '2016-01-01' | date: '' }}{{ '2016' | date: missing }}":  "2016-01-012016",
		"{{ t | date: '%a %A %b %h %C %y %j %I %p %M %S %L %3N' }}":  "Fri Friday Jun Jun 20 26 156 11 PM 07 03 250 250",
		"{{ t | date: '%u %w %V %G %U %W %Z %% %n%t|' }}":            "5 5 23 2026 22 22 MSK % \n\t|",
		"{{ early | date: '%U %W %V %G %g %e|%k|%l|%-m|%_d|%05H' }}": "01 00 53 2026 26  3| 7| 7|1| 3|00007",
		"{{ t | date: '%^a %^B %#p %10A|%-10A|%010Y|%c' }}":          "FRI JUNE pm     Friday|Friday|0000002026|Fri Jun  5 23:07:03 2026",
		"{{ t | date: '%r %R %x %X %v %N' }}":                        "11:07:03 PM 23:07 06/05/26 23:07:03  5-JUN-2026 250000000",
		"{{ t | date: '%Q %:Y %100Y % %' }}":                         "%Q %:Y %100Y % %",
		"{{ t | date: 'год %Y' }}":                                   "год 2026",
	} {
		template, err := Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		got, err := template.Render(nil, Text, vars, Limits{}, at20, moscow)
		if string(got) != want || err != nil {
			t.Errorf("%s\n got  %q, %v\n want %q", source, got, err, want)
		}
	}
}

func TestHTML(t *testing.T) {
	vars := map[string]any{
		"x": `<b>"Tom" & 'Ann'</b>`, "safe": Safe("<i>ok</i>"), "lines": "<a>\n&", "safelines": Safe("<p>\n</p>"),
		"list": list("<", Safe("<hr>"), 1),
	}
	check(t, HTML, []renderCase{
		{"<p>{{ x }}</p>", vars, "<p>&lt;b&gt;&quot;Tom&quot; &amp; &#39;Ann&#39;&lt;/b&gt;</p>"},
		{"{{ '<' | escape }}{{ '<' | escape | escape }}", vars, "&lt;&lt;"},
		{"{{ safe }}{{ safe | escape }}{{ nil | default: safe }}", vars, "<i>ok</i><i>ok</i><i>ok</i>"},
		{"{{ safe | append: '!' }} {{ safe | upcase }} {{ 'x' | append: safe }}", vars, "<i>ok</i>! &lt;I&gt;OK&lt;/I&gt; x<i>ok</i>"},
		{"{{ safe | strip }}{{ '&lt;' | escape | truncate: 9 }}", vars, "&lt;i&gt;ok&lt;/i&gt;&amp;lt;"},
		{"{{ lines | newline_to_br }} {{ safelines | newline_to_br }}", vars, "&lt;a&gt;<br />\n&amp; <p><br />\n</p>"},
		{"{{ lines | escape | newline_to_br }}", vars, "&lt;a&gt;<br />\n&amp;"},
		{"{{ list }} {{ list | join: '>' }} {{ list | first }} {{ list[1] }}", vars, "&lt;<hr>1 &lt;&gt;<hr>&gt;1 &lt; <hr>"},
		{"{{ \"O'Neil\" | escape | append: '!' }} {{ 'Tom & Ann' | escape | truncate: 8 | upcase }}", vars, "O&#39;Neil! TOM &amp;..."},
		{"{{ lines | newline_to_br | append: '<' }}{{ lines | newline_to_br | prepend: '>' | strip }}", vars, "&lt;a&gt;<br />\n&amp;&lt;&gt;&lt;a&gt;<br />\n&amp;"},
		{"{{ lines | newline_to_br | split: '<br />' | join: '<' }} {{ lines | newline_to_br | replace: '<br />\n', '<' }}", vars, "&lt;a&gt;&lt;\n&amp; &lt;a&gt;&lt;&amp;"},
		{"{{ lines | newline_to_br | upcase }} {{ lines | newline_to_br | capitalize | downcase }}", vars, "&LT;A&GT;<BR />\n&AMP; &lt;a&gt;<br />\n&amp;"},
		{"{{ 'a\nbcd' | newline_to_br | truncate: 9, '–' }} {{ 'a\nb' | newline_to_br | truncate: 4, '\"' }}", vars, "a<br />\n– &quot;"},
		{"{{ 'a\nb' | newline_to_br | truncate: 5 }} {{ 'a\nimg x' | newline_to_br | remove: 'br />\n' }}", vars, "a&lt;... a&lt;img x"},
		{"{{ lines | newline_to_br | strip_html }} {{ lines | newline_to_br | truncatewords: 1 }}", vars, "&lt;a&gt;\n&amp; &amp;lt;a&amp;gt;&lt;br..."},
		{"{% assign y = safe %}{{ y }}{% for i in list %}{{ i }}{% endfor %}", vars, "<i>ok</i>&lt;<hr>1"},
		{"{{ x | strip_html }}{{ safe | strip_html }}", vars, "&quot;Tom&quot; &amp; &#39;Ann&#39;ok"},
		{"{% if safe == '<i>ok</i>' and safe contains 'ok' %}{{ safe.size }}{% endif %}", vars, "9"},
	})
	check(t, Plain, []renderCase{
		{"{{ x | escape | newline_to_br }} {{ lines | default: '\"' | newline_to_br | append: '<' | escape }}", vars, `<b>"Tom" & 'Ann'</b> <a>` + "\n&<"},
		{"{{ safe | append: '<' }}{{ 1 | escape }}{{ nil | newline_to_br }}", vars, "<i>ok</i><1"},
	})
	check(t, Text, []renderCase{{"{{ x }}{{ safe }}", vars, `<b>"Tom" & 'Ann'</b><i>ok</i>`}})
	check(t, Header, []renderCase{{"{{ x }}{{ safe }} — {{ 'ключ' }}", vars, `<b>"Tom" & 'Ann'</b><i>ok</i> — ключ`}})
	if got := string(Escape([]byte("> "), "a<b>&amp;\"'")); got != "> a&lt;b&gt;&amp;amp;&quot;&#39;" {
		t.Errorf("Escape: got %q", got)
	}
}
