package smtp

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	tests := []struct {
		raw  string
		want Config
		skip bool // certificates are not verified
	}{
		{raw: "smtp://mx.test", want: Config{Host: "mx.test", Port: 587}},
		{raw: " smtp://mx.test/ ", want: Config{Host: "mx.test", Port: 587}},
		{raw: "smtp://mx.test:25", want: Config{Host: "mx.test", Port: 25}},
		{raw: "smtps://mx.test", want: Config{Host: "mx.test", Port: 465, TLS: TLSImplicit}},
		{raw: "smtps://mx.test?tls=required", want: Config{Host: "mx.test", Port: 465, TLS: TLSImplicit}},
		{raw: "smtp://[::1]:2525", want: Config{Host: "::1", Port: 2525}},
		{raw: "smtp://mail_server:25", want: Config{Host: "mail_server", Port: 25}},
		{raw: "smtp://почта.рф", want: Config{Host: "xn--80a1acny.xn--p1ai", Port: 587}},
		{raw: "smtp://u:p@mx.test", want: Config{Host: "mx.test", Port: 587, Username: "u", Password: "p"}},
		{raw: "smtp://u%40x.test:p%2F%23%25@mx.test", want: Config{Host: "mx.test", Port: 587, Username: "u@x.test", Password: "p/#%"}},
		{raw: "smtp://u:p@ss@mx.test", want: Config{Host: "mx.test", Port: 587, Username: "u", Password: "p@ss"}},
		{raw: "smtp://mx.test?tls=required", want: Config{Host: "mx.test", Port: 587, TLS: TLSRequired}},
		{raw: "smtp://mx.test?tls=none", want: Config{Host: "mx.test", Port: 587, TLS: TLSNone}},
		{raw: "smtp://u:p@127.0.0.1?tls=none", want: Config{Host: "127.0.0.1", Port: 587, TLS: TLSNone, Username: "u", Password: "p"}},
		{raw: "smtp://mx.test?tls=required&tls=skip-verify", want: Config{Host: "mx.test", Port: 587, TLS: TLSRequired}, skip: true},
	}
	for _, tt := range tests {
		got, err := ParseURL(tt.raw)
		if err != nil {
			t.Errorf("%s: %v", tt.raw, err)
			continue
		}
		if skip := got.TLSConfig != nil && got.TLSConfig.InsecureSkipVerify; skip != tt.skip {
			t.Errorf("%s: skip-verify: got %v, want %v", tt.raw, skip, tt.skip)
		}
		got.TLSConfig = nil
		if got != tt.want {
			t.Errorf("%s: got %#v, want %#v", tt.raw, got, tt.want)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	const secret = "hunter2"
	for raw, want := range map[string]string{
		"":                                     "must begin with smtp://",
		"mx.test:587":                          "must begin with smtp://",
		"http://mx.test":                       "must begin with smtp://",
		"smtp:u:hunter2@mx.test":               "ends with its host",
		"smtp://":                              "names no host",
		"smtp://u:hunter2@":                    "names no host",
		"smtp://u:hunter2@mx.test:0":           "from 1 to 65535",
		"smtp://u:hunter2@mx.test:70000":       "from 1 to 65535",
		"smtp://u:hunter2@mx.test:x":           "must look like",
		"smtp://u:hunter2/x@mx.test":           "must look like",
		"smtp://u:hunter2#x@mx.test":           "must look like",
		"smtp://u:hunter2%zz@mx.test":          "must look like",
		"smtp://mx.test/hunter2":               "ends with its host",
		"smtp://mx.test#hunter2":               "ends with its host",
		"smtp://mx.test?hunter2=1":             "only option",
		"smtp://mx.test?tls=hunter2":           "tls in the address",
		"smtp://mx.test?%zzhunter2":            "cannot be read",
		"smtp://u@mx.test":                     "both the user name and the password",
		"smtp://:hunter2@mx.test":              "both the user name and the password",
		"smtp://u:hunter2@mx.test?tls=none":    "in the clear",
		"smtps://mx.test?tls=none":             "for TLS and for none",
		"smtp://mx.test?tls=required&tls=none": "for TLS and for none",
		"smtp://mx.test?tls=none&tls=required": "for TLS and for none",
		"smtp://-почта-.рф":                    "not a valid name",
	} {
		_, err := ParseURL(raw)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", raw, err, want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the password stands in %q", raw, err)
		}
	}
}

func TestConfigHidesPassword(t *testing.T) {
	cfg, err := ParseURL("smtps://u:hunter2@mx.test")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("dial", "server", cfg)
	for _, got := range []string{fmt.Sprintf("%v %+v %s", cfg, cfg, cfg), log.String()} {
		if strings.Contains(got, "hunter2") {
			t.Errorf("the password stands in %s", got)
		}
	}
	check(t, "config", cfg.String(), "smtps://u@mx.test:465")
}
