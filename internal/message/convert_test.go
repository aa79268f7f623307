package message

import (
	"strings"
	"testing"

	"gonets/internal/liquid"
)

func TestMarkdown(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"plain", "# Hi\n\nA *b* ~~c~~", "<h1>Hi</h1>\n<p>A <em>b</em> <del>c</del></p>\n"},
		{"output in text", `Hi {{ recipient.first_name | default: "my *dear* friend" }}!`, `<p>Hi {{ recipient.first_name | default: "my *dear* friend" }}!</p>` + "\n"},
		{"output in emphasis", `**{{ a_b_c }}**, _{{ d }}_`, "<p><strong>{{ a_b_c }}</strong>, <em>{{ d }}</em></p>\n"},
		{"output in a link", `[x]({{ unsubscribe_url }} "{{ title }}")`, `<p><a href="{{ unsubscribe_url }}" title="{{ title }}">x</a></p>` + "\n"},
		{"output inside a link", `[{{ a }}](https://example.com/{{ recipient.id | url_encode }}?b=c)`, `<p><a href="https://example.com/{{ recipient.id | url_encode }}?b=c">{{ a }}</a></p>` + "\n"},
		{"bare link", "See https://example.com/{{ id }} now", `<p>See <a href="https://example.com/{{ id }}">https://example.com/{{ id }}</a> now</p>` + "\n"},
		{"code", "`{{ a | append: \"<\" }}`", `<p><code>{{ a | append: "<" }}</code></p>` + "\n"},
		{"raw HTML", "<div class=\"{{ c }}\">\n{% if a %}\n<b>x</b>\n{% endif %}\n</div>", "<div class=\"{{ c }}\">\n{% if a %}\n<b>x</b>\n{% endif %}\n</div>"},
		{"tags in a line", "a {% if b %}*c*{% else %}d{% endif %} e", "<p>a {% if b %}<em>c</em>{% else %}d{% endif %} e</p>\n"},
		{"tag lines part paragraphs", "Hello,\n{% if b %}\nyou\n{% endif %}\nand so on", "<p>Hello,</p>\n{% if b %}\n<p>you</p>\n{% endif %}\n<p>and so on</p>\n"},
		{"several tags in a tag line", "{% if a %}{% if b %}\nx\n{% endif %} {% endif %}", "{% if a %}{% if b %}\n<p>x</p>\n{% endif %} {% endif %}"},
		{"indented tag line", "{% if a %}\n    {% if b %}\nx\n    {% endif %}\n{% endif %}", "{% if a %}\n    {% if b %}\n<p>x</p>\n    {% endif %}\n{% endif %}"},
		{"loop is one list", "Do:\n\n{% for x in list %}\n1. {{ x }}\n{% endfor %}\n\nBye", "<p>Do:</p>\n<ol>\n{% for x in list %}\n<li>{{ x }}</li>\n{% endfor %}\n</ol>\n<p>Bye</p>\n"},
		{"loop with a condition", "{% for x in list %}\n{% if x %}\n- {{ x }}\n{% endif %}\n- b\n{% endfor %}", "<ul>\n{% for x in list %}\n{% if x %}\n<li>{{ x }}</li>\n{% endif %}\n<li>b</li>\n{% endfor %}</ul>\n"},
		{"loop of paragraphs", "{% for x in list %}\n{{ x }}\n\n- b\n{% endfor %}", "{% for x in list %}\n<p>{{ x }}</p>\n<ul>\n<li>b</li>\n</ul>\n{% endfor %}"},
		{"condition inside an item", "- a\n  {% if x %}\n  b\n  {% endif %}\n- c", "<ul>\n<li>a\n{% if x %}\nb\n{% endif %}\n</li>\n<li>c</li>\n</ul>\n"},
		{"table", "| a | b |\n|---|--:|\n| {{ x | join: \"|\" }} | 1 |", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th style=\"text-align:right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>{{ x | join: \"|\" }}</td>\n<td style=\"text-align:right\">1</td>\n</tr>\n</tbody>\n</table>\n"},
		{"comment", "a\n{% comment %}\n# b {% if %} {{ c\n{% endcomment %}\nd", "<p>a</p>\n{% comment %}\n# b {% if %} {{ c\n{% endcomment %}\n<p>d</p>\n"},
		{"raw", "{% raw %} *{{ a }}* {% if %}{% endraw %}", "<p>{% raw %} <em>{{ a }}</em> {% if %}{% endraw %}</p>\n"},
		{"fenced code", "```\n{% if a %}\n{{ b }}\n{% endif %}\n```", "<pre><code>{% if a %}\n{{ b }}\n{% endif %}\n</code></pre>\n"},
		{"the shield's own word", "lqdx0z lqdx {{ a }}", "<p>lqdx0z lqdx {{ a }}</p>\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			page, err := markdownHTML(test.source)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.TrimSuffix(strings.TrimPrefix(page, pageHead), pageFoot)
			if got != test.want {
				t.Errorf("%q\n got %q\nwant %q", test.source, got, test.want)
			}
			if _, err := liquid.Parse(page); err != nil && test.name != "comment" {
				t.Error(err)
			}
		})
	}
}

func TestPlainText(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"paragraphs", "<p>a\n  b</p>\n<p style=\"x\">c</p>d", "a b\n\nc\n\nd"},
		{"inline", "a <b>b</b><i> c</i> , d&nbsp;&amp; &lt;e&gt;", "a b c , d & <e>"},
		{"line breaks", "a<br>b<br/><br />c<p>d<br></p>e", "a\nb\n\nc\n\nd\n\ne"},
		{"headings and rule", "<h1>A</h1><hr><h2>B</h2>", "A\n\n----------\n\nB"},
		{"links", `<a href="https://e.com/?a=1&amp;b=2">go</a> <a href="https://e.com">https://e.com</a> <a href="mailto:a@e.com">a@e.com</a> <a href="#x">up</a>`, "go <https://e.com/?a=1&b=2> https://e.com a@e.com up"},
		{"image link", `<a href="https://e.com"><img alt="Logo"></a><a href="https://f.com"><img></a>`, "Logo <https://e.com> https://f.com"},
		{"lists", "<ul><li>a</li><li><p>b</p><ul><li>c</li></ul></li></ul><ol><li>d<li>e</ol>f", "- a\n- b\n  - c\n\n1. d\n2. e\n\nf"},
		{"table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
		{"pre", "<p>a</p><pre>x\n  y\n</pre>b", "a\n\nx\n  y\n\nb"},
		{"not shown", "<html><head><title>T</title><style>a > b {}</style></head><body><!-- a > b -->x<script>1 < 2</script></body></html>", "x"},
		{"output", `<p>Hi {{ name | default: "<b>" }}!</p>`, `Hi {{ name | default: "<b>" }}!`},
		{"output in a link", `<a href="{{ url | escape }}">go</a>`, "go <{{ url | escape }}>"},
		{"filters for HTML", `{{ a | upcase | escape | newline_to_br }} {{ b | append: "| escape" }} {% assign c = a | escape %}`, `{{ a | upcase | escape | newline_to_br }} {{ b | append: "| escape" }} {% assign c = a | escape %}`},
		{"tags", "<p>a</p>{% if x %}<p>b</p>{% else %}<b>c</b>{% endif %}<p>d</p>", "a\n\n{% if x %}b\n\n{% else %}c{% endif %}\n\nd"},
		{"spaces around tags", "Hello {% if n %}{{ n }}{% else %} friend {% endif %} !", "Hello {% if n %}{{ n }}{% else %} friend {% endif %}!"},
		{"loop", "<ol>\n{% for x in list %}\n<li>{{ x }}</li>\n{% endfor %}\n</ol>", "{% for x in list %}- {{ x }}\n{% endfor %}"},
		{"tags out of sight", "<head><style>{% if x %}{{ y }}</style></head>z<!-- {% endif %} -->", "{% if x %}z{% endif %}"},
		{"first tag", "{% if x %}<p>a</p>{% endif %}<p>b</p>", "{% if x %}a\n\n{% endif %}b"},
		{"broken", "</ul></a></li></pre><li>a", "- a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := plainText(test.source); got != test.want {
				t.Errorf("%q\n got %q\nwant %q", test.source, got, test.want)
			}
		})
	}
}

func FuzzConverters(f *testing.F) {
	f.Add("a {% if b %}*c*{% else %}[d]({{ e }}){% endif %} {% raw %}{{{% endraw %}")
	f.Add("{% for x in list %}\n- {{ x }}\n{% endfor %}\n| a |\n|---|\n| {{ b }} |")
	f.Add("<p {% if a %}b{% endif %}>{% comment %}{% comment %}{% endcomment %}{% raw %}{% endraw %}{% endcomment %}")
	f.Fuzz(func(t *testing.T, source string) {
		if _, err := liquid.Parse(source); err != nil {
			t.Skip()
		}
		protected, s := protect(source)
		if got := s.restore(protected); got != source {
			t.Errorf("restored: got %q, want %q", got, source)
		}
		if before, _, _, ok := s.next(strings.Repeat("x", 10)); ok || before != strings.Repeat("x", 10) {
			t.Error("a word where there is none")
		}
		if _, err := markdownHTML(source); err != nil {
			t.Error(err)
		}
		plainText(source)
	})
}
