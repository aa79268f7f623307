package mail

import (
	"errors"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	long := strings.Repeat("a", 64)
	wide := strings.Repeat("d", 60)
	for _, tt := range []struct {
		in      string
		want    string // String
		ascii   string // "" where the local part needs SMTPUTF8
		key     string
		wantErr string // Key of the error
	}{
		{in: "ivan@example.com", want: "ivan@example.com", ascii: "ivan@example.com", key: "ivan@example.com"},
		{in: "Ivan.Petrov+News@Example.COM", want: "Ivan.Petrov+News@example.com", ascii: "Ivan.Petrov+News@example.com", key: "ivan.petrov+news@example.com"},
		{in: "o'brien!#$%&*/=?^_`{|}~-@a.example", want: "o'brien!#$%&*/=?^_`{|}~-@a.example", ascii: "o'brien!#$%&*/=?^_`{|}~-@a.example", key: "o'brien!#$%&*/=?^_`{|}~-@a.example"},
		{in: "info@Пример.РФ", want: "info@пример.рф", ascii: "info@xn--e1afmkfd.xn--p1ai", key: "info@xn--e1afmkfd.xn--p1ai"},
		{in: "info@XN--E1AFMKFD.xn--p1ai", want: "info@пример.рф", ascii: "info@xn--e1afmkfd.xn--p1ai", key: "info@xn--e1afmkfd.xn--p1ai"},
		{in: "Иван@пример.рф", want: "Иван@пример.рф", key: "иван@xn--e1afmkfd.xn--p1ai"},
		{in: "i\u0306@example.com", want: "ĭ@example.com", key: "ĭ@example.com"}, // NFC
		{in: "straße@example.com", want: "straße@example.com", key: "strasse@example.com"},
		{in: "用户@例子.广告", want: "用户@例子.广告", key: "用户@xn--fsqu00a.xn--4rr70v"},
		{in: "me@localhost", want: "me@localhost", ascii: "me@localhost", key: "me@localhost"},
		{in: "a@123.example", want: "a@123.example", ascii: "a@123.example", key: "a@123.example"},
		{in: long + "@example.com", want: long + "@example.com", ascii: long + "@example.com", key: long + "@example.com"},

		{in: "", wantErr: "mail.address_empty"},
		{in: "ivan", wantErr: "mail.address_no_at"},
		{in: "@example.com", wantErr: "mail.address_local_empty"},
		{in: "ivan@", wantErr: "mail.address_domain_empty"},
		{in: "Ivan<ivan@example.com>", wantErr: "mail.address_name"},
		{in: "Ivan <ivan@example.com>", wantErr: "mail.address_character"},
		{in: " ivan@example.com", wantErr: "mail.address_character"},
		{in: "ivan@example.com\r\nBcc: x@example.com", wantErr: "mail.address_character"},
		{in: "iv\u202ean@example.com", wantErr: "mail.address_character"},
		{in: "iv\u00a0an@example.com", wantErr: "mail.address_character"},
		{in: "iv\x00an@example.com", wantErr: "mail.address_character"},
		{in: "a,b@example.com", wantErr: "mail.address_character"},
		{in: "a@b@example.com", wantErr: "mail.address_character"},
		{in: "iv\xffan@example.com", wantErr: "mail.address_encoding"},
		{in: `"ivan petrov"@example.com`, wantErr: "mail.address_character"},
		{in: `"ivan"@example.com`, wantErr: "mail.address_quoted"},
		{in: ".ivan@example.com", wantErr: "mail.address_dots"},
		{in: "ivan.@example.com", wantErr: "mail.address_dots"},
		{in: "iv..an@example.com", wantErr: "mail.address_dots"},
		{in: "ivan@[192.0.2.1]", wantErr: "mail.address_literal"},
		{in: "ivan@192.0.2.1", wantErr: "mail.address_literal"},
		{in: "ivan@gmail", wantErr: "mail.address_domain"},
		{in: "ivan@gmail..com", wantErr: "mail.address_domain"},
		{in: "ivan@gmail.com.", wantErr: "mail.address_domain"},
		{in: "ivan@-gmail.com", wantErr: "mail.address_domain"},
		{in: "ivan@gma_il.com", wantErr: "mail.address_domain"},
		{in: "ivan@" + strings.Repeat("d", 64) + ".com", wantErr: "mail.address_domain"},
		{in: long + "a@example.com", wantErr: "mail.address_local_long"},
		{in: strings.Repeat("я", 33) + "@example.com", wantErr: "mail.address_local_long"},
		{in: long + "@" + strings.Join([]string{wide, wide, wide, "example"}, "."), wantErr: "mail.address_long"},
		{in: strings.Repeat("x", 1<<20), wantErr: "mail.address_long"},
	} {
		t.Run(tt.in[:min(len(tt.in), 40)], func(t *testing.T) {
			got, err := ParseAddress(tt.in)
			if tt.wantErr != "" {
				e, ok := errors.AsType[*AddressError](err)
				if !ok || e.Key != tt.wantErr || !strings.HasPrefix(e.Error(), "mail: ") {
					t.Fatalf("got %v, %v; want error %s", got, err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ascii, ok := got.ASCII()
			if got.String() != tt.want || ascii != tt.ascii || ok == got.NeedsUTF8() || ok != (tt.ascii != "") || got.Key() != tt.key {
				t.Errorf("got %q, %q (%v), key %q; want %q, %q, key %q", got, ascii, ok, got.Key(), tt.want, tt.ascii, tt.key)
			}
		})
	}
}

func TestNewMessageID(t *testing.T) {
	for _, tt := range []struct{ unique, host, want string }{
		{"42.7", "example.com", "42.7@example.com"},
		{"42", "пример.рф", "42@xn--e1afmkfd.xn--p1ai"},
		{"a b\r\nX: y", "h:80", "a-b--X--y@h-80"},
		{"", "..", "0@localhost"},
	} {
		if got := NewMessageID(tt.unique, tt.host); got != tt.want {
			t.Errorf("NewMessageID(%q, %q) = %q, want %q", tt.unique, tt.host, got, tt.want)
		}
	}
}

// What is accepted is fit for a header and an SMTP command in every form, and
// reading it again changes nothing.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"ivan@example.com", "Иван@Пример.РФ", "a@xn--p1ai.com", "straße@faß.de", "\"q\"@a.b", "a@ß.ß"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil || again != a || again.Key() != a.Key() {
			t.Errorf("%q: read again %q, %v", a, again, err)
		}
		ascii, ok := a.ASCII()
		if ok {
			if back, err := ParseAddress(ascii); err != nil || back != a || !isPrintable(ascii) {
				t.Errorf("%q: ASCII %q reads as %q, %v", a, ascii, back, err)
			}
		}
		for _, form := range []string{a.String(), ascii, a.Key()} {
			if strings.ContainsAny(form, " \r\n\t\x00<>\",") || len(form) > 2*maxAddress {
				t.Errorf("%q: unfit form %q", s, form)
			}
		}
	})
}
