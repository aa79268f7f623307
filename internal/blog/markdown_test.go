package blog

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestMarkdown(t *testing.T) {
	w := newWriter()
	for _, tt := range []struct{ name, locale, body, want string }{
		{"quotes", "ru", `Слово "рассылка" -- это...`, "<p>Слово «рассылка» – это…</p>\n"},
		{"quotes in English", "en", `It's a "mailing"`, "<p>It’s a “mailing”</p>\n"},
		{"headings below the title", "en", "# One\n#### Two\n## Three", "<h2 id=\"s-one\">One</h2>\n<h3 id=\"s-two\">Two</h3>\n<h3 id=\"s-three\">Three</h3>\n"},
		{"headings that begin lower", "ru", "### Раз\n### Раз", "<h2 id=\"s-raz\">Раз</h2>\n<h2 id=\"s-raz-2\">Раз</h2>\n"},
		{"link elsewhere", "en", "[x](https://example.org/)", `<p><a href="https://example.org/" rel="noreferrer">x</a></p>` + "\n"},
		{"link within", "en", "[x](/blog)", `<p><a href="/blog">x</a></p>` + "\n"},
		{"a script for a link", "en", "[x](javascript:alert(1))", "<p>x</p>\n"},
		{"raw HTML", "en", `<b>a</b><script>alert(1)</script><img src=x onerror=alert(1)><i style="color:red" onclick="x">c</i>`, "<p><b>a</b><i>c</i></p>\n"},
		{"a frame", "en", "<iframe src=\"/admin\"></iframe>\n\ntext", "\n<p>text</p>\n"},
		{"a form", "en", `<form action="/logout" method="post"><button>x</button></form>`, "x"},
		{"a picture of ours", "en", "![a](/blog/pictures/0123456789abcdef0123456789abcdef/large.jpg)", `<p><img src="/blog/pictures/0123456789abcdef0123456789abcdef/large.jpg" alt="a"></p>` + "\n"},
		{"a picture from elsewhere", "en", "![a **cat**](https://example.org/cat.png)", `<p><a href="https://example.org/cat.png" rel="noreferrer">a <strong>cat</strong></a></p>` + "\n"},
		{"a picture from elsewhere without words", "en", "![](https://example.org/cat.png)", `<p><a href="https://example.org/cat.png" rel="noreferrer">https://example.org/cat.png</a></p>` + "\n"},
		{"code", "en", "```go\na < b\n```", `<pre tabindex="0"><code class="language-go">a &lt; b` + "\n</code></pre>\n"},
		{"table", "en", "|a|\n|-:|\n|1|", `<div class="article-table" tabindex="0"><table class="table">` + "\n<thead>\n<tr>\n<th align=\"right\">a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td align=\"right\">1</td>\n</tr>\n</tbody>\n</table></div>\n"},
	} {
		got, err := w.html(tt.locale, tt.body)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %q (%v), want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestOutline(t *testing.T) {
	w := newWriter()
	beginning, words, err := w.outline("ru", "# Заголовок\n\nПервый *абзац* &amp; ещё.\n\n- пункт\n\nВторой.")
	if err != nil || beginning != "Первый абзац & ещё. Второй." || words != 7 {
		t.Errorf("got %q of %d words (%v)", beginning, words, err)
	}
	beginning, _, err = w.outline("ru", strings.Repeat("слово, ", 100))
	if n := len([]rune(beginning)); err != nil || n > beginningLength+1 || !strings.HasSuffix(beginning, "слово…") {
		t.Errorf("got %q of %d characters (%v)", beginning, n, err)
	}
}

// Whatever is written, no element and no attribute but those of the policy
// comes out.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{
		"# a\n<script>x</script>", "[a](javascript:x)", "![x](data:text/html,x)", "<svg onload=x>", "<p style=x id=main>",
		"<a href=' java\nscript:x'>x</a>", "<table onclick=x><pre onclick=x>", "`<table>`", "<math><mtext></p><style><!--</style><img title='--><img src=1 onerror=x>'>",
	} {
		f.Add(seed)
	}
	w := newWriter()
	f.Fuzz(func(t *testing.T, body string) {
		page, err := w.html("en", body)
		if err != nil {
			t.Skip() // what is refused reaches no reader
		}
		for tokens := html.NewTokenizer(strings.NewReader(page)); tokens.Next() != html.ErrorToken; {
			token := tokens.Token()
			switch token.Data {
			case "script", "style", "iframe", "object", "embed", "svg", "math", "form", "input", "button", "link", "meta", "base":
				if token.Type != html.TextToken {
					t.Fatalf("%q became an element %s in %q", body, token.Data, page)
				}
			}
			for _, a := range token.Attr {
				value := strings.ToLower(strings.TrimSpace(a.Val))
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "href" && strings.HasPrefix(value, "javascript:") ||
					a.Key == "id" && !strings.HasPrefix(value, anchorPrefix) || a.Key == "src" && !pictureURL.MatchString(value) {
					t.Fatalf("%q became an attribute %s=%q in %q", body, a.Key, a.Val, page)
				}
			}
		}
	})
}
