package mail

import "testing"

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"ivan@example.com": "i***@example.com",
		"иван@пример.рф":   "и***@пример.рф",
		"i@example.com":    "i***@example.com",
		"@example.com":     "***@example.com",
		"nonsense":         "***",
		"":                 "***",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMaskWords(t *testing.T) {
	for _, tt := range []struct{ address, words, want string }{
		{"ivan@example.com", "5.1.1 <Ivan@Example.com>: no such user ivan", "5.1.1 <i***@example.com>: no such user ***"},
		{"ivan@example.com", "alias of petr.ivanov@other.example is full", "alias of p***@other.example is full"},
		{"ivan@example.com", "see https://mx.example/why?to=ivan%40example.com", "see https://mx.example/why?to=i***%40example.com"},
		{"ivan@example.com", "ivan ivan ivan", "*** *** ***"},
		{"ivan@example.com", "xivan ivan ivanov, IVAN", "xivan *** ivanov, ***"},
		{"ivan@example.com", "Ivanova is somebody else, sullivan too", "Ivanova is somebody else, sullivan too"},
		{"иван@пример.рф", "Нет ящика «Иван»: иван@пример.рф, иван@xn--e1afmkfd.xn--p1ai", "Нет ящика «***»: и***@пример.рф, и***@xn--e1afmkfd.xn--p1ai"},
		{"io@example.com", "io error for io@example.com", "io error for i***@example.com"},
		{"a$1@example.com", "a$1@example.com", "a***@example.com"},
		{"", "write to postmaster@example.com", "write to p***@example.com"},
		{"ivan@example.com", "i***@example.com", "i***@example.com"},
		{"ivan@example.com", "", ""},
	} {
		if got := MaskWords(tt.words, tt.address); got != tt.want {
			t.Errorf("MaskWords(%q, %q) = %q, want %q", tt.words, tt.address, got, tt.want)
		}
	}
}
