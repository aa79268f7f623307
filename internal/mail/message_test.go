package mail

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var allCaps = []Caps{{}, {EightBit: true}, {EightBit: true, UTF8: true}}

func address(t testing.TB, s string) Address {
	t.Helper()
	a, err := ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// newMessage is a whole message that every server takes.
func newMessage(t testing.TB) *Message {
	t.Helper()
	return &Message{
		From:      Mailbox{"Gonets", address(t, "news@example.com")},
		To:        Mailbox{"Ivan", address(t, "ivan@example.org")},
		Subject:   "Hello",
		Text:      "Hello, Ivan!\n",
		MessageID: "1.2@example.com",
		Date:      time.Date(2025, 3, 30, 2, 30, 0, 0, time.FixedZone("", 3*3600)),
	}
}

func TestAppendExact(t *testing.T) {
	m := newMessage(t)
	m.From = Mailbox{"Гонец", address(t, "news@пример.рф")}
	m.ReplyTo = Mailbox{`Doe, "J"`, address(t, "doe@example.com")}
	m.Subject = "Скидки до 50 % на всё, что вы откладывали с прошлой весны"
	m.HTML = "<p>Здравствуйте</p>"
	m.ListUnsubscribe = "https://example.com/u/abc"
	m.Language = "ru-RU"
	m.Headers = []Header{{"X-Mailing", "42"}}
	got, err := Append([]byte("kept"), m, Caps{EightBit: true})
	if err != nil {
		t.Fatal(err)
	}
	boundary := boundaryFor(m.MessageID)
	want := strings.ReplaceAll(`keptDate: Sat, 29 Mar 2025 23:30:00 +0000
From: =?utf-8?B?0JPQvtC90LXRhg==?= <news@xn--e1afmkfd.xn--p1ai>
Reply-To: "Doe, \"J\"" <doe@example.com>
To: Ivan <ivan@example.org>
Message-ID: <1.2@example.com>
Subject: =?utf-8?B?0KHQutC40LTQutC4INC00L4gNTAgJSDQvdCwINCy0YHRkSwg0Yc=?=
 =?utf-8?B?0YLQviDQstGLINC+0YLQutC70LDQtNGL0LLQsNC70Lgg0YEg0L/RgNC+0Yg=?=
 =?utf-8?B?0LvQvtC5INCy0LXRgdC90Ys=?=
List-Unsubscribe: <https://example.com/u/abc>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Content-Language: ru-RU
X-Mailing: 42
MIME-Version: 1.0
Content-Type: multipart/alternative;
 boundary="BOUNDARY"
Content-Transfer-Encoding: 8bit

--BOUNDARY
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

Hello, Ivan!

--BOUNDARY
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<p>Здравствуйте</p>
--BOUNDARY--
`, "\n", "\r\n")
	want = strings.ReplaceAll(want, "BOUNDARY", boundary)
	if string(got) != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

var languages = []string{
	"Plain English", "Ж", "Съешь же ещё этих мягких французских булок, да выпей чаю — сказал дядя Фёдор, уехавший в деревню",
	"Größe und Ärger", "日本語の件名は空白なしで長く続くことがあるので折り返しに注意が必要です。とても長い件名ですよ",
	"שלום עולם", "مرحبا بالعالم", "สวัสดีชาวโลก", "नमस्ते दुनिया", "Γειά σου Κόσμε", "👨‍👩‍👧‍👦 family 🇷🇺🏳️‍🌈", "Zażółć gęślą jaźń",
	"a =?utf-8?B?0JY=?= trick", "  spaces  around  ", " ", "tab\tinside", "bell\x07", `quote " and \ backslash`, "comma, semi; colon: at@ <angle>",
	strings.Repeat("word ", 300) + "end", strings.Repeat("x", 2000), "a" + strings.Repeat(" ", 1500) + "b", strings.Repeat("ы", 700),
	"Ivan (the great)", "dot. at the end.", "=?", "?=",
}

func TestRoundTrip(t *testing.T) {
	for i, s := range languages {
		for _, caps := range allCaps {
			t.Run(fmt.Sprintf("%d/%v", i, caps), func(t *testing.T) {
				m := newMessage(t)
				m.Subject, m.To.Name, m.From.Name, m.Text, m.HTML = s, s, "", s+"\n", "<p>"+s+"</p>"
				m.Headers = []Header{{"X-Comment", s}}
				roundTrip(t, m, caps)
				m.HTML = ""
				roundTrip(t, m, caps)
			})
		}
	}
}

func TestRoundTripRapid(t *testing.T) {
	value := rapid.StringMatching(`[^\r\n\x00]{0,200}`)
	rapid.Check(t, func(rt *rapid.T) {
		m := newMessage(t)
		m.Subject = value.Draw(rt, "subject")
		m.To.Name = value.Draw(rt, "to")
		m.ReplyTo = Mailbox{value.Draw(rt, "reply-to"), address(t, "i@пример.рф")}
		m.Text = rapid.String().Draw(rt, "text")
		m.HTML = rapid.String().Draw(rt, "html")
		m.Headers = []Header{{"X-Comment", value.Draw(rt, "extra")}}
		roundTrip(rt, m, rapid.SampledFrom(allCaps).Draw(rt, "caps"))
	})
}

type tester interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

// roundTrip composes m, checks the form of the bytes, and reads them back.
func roundTrip(t tester, m *Message, caps Caps) {
	t.Helper()
	raw, err := Append(nil, m, caps)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	checkForm(t, raw, caps)
	p, err := Read(raw)
	if err != nil {
		t.Fatalf("read: %v\n%s", err, raw)
	}
	same(t, raw, "subject", p.Subject, utf8Of(m.Subject))
	same(t, raw, "to", p.To, shown(m.To, caps))
	same(t, raw, "text", unended(p.Text, m.HTML == ""), unended(lf(m.Text), m.HTML == ""))
	same(t, raw, "html", p.HTML, lf(m.HTML))
	if !p.Date.Equal(m.Date) || p.Get("message-id") != "<"+m.MessageID+">" || p.Attachments != 0 {
		t.Errorf("got date %v, headers %v, %d attachments", p.Date, p.Headers, p.Attachments)
	}
	for _, h := range m.Headers {
		same(t, raw, h.Name, p.Get(h.Name), utf8Of(h.Value))
	}
}

func same(t tester, raw []byte, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q in\n%s", what, got, want, raw)
	}
}

func shown(m Mailbox, caps Caps) string {
	a, _ := m.Address.ASCII()
	if caps.UTF8 {
		a = m.Address.String()
	}
	if m.Name == "" {
		return a
	}
	return utf8Of(m.Name) + " <" + a + ">"
}

func utf8Of(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

func lf(s string) string {
	return utf8Of(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s))
}

// unended forgets the last line end where there is only one part: a message
// ends in one, so a text without it gains it.
func unended(s string, single bool) string {
	if single {
		return strings.TrimSuffix(s, "\n")
	}
	return s
}

// checkForm checks what RFC 5322, 2047 and the server's abilities demand.
func checkForm(t tester, raw []byte, caps Caps) {
	t.Helper()
	if !bytes.HasSuffix(raw, []byte("\r\n")) {
		t.Errorf("no CRLF at the end: %q", raw)
	}
	bare := strings.ReplaceAll(string(raw), "\r\n", "")
	if strings.ContainsAny(bare, "\r\n\x00") {
		t.Errorf("bare line end or NUL in %q", raw)
	}
	if !caps.EightBit && !isASCII(string(raw)) {
		t.Errorf("octets above 127 for a 7-bit server: %q", raw)
	}
	header, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > hardLine {
			t.Errorf("line of %d octets", len(line))
		}
	}
	for line := range strings.SplitSeq(header, "\r\n") {
		if strings.TrimSpace(line) == "" || strings.Contains(line, wordStart) && len(line) > wordLine {
			t.Errorf("header line %q", line)
		}
		for word := range strings.FieldsSeq(line) {
			if strings.HasPrefix(word, wordStart) && len(word) > maxWord {
				t.Errorf("encoded-word %q", word)
			}
		}
	}
}

func TestEncodedWordsBreakBetweenCharacters(t *testing.T) {
	for _, s := range languages {
		m := newMessage(t)
		m.Subject = s
		raw, err := Append(nil, m, Caps{})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := Read(raw)
		for part := range strings.SplitSeq(p.Subject, "") {
			if part == "\ufffd" {
				t.Errorf("%q: broken character in %q", s, raw)
			}
		}
		if !utf8.ValidString(p.Subject) {
			t.Errorf("%q: got %q", s, p.Subject)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spoil  func(*Message)
		header string
		key    string
	}{
		{"subject CRLF", func(m *Message) { m.Subject = "a\r\nBcc: x@y.z" }, "Subject", "mail.header_break"},
		{"subject LF", func(m *Message) { m.Subject = "a\nb" }, "Subject", "mail.header_break"},
		{"subject CR", func(m *Message) { m.Subject = "a\rb" }, "Subject", "mail.header_break"},
		{"subject NUL", func(m *Message) { m.Subject = "ж\x00" }, "Subject", "mail.header_break"},
		{"from name", func(m *Message) { m.From.Name = "a\n" }, "From", "mail.header_break"},
		{"to name", func(m *Message) { m.To.Name = "a\r\n b" }, "To", "mail.header_break"},
		{"to address", func(m *Message) { m.To.Address.Local = "a\r\nX: y" }, "To", "mail.header_value"},
		{"to angle", func(m *Message) { m.To.Address.Domain = "a> <b" }, "To", "mail.header_value"},
		{"reply-to address", func(m *Message) { m.ReplyTo.Address = Address{"a", "b\u2028c"} }, "Reply-To", "mail.header_value"},
		{"no from", func(m *Message) { m.From = Mailbox{} }, "From", "mail.header_missing"},
		{"no to", func(m *Message) { m.To = Mailbox{} }, "To", "mail.header_missing"},
		{"no date", func(m *Message) { m.Date = time.Time{} }, "Date", "mail.header_missing"},
		{"no id", func(m *Message) { m.MessageID = "" }, "Message-ID", "mail.header_missing"},
		{"id", func(m *Message) { m.MessageID = "a@b>\r\nX: y" }, "Message-ID", "mail.header_value"},
		{"unsubscribe", func(m *Message) { m.ListUnsubscribe = "https://a.b/>\r\nX: y" }, "List-Unsubscribe", "mail.header_value"},
		{"unsubscribe scheme", func(m *Message) { m.ListUnsubscribe = "javascript:alert(1)" }, "List-Unsubscribe", "mail.header_value"},
		{"language", func(m *Message) { m.Language = "ru\r\nX: y" }, "Content-Language", "mail.header_value"},
		{"extra name", func(m *Message) { m.Headers = []Header{{"X: y\r\nZ", "a"}} }, "X: y\r\nZ", "mail.header_name"},
		{"extra value", func(m *Message) { m.Headers = []Header{{"X", "a\nb"}} }, "X", "mail.header_break"},
		{"extra reserved", func(m *Message) { m.Headers = []Header{{"SUBJECT", "a"}} }, "SUBJECT", "mail.header_reserved"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMessage(t)
			tt.spoil(m)
			got, err := Append([]byte("kept"), m, Caps{})
			e, ok := errors.AsType[*HeaderError](err)
			if !ok || e.Header != tt.header || e.Key != tt.key || e.Args["Header"] != tt.header {
				t.Errorf("got %v, want %s of %q", err, tt.key, tt.header)
			}
			if string(got) != "kept" {
				t.Errorf("got %q, want the buffer as it was", got)
			}
		})
	}
}

func TestAppendNeedsUTF8(t *testing.T) {
	m := newMessage(t)
	m.To.Address = address(t, "иван@пример.рф")
	if !m.NeedsUTF8() {
		t.Error("NeedsUTF8: got false")
	}
	_, err := Append(nil, m, Caps{EightBit: true})
	if e, ok := errors.AsType[*AddressError](err); !ok || e.Key != "mail.address_needs_utf8" {
		t.Errorf("got %v", err)
	}
	raw, err := Append(nil, m, Caps{EightBit: true, UTF8: true})
	if err != nil || !bytes.Contains(raw, []byte("To: Ivan <иван@пример.рф>\r\n")) {
		t.Errorf("got %s, %v", raw, err)
	}
}

func TestEncodings(t *testing.T) {
	line := strings.Repeat("a", hardLine)
	for _, tt := range []struct {
		name, text string
		caps       Caps
		want       encoding
	}{
		{"ascii", "a\r\nb\nc\rd", Caps{EightBit: true}, sevenBit},
		{"998", line + "\n" + line, Caps{}, sevenBit},
		{"999", "a\n" + line + "a\n", Caps{EightBit: true}, base64d},
		{"999 after CR", "a\r" + line + "a", Caps{}, base64d},
		{"cyrillic", "ж", Caps{EightBit: true}, eightBit},
		{"cyrillic, 7-bit server", "ж", Caps{}, base64d},
		{"cyrillic 1000", strings.Repeat("ж", 500), Caps{EightBit: true}, base64d},
		{"NUL", "a\x00b", Caps{EightBit: true}, base64d},
		{"empty", "", Caps{}, sevenBit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMessage(t)
			m.Text = tt.text
			raw, err := Append(nil, m, tt.caps)
			if err != nil {
				t.Fatal(err)
			}
			if want := "\r\nContent-Transfer-Encoding: " + string(tt.want) + "\r\n\r\n"; !bytes.Contains(raw, []byte(want)) {
				t.Errorf("want %s in\n%s", tt.want, raw)
			}
			roundTrip(t, m, tt.caps)
		})
	}
}

// The boundary of a message can be known beforehand; a text that holds it must
// not end its part.
func TestBoundaryInText(t *testing.T) {
	m := newMessage(t)
	m.HTML = "<p>--" + boundaryFor(m.MessageID) + "--</p>"
	m.Text = "x\n--" + boundaryFor(m.MessageID) + "\nContent-Type: text/html\n\nspoof\n"
	roundTrip(t, m, Caps{EightBit: true})
}

// Whatever a person types into a subject, a name or a field: the message has
// the fields that it should have, or is refused.
func FuzzAppendInjection(f *testing.F) {
	for _, s := range append(languages, "a\r\nBcc: b@c.d", "\r\n\r\n<html>", "x\n .", "\x85\u2028X: y", "\xd0") {
		f.Add(s, s, s)
	}
	want := []string{"Date", "From", "To", "Message-Id", "Subject", "X-Comment", "Mime-Version", "Content-Type", "Content-Transfer-Encoding"}
	f.Fuzz(func(t *testing.T, subject, name, value string) {
		m := newMessage(t)
		m.Subject, m.To.Name, m.Headers = subject, name, []Header{{"X-Comment", value}}
		raw, err := Append(nil, m, Caps{})
		if refused := breaks(subject) || breaks(name) || breaks(value); refused != (err != nil) {
			t.Fatalf("got %v, want refused %v", err, refused)
		}
		if err != nil {
			return
		}
		p, err := Read(raw)
		if err != nil {
			t.Fatalf("%v in\n%q", err, raw)
		}
		var got []string
		for _, h := range p.Headers {
			got = append(got, h.Name)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") || p.Text != m.Text {
			t.Errorf("got fields %v, text %q in\n%q", got, p.Text, raw)
		}
		same(t, raw, "subject", p.Subject, utf8Of(subject))
		same(t, raw, "to", p.To, shown(m.To, Caps{}))
	})
}

func TestAppendAllocates(t *testing.T) {
	m := newMessage(t)
	m.Subject, m.To.Name, m.Text, m.HTML = languages[2], languages[2], languages[2], languages[2]
	buf, _ := Append(nil, m, Caps{})
	got := testing.AllocsPerRun(100, func() { buf, _ = Append(buf[:0], m, Caps{}) })
	if got > 8 { // addresses and the boundary; nothing that grows with the texts
		t.Errorf("got %v allocations", got)
	}
}

func BenchmarkAppend(b *testing.B) {
	russian := strings.Repeat(languages[2]+"\n", 10)
	for _, bb := range []struct {
		name string
		text string
		caps Caps
	}{
		{"ascii", strings.Repeat("The quick brown fox jumps over the lazy dog.\n", 45), Caps{EightBit: true}},
		{"8bit", russian, Caps{EightBit: true}},
		{"base64", russian, Caps{}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			m := newMessage(b)
			m.Subject, m.To.Name, m.Text, m.HTML = languages[2], "Иван Петров", bb.text, "<html><body>"+bb.text+bb.text+"</body></html>"
			m.ListUnsubscribe = "https://example.com/u/abcdefghijklmnopqrstuvwxyz"
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf, _ = Append(buf[:0], m, bb.caps)
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}
