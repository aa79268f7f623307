package mail

import (
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name    string
		raw     string
		want    Parsed
		wantErr bool
	}{
		{
			name: "windows-1251, quoted-printable",
			raw: "Subject: =?windows-1251?Q?=CF=F0=E8=E2=E5=F2?=\r\nFrom: \"=?koi8-r?B?6dfBzg==?=\" <i@example.com>\r\n" +
				"Content-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=CF=F0=E8=E2=E5=F2\r\n",
			want: Parsed{Subject: "Привет", Text: "Привет\n"},
		},
		{
			name: "attachment",
			raw: "Subject: a\r\nTo: \"Doe, J\" <j@example.com>, k@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
				"--b\r\n\r\ntext\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n" +
				"--b\r\nContent-Disposition: attachment\r\n\r\ny\r\n--b--\r\n",
			want: Parsed{Subject: "a", To: "Doe, J <j@example.com>, k@example.com", Text: "text", HTML: "<p>", Attachments: 2},
		},
		{
			name:    "cut off",
			raw:     "Subject: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhalf a te",
			want:    Parsed{Subject: "a", Text: "half a te"},
			wantErr: true,
		},
		{
			name:    "unknown charset",
			raw:     "Subject: =?klingon?B?AAAA?=\r\nContent-Type: text/plain; charset=klingon\r\n\r\nnuqneH \xff\r\n",
			want:    Parsed{Subject: "=?klingon?B?AAAA?=", Text: "nuqneH \ufffd\n"},
			wantErr: true,
		},
		{
			name:    "broken header",
			raw:     "Subject: a\r\nno colon here\r\n\r\nbody",
			want:    Parsed{Text: "Subject: a\r\nno colon here\r\n\r\nbody"},
			wantErr: true,
		},
		{
			name:    "broken date and base64",
			raw:     "Subject: a\nDate: yesterday\nContent-Transfer-Encoding: base64\n\naGVs!!!!",
			want:    Parsed{Subject: "a", Text: "hel"},
			wantErr: true,
		},
		{
			name:    "multipart without a boundary",
			raw:     "Subject: a\r\nContent-Type: multipart/mixed\r\n\r\nbody",
			want:    Parsed{Subject: "a"},
			wantErr: true,
		},
		{name: "only a header", raw: "Subject: a\r\n", want: Parsed{Subject: "a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Read([]byte(tt.raw))
			if (err != nil) != tt.wantErr {
				t.Errorf("got error %v, want one: %v", err, tt.wantErr)
			}
			if got.Subject != tt.want.Subject || got.Text != tt.want.Text || got.HTML != tt.want.HTML ||
				got.Attachments != tt.want.Attachments || tt.want.To != "" && got.To != tt.want.To {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestReadDeep(t *testing.T) {
	raw := "Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
	for range 1000 {
		raw += "--b0\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n"
	}
	if _, err := Read([]byte(raw)); err == nil {
		t.Error("got no error")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Subject: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n"))
	f.Add([]byte(strings.Repeat("Subject: =?utf-8?B?", 3)))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, _ := Read(raw)
		if p == nil {
			t.Fatal("got nil")
		}
		for _, s := range []string{p.Subject, p.From, p.To, p.Text, p.HTML} {
			if s != utf8Of(s) {
				t.Errorf("not UTF-8: %q", s)
			}
		}
	})
}
