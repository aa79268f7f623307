package message_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"gonets/internal/account"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/message"
	"gonets/internal/recipient"
)

var ivan = message.Input{
	Recipient: recipient.Recipient{
		ID: 1, Email: "ivan@example.org", Name: "Иван <Петров>", Locale: "ru-RU", Tags: []string{"vip", "new"},
		Attributes: map[string]any{"city": "Казань", "orders": int64(3), "email": "not@this"},
	},
	MailingName:    "Осень",
	SenderName:     "Shop & Co",
	UnsubscribeURL: "https://example.com/u/t?a=1&b=2",
	Now:            time.Date(2026, 11, 22, 21, 30, 0, 0, time.UTC),
	Zone:           time.FixedZone("MSK", 3*3600),
}

func TestCompose(t *testing.T) {
	const footer = `<p style="margin: 32px 0 0; font-size: 13px; color: #767676"><a href="https://example.com/u/t?a=1&amp;b=2" style="color: #767676">Отписаться</a></p>` + "\n"
	const footerText = "\n-- \nОтписаться: https://example.com/u/t?a=1&b=2\n"
	for _, test := range []struct {
		name  string
		draft message.Draft
		want  message.Content
	}{
		{
			"text",
			message.Draft{Subject: "{{ recipient.name }}!", Format: message.Text, Body: "Hi {{ recipient.name }} of {{ recipient.city }}, {{ nothing }}{{ recipient.email }}\n\n"},
			message.Content{Subject: "Иван <Петров>!", Text: "Hi Иван <Петров> of Казань, ivan@example.org\n" + footerText},
		},
		{
			"html",
			message.Draft{Subject: "s", Format: message.HTML, Body: "<html><BODY><p>Hi {{ recipient.name }}, {{ sender.name | escape }}</p></BODY></html>"},
			message.Content{Subject: "s", HTML: "<html><BODY><p>Hi Иван &lt;Петров&gt;, Shop &amp; Co</p>" + footer + "</BODY></html>", Text: "Hi Иван <Петров>, Shop & Co\n" + footerText},
		},
		{
			"text of HTML with filters for HTML",
			message.Draft{Subject: "s", Format: message.HTML, Body: `{{ sender.name | default: "friend" | escape }}, {{ recipient.name | escape | append: "'" }}, {{ "a<` + "\n" + `b" | newline_to_br }}`},
			message.Content{Subject: "s", HTML: "Shop &amp; Co, Иван &lt;Петров&gt;&#39;, a&lt;<br />\nb" + footer, Text: "Shop & Co, Иван <Петров>', a<\nb\n" + footerText},
		},
		{
			"typed text with filters for HTML",
			message.Draft{Subject: "s", Format: message.Text, Body: `{{ sender.name | escape }}`},
			message.Content{Subject: "s", Text: "Shop &amp; Co\n" + footerText},
		},
		{
			"html without a body element",
			message.Draft{Subject: "s", Format: message.HTML, Body: "{{ mailing.name }}"},
			message.Content{Subject: "s", HTML: "Осень" + footer, Text: "Осень\n" + footerText},
		},
		{
			"a body that a value shows",
			message.Draft{Subject: "s", Format: message.HTML, Body: "{{ '</body>' }}<body>"},
			message.Content{Subject: "s", HTML: "&lt;/body&gt;<body>" + footer, Text: "</body>\n" + footerText},
		},
		{
			"own link",
			message.Draft{Subject: "s", Format: message.HTML, Body: `<a href="{{ unsubscribe_url }}">off</a>`},
			message.Content{Subject: "s", HTML: `<a href="https://example.com/u/t?a=1&amp;b=2">off</a>`, Text: "off <https://example.com/u/t?a=1&b=2>\n"},
		},
		{
			"own link in the text alone",
			message.Draft{Subject: "s", Format: message.HTML, Body: "a", Text: "b {{ unsubscribe_url }}"},
			message.Content{Subject: "s", HTML: "a", Text: "b https://example.com/u/t?a=1&b=2\n"},
		},
		{
			"a link of that name but not ours",
			message.Draft{Subject: "s", Format: message.Text, Body: `{% assign unsubscribe_url = "x" %}{{ unsubscribe_url }}`},
			message.Content{Subject: "s", Text: "x\n" + footerText},
		},
		{
			"own link beside another text",
			message.Draft{Subject: "s", Format: message.HTML, Body: `<a href="{{ unsubscribe_url }}">off</a>`, Text: "b"},
			message.Content{Subject: "s", HTML: `<a href="https://example.com/u/t?a=1&amp;b=2">off</a>`, Text: "b\n"},
		},
		{
			"own link out of a torn text",
			message.Draft{Subject: "s", Format: message.HTML, Body: `<style>{{ unsubscribe_url }}</style><p title="{% if sender %}">a{% endif %}</p>`, Text: "b"},
			message.Content{Subject: "s", HTML: `<style>https://example.com/u/t?a=1&amp;b=2</style><p title="">a</p>`, Text: "b\n"},
		},
		{
			"a link that is only asked about",
			message.Draft{Subject: "s", Format: message.Text, Body: "{% if unsubscribe_url %}a{% endif %}"},
			message.Content{Subject: "s", Text: "a\n" + footerText},
		},
		{
			"a link in a comment",
			message.Draft{Subject: "s", Format: message.HTML, Body: "a<!-- {{ unsubscribe_url }} -->"},
			message.Content{Subject: "s", HTML: "a<!-- https://example.com/u/t?a=1&amp;b=2 -->" + footer, Text: "a\n" + footerText},
		},
		{
			"a link in a comment beside another text",
			message.Draft{Subject: "s", Format: message.HTML, Body: "a<!-- {{ unsubscribe_url }} -->", Text: "b{% if unsubscribe_url %}{% endif %}"},
			message.Content{Subject: "s", HTML: "a<!-- https://example.com/u/t?a=1&amp;b=2 -->" + footer, Text: "b\n" + footerText},
		},
		{
			"own text",
			message.Draft{Subject: "s", Format: message.HTML, Body: "<p>a</p>", Text: "*b* {{ recipient.orders | plus: 1 }}"},
			message.Content{Subject: "s", HTML: "<p>a</p>" + footer, Text: "*b* 4\n" + footerText},
		},
		{
			"tags in the subject alone",
			message.Draft{Subject: "{{ recipient.tags | join: '+' }}", Format: message.Text, Body: "a"},
			message.Content{Subject: "vip+new", Text: "a\n" + footerText},
		},
		{
			"tags and time",
			message.Draft{Subject: "{{ 'now' | date: '%H:%M' }}", Format: message.Text, Body: "{% if recipient.tags contains 'vip' %}{{ recipient.tags | join: '+' }}{% endif %}{{ unsubscribe_url.size }}"},
			message.Content{Subject: "00:30", Text: "vip+new31\n" + footerText},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			compiled, err := newMessages(t, nil).Compile(test.draft)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second uses the memory of the first
				got, err := compiled.Compose(ivan)
				if err != nil {
					t.Fatal(err)
				}
				if got != test.want {
					t.Errorf("\n got %+q\nwant %+q", got, test.want)
				}
			}
		})
	}
}

func TestComposeMarkdown(t *testing.T) {
	compiled, err := newMessages(t, nil).Compile(message.Draft{
		Subject: "s", Format: message.Markdown,
		Body: "# Hi {{ recipient.name }}\n\n{% for t in recipient.tags %}\n1. **{{ t }}**\n{% endfor %}\n\n[off]({{ unsubscribe_url }})\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := compiled.Compose(ivan)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>Hi Иван &lt;Петров&gt;</h1>", "<ol>\n\n<li><strong>vip</strong></li>\n\n<li><strong>new</strong></li>\n\n</ol>", `<a href="https://example.com/u/t?a=1&amp;b=2">off</a>`} {
		if !strings.Contains(got.HTML, want) {
			t.Errorf("no %q in %q", want, got.HTML)
		}
	}
	if want := "Hi Иван <Петров>\n\n- vip\n- new\n\noff <https://example.com/u/t?a=1&b=2>\n"; got.Text != want {
		t.Errorf("text: got %q, want %q", got.Text, want)
	}
}

// The words of the footer are in the first language that there is of the
// recipient's, the owner's and English.
func TestFooterLanguage(t *testing.T) {
	compiled, err := newMessages(t, nil).Compile(message.Draft{Subject: "s", Format: message.Text, Body: "b"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ recipient, owner, want string }{
		{"ru", "en", "Отписаться"},
		{"ru-BY", "", "Отписаться"},
		{"", "ru", "Отписаться"},
		{"en-GB", "ru", "Unsubscribe"},
		{"de", "ru", "Отписаться"},
		{"kk-KZ", "ru-RU", "Отписаться"},
		{"de", "fr", "Unsubscribe"},
		{"", "", "Unsubscribe"},
	} {
		in := ivan
		in.Recipient.Locale, in.Locale = test.recipient, test.owner
		content, err := compiled.Compose(in)
		if err != nil || !strings.Contains(content.Text, test.want) {
			t.Errorf("%q of %q: got %q, %v, want %q", test.recipient, test.owner, content.Text, err, test.want)
		}
	}
}

func TestComposeFailure(t *testing.T) {
	broken := ivan
	broken.Recipient.Name = "a\r\nBcc: everybody@example.com"
	zero := ivan
	zero.Recipient.Attributes = map[string]any{"orders": int64(0)}
	for _, test := range []struct {
		name  string
		draft message.Draft
		in    message.Input
		want  string
	}{
		{"line break in the subject", message.Draft{Subject: "Hi {{ recipient.name }}", Format: message.Text, Body: "b"}, broken, "subject message.template.control_character 1:4"},
		{"division", message.Draft{Subject: "s", Format: message.Markdown, Body: "# a\n\nb **{{ 1 | divided_by: recipient.orders }}**"}, zero, "body message.template.divided_by_zero 3:12"},
		{"division in the text", message.Draft{Subject: "s", Format: message.HTML, Body: "a", Text: "\n{{ 1 | divided_by: recipient.orders }}"}, zero, "text message.template.divided_by_zero 2:8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			compiled, err := newMessages(t, nil).Compile(test.draft)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := compiled.Compose(ivan); err != nil {
				t.Errorf("another recipient fails too: %v", err)
			}
			_, err = compiled.Compose(test.in)
			if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Invalid || e.Key != "message.render_failed" {
				t.Fatalf("got %v", err)
			}
			if got := places(err); !slices.Equal(got, []string{test.want}) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPreview(t *testing.T) {
	m := newMessages(t, dbtest.SQLite(t))
	actor := account.Actor{ID: 1, Email: "owner@example.com", Locale: "ru"}
	draft := message.Draft{Format: message.Markdown, Body: "Hi {{ recipient.name }} {{ recipient.city }} {{ recipient['дом.номер'] }} {{ recipient.age }} {{ recepient.name }}\r\n"}
	sample, err := m.Preview(t.Context(), actor, draft, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Hi Анна Смирнова\n\n-- \nОтписаться: https://example.com/unsubscribe\n"; sample.Text != want {
		t.Errorf("sample: got %q, want %q", sample.Text, want)
	}
	if got, want := fmt.Sprint(sample.Warnings), "[{message.unknown_variable map[Name:recepient.name]}]"; got != want {
		t.Errorf("warnings: got %s, want %s", got, want)
	}
	r := ivan.Recipient
	r.Attributes = map[string]any{"city": "Казань", "дом.номер": "5"}
	real, err := m.Preview(t.Context(), actor, draft, &r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(real.Text, "Hi Иван <Петров> Казань 5") {
		t.Errorf("for a recipient: %q", real.Text)
	}
	if got, want := fmt.Sprint(real.Warnings), "[{message.unknown_variable map[Name:recepient.name]} {message.empty_variable map[Name:recipient.age]}]"; got != want {
		t.Errorf("warnings: got %s, want %s", got, want)
	}
	draft.Body = "a\r\n{% if"
	if _, err := m.Preview(t.Context(), actor, draft, nil); !slices.Equal(places(err), []string{"body message.template.unclosed_tag 2:1"}) {
		t.Errorf("wrong draft: %v", err)
	}
}

// Every sentence of liquid has a twin that also tells the place.
func TestTemplateSentences(t *testing.T) {
	for lang, place := range map[string]string{
		"en": "Line {{.Line}}, column {{.Column}}: ", "ru": "Строка {{.Line}}, столбец {{.Column}}: ",
	} {
		own, liquid := catalogue(t, lang, "message"), catalogue(t, lang, "liquid")
		maps.DeleteFunc(own, func(key, _ string) bool { return !strings.HasPrefix(key, "message.template.") })
		for key, sentence := range liquid {
			first, size := utf8.DecodeRuneInString(sentence)
			want := place + string(unicode.ToLower(first)) + sentence[size:]
			if got := own["message.template."+strings.TrimPrefix(key, "liquid.")]; got != want {
				t.Errorf("%s, %s: got %q, want %q", lang, key, got, want)
			}
		}
		if len(own) != len(liquid) {
			t.Errorf("%s: got %d sentences, want %d", lang, len(own), len(liquid))
		}
	}
}

func BenchmarkCompose(b *testing.B) {
	body := "# Здравствуйте, {{ recipient.name | default: \"друг\" }}!\n\n" +
		strings.Repeat("Мы рады рассказать о **новинках** этой недели: [каталог](https://shop.example/?u={{ recipient.email | url_encode }}).\n\n", 10) +
		"{% if recipient.city %}\nДоставка в {{ recipient.city }} бесплатна.\n{% endif %}\n"
	compiled, err := newMessages(b, nil).Compile(message.Draft{Subject: "{{ recipient.name }}, скидки", Format: message.Markdown, Body: body})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compiled.Compose(ivan); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "letters/s")
}

func catalogue(t *testing.T, lang, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../i18n/locales/" + lang + "/" + file + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var sentences map[string]string
	if err := json.Unmarshal(data, &sentences); err != nil {
		t.Fatal(err)
	}
	return sentences
}
