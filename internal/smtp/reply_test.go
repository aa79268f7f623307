package smtp

import (
	"bufio"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func parse(s string) (Reply, error) {
	return readReply(bufio.NewReaderSize(strings.NewReader(s), maxReplyLine))
}

func TestReadReply(t *testing.T) {
	long := strings.Repeat("я", 1500)
	for in, want := range map[string]Reply{
		"250 ok\r\n":                     {250, "", "ok"},
		"250 ok\n":                       {250, "", "ok"},
		"250\r\n":                        {250, "", ""},
		"250 \r\n":                       {250, "", ""},
		"250 2.1.5 ok\r\n":               {250, "2.1.5", "ok"},
		"250 2.1.5\r\n":                  {250, "2.1.5", ""},
		"550 5.1.1 <b@y.test>: who?\r\n": {550, "5.1.1", "<b@y.test>: who?"},
		"550 5.7.193 no\r\n":             {550, "5.7.193", "no"},
		"550 4.1.1 no\r\n":               {550, "", "4.1.1 no"},
		"550 5.1 no\r\n":                 {550, "", "5.1 no"},
		"550 5.1.1111 no\r\n":            {550, "", "5.1.1111 no"},
		"550 5.1.1no\r\n":                {550, "", "5.1.1no"},
		"550 5..1 no\r\n":                {550, "", "5..1 no"},
		"550-5.7.1 one\r\n550-5.7.1 two\r\n550 end\n": {550, "5.7.1", "one\ntwo\nend"},
		"550-one\r\n550\r\n":                          {550, "", "one\n"},
		"354 go\r\n":                                  {354, "", "go"},
		"550 Ящик не найден\r\n":                      {550, "", "Ящик не найден"},
		"550 a\xffb\x00\x1b[31mc\u202Ed\te\r\n":       {550, "", "a\uFFFDb[31mcd e"},
		"550 a\u2028b\r\n":                            {550, "", "a b"},
		"550 " + long + "\r\n":                        {550, "", long[:maxReplyText]},
	} {
		got, err := parse(in)
		if err != nil || got != want {
			t.Errorf("%.60q: got %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestReadReplyMalformed(t *testing.T) {
	for name, in := range map[string]string{
		"empty line":     "\r\n",
		"two digits":     "25 ok\r\n",
		"letters":        "HTTP/1.1 400 Bad Request\r\n",
		"class 1":        "150 hm\r\n",
		"class 6":        "650 hm\r\n",
		"no separator":   "250ok\r\n",
		"two codes":      "250-a\r\n550 b\r\n",
		"endless line":   "250 " + strings.Repeat("x", maxReplyLine) + "\r\n",
		"endless reply":  strings.Repeat("250-x\r\n", 1000),
		"binary garbage": "\x16\x03\x01\x00\n",
	} {
		if r, err := parse(in); !errors.Is(err, errMalformed) {
			t.Errorf("%s: got %q, %v, want %v", name, r, err, errMalformed)
		}
	}
	for _, in := range []string{"", "25", "250 ok", "250-one\r\n"} {
		if r, err := parse(in); !errors.Is(err, errClosed) {
			t.Errorf("%q: got %q, %v, want %v", in, r, err, errClosed)
		}
	}
}

// Whatever a server sends: a reply is fit to be kept and shown, or none.
func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{
		"250 ok\r\n", "250-2.0.0 a\r\n250 2.0.0 b\r\n", "550 5.1.1\r\n", "250\r\n", "550 \xff\u202e\r\n", "x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		r, err := parse(in)
		if err != nil {
			if r != (Reply{}) {
				t.Fatalf("%q: reply %q beside error %v", in, r, err)
			}
			return
		}
		if r.Code < 200 || r.Code > 599 {
			t.Errorf("%q: code %d", in, r.Code)
		}
		if r.Enhanced != "" && (!isEnhanced([]byte(r.Enhanced)) || int(r.Enhanced[0]-'0') != r.Code/100) {
			t.Errorf("%q: enhanced code %q beside %d", in, r.Enhanced, r.Code)
		}
		if len(r.Text) > maxReplyText || !utf8.ValidString(r.Text) {
			t.Errorf("%q: text of %d bytes, valid %v", in, len(r.Text), utf8.ValidString(r.Text))
		}
		for _, char := range r.Text {
			if char != '\n' && unicode.IsControl(char) {
				t.Errorf("%q: control character %U in text", in, char)
			}
		}
	})
}

func TestErrorText(t *testing.T) {
	for want, e := range map[string]*Error{
		"mx.test:25: rcpt: 550 5.1.1 no such user": {
			Stage: StageRcpt, Server: "mx.test:25",
			Reply: Reply{550, "5.1.1", "no such\nuser"},
		},
		"mx.test:25: end_of_data: EOF (after the final dot)": {
			Stage: StageEndOfData, Server: "mx.test:25",
			Cause: errors.New("EOF"), AfterDot: true,
		},
		"mail: not sent: 553 5.6.7 no": refuse("", StageMail, 553, "5.6.7", "no"),
	} {
		check(t, "text", e.Error(), want)
	}
}

func TestErrorKind(t *testing.T) {
	for code, want := range map[int][4]bool{ // permanent, temporary, network, closing
		0:   {false, false, true, false},
		421: {false, true, false, true},
		450: {false, true, false, false},
		550: {true, false, false, false},
	} {
		e := &Error{Reply: Reply{Code: code}}
		if got := [4]bool{e.Permanent(), e.Temporary(), e.Network(), e.Closing()}; got != want {
			t.Errorf("%d: got %v, want %v", code, got, want)
		}
	}
	for stage, want := range map[Stage]bool{
		StageConnect: true, StageTLS: true, StageAuth: true,
		StageMail: false, StageRcpt: false, StageData: false, StageEndOfData: false,
	} {
		if got := stage.BeforeMail(); got != want {
			t.Errorf("%s before MAIL: got %v, want %v", stage, got, want)
		}
	}
}
