package smtp

import (
	"context"
	"strings"
	"testing"
)

var letter = Envelope{From: "a@x.test", To: "b@y.test"}

const (
	mailLine = "C: MAIL FROM:<a@x.test>\n"
	rcptLine = "C: RCPT TO:<b@y.test>\n"
	dataLine = "C: DATA\n"
	flight   = mailLine + rcptLine + dataLine
	taken    = "S: 250 2.1.0 ok\nS: 250 2.1.5 ok\nS: 354 go on\n"
)

func TestOfferRefused(t *testing.T) {
	tests := []struct {
		name   string
		script script
		want   string
		again  bool // a second offer is made, and taken
	}{
		{"mail", hello + flight + "S: 550 5.7.1 no\nS: 503 no\nS: 503 no\n" + flight + taken, "mail 550 5.7.1", true},
		{"mail, yet 354", hello + flight + "S: 550 5.7.1 no\nS: 503 no\nS: 354 go on\nC: .\nS: 554 no valid recipients\n" +
			flight + taken, "mail 550 5.7.1", true},
		{"mail, yet recipient and 354", hello + flight + "S: 451 no\nS: 250 ok\nS: 354 go on\nW:\n", "mail 451", false},
		{"mail 421", hello + flight + "S: 421 4.3.2 going down\nX:\n", "mail 421 4.3.2", false},
		{
			"recipient", hello + flight + "S: 250 ok\nS: 550 5.1.1 who?\nS: 503 no\nC: RSET\n" + flight + "S: 250 reset\n" + taken,
			"rcpt 550 5.1.1", true,
		},
		{"recipient, yet 354", hello + flight + "S: 250 ok\nS: 452 4.2.2 full\nS: 354 go on\nC: .\nS: 554 5.5.1 no valid recipients\n" +
			flight + taken, "rcpt 452 4.2.2", true},
		{
			"recipient, and the dot is the end", hello + flight + "S: 250 ok\nS: 550 5.1.1 who?\nS: 354 go on\nC: .\nX:\n",
			"rcpt 550 5.1.1", false,
		},
		{
			"recipient, and then 421", hello + flight + "S: 250 ok\nS: 550 5.1.1 who?\nS: 421 too many errors\nX:\n",
			"rcpt 550 5.1.1", false,
		},
		{"recipient, and then a drop", hello + flight + "S: 250 ok\nS: 550 5.1.1 who?\nX:\n", "rcpt 550 5.1.1", false},
		{
			"data", hello + flight + "S: 250 ok\nS: 250 ok\nS: 451 4.3.0 later\nC: RSET\n" + flight + "S: 250 reset\n" + taken,
			"data 451 4.3.0", true,
		},
		{"data 421", hello + flight + "S: 250 ok\nS: 250 ok\nS: 421 bye\nX:\n", "data 421", false},
		{"data, without sense", hello + flight + "S: 250 ok\nS: 250 ok\nS: 250 ok\nX:\n", "data network", false},
		{"mail, without sense", hello + flight + "S: 354 go on\nX:\n", "mail network", false},
		{"garbage", hello + flight + "S: 250 ok\nS: what is this\nX:\n", "rcpt network", false},
		{"drop", hello + "X:\n", "mail network", false},
		{"drop at mail", hello + flight + "X:\n", "mail network", false},
		{"drop at recipient", hello + flight + "S: 250 ok\nX:\n", "rcpt network", false},
		{"drop at data", hello + flight + "S: 250 ok\nS: 250 ok\nX:\n", "data network", false},
		{
			"bare: mail", plainHello + mailLine + "S: 550 no\n" + mailLine + "S: 250 ok\n" + rcptLine + "S: 250 ok\n" + dataLine + "S: 354 go on\n",
			"mail 550", true,
		},
		{"bare: recipient", plainHello + mailLine + "S: 250 ok\n" + rcptLine + "S: 550 no\nC: RSET\nS: 250 ok\n" +
			mailLine + "S: 250 ok\n" + rcptLine + "S: 251 will forward\n" + dataLine + "S: 354 go on\n", "rcpt 550", true},
		{"bare: data", plainHello + mailLine + "S: 250 ok\n" + rcptLine + "S: 250 ok\n" + dataLine + "S: 554 no\nW:\n", "data 554", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			converse(t, tt.script, func(t *testing.T, ctx context.Context, c *Conn) {
				check(t, "offer", brief(c.Offer(ctx, letter)), tt.want)
				if tt.again {
					check(t, "next offer", brief(c.Offer(ctx, letter)), "ok")
				} else if !strings.HasPrefix(tt.name, "bare") && c.Healthy() {
					t.Error("connection is healthy")
				}
			})
		})
	}
}

func TestOfferAfterRefusedReset(t *testing.T) {
	refused := hello + flight + "S: 250 ok\nS: 550 who?\nS: 503 no\nC: RSET\n" + flight
	for name, tt := range map[string]struct {
		script script
		want   string
	}{
		"refused": {script(refused + "S: 502 what?\nS: 503 no\nS: 503 no\nS: 503 no\n"), "connect 502"},
		"timeout": {script(refused + "S: 421 idle for too long\nX:\n"), "connect 421"},
	} {
		t.Run(name, func(t *testing.T) {
			converse(t, tt.script, func(t *testing.T, ctx context.Context, c *Conn) {
				check(t, "offer", brief(c.Offer(ctx, letter)), "rcpt 550")
				check(t, "next offer", brief(c.Offer(ctx, letter)), tt.want)
				if c.Healthy() {
					t.Error("connection is healthy")
				}
			})
		})
	}
}

func TestOfferLocalRefusal(t *testing.T) {
	tests := map[string]struct {
		server script
		env    Envelope
		want   string
	}{
		"line break":        {hello, Envelope{To: "b@y.test>\r\nRCPT TO:<c@z.test"}, "rcpt 553 5.1.3 local"},
		"space":             {hello, Envelope{To: "b @y.test"}, "rcpt 553 5.1.3 local"},
		"bracket":           {hello, Envelope{To: "b@y.test>"}, "rcpt 553 5.1.3 local"},
		"NUL":               {hello, Envelope{To: "b\x00@y.test"}, "rcpt 553 5.1.3 local"},
		"not UTF-8":         {hello, Envelope{To: "\xff@y.test"}, "rcpt 553 5.1.3 local"},
		"U+0085":            {hello, Envelope{To: "b\u0085@y.test"}, "rcpt 553 5.1.3 local"},
		"empty":             {hello, Envelope{From: "a@x.test"}, "rcpt 553 5.1.3 local"},
		"too long":          {hello, Envelope{To: strings.Repeat("b", 250) + "@y.test"}, "rcpt 553 5.1.3 local"},
		"sender":            {hello, Envelope{From: "a@x.test\n", To: "b@y.test"}, "mail 553 5.1.7 local"},
		"too large":         {hello, Envelope{To: "b@y.test", Size: 100001}, "mail 552 5.3.4 local"},
		"Cyrillic address":  {plainHello, Envelope{To: "иван@почта.рф"}, "mail 553 5.6.7 local"},
		"internationalised": {plainHello, Envelope{To: "b@y.test", UTF8: true}, "mail 553 5.6.7 local"},
		"8bit":              {plainHello, Envelope{To: "b@y.test", EightBit: true}, "mail 554 5.6.3 local"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			converse(t, tt.server+"W:\n", func(t *testing.T, ctx context.Context, c *Conn) {
				check(t, "offer", brief(c.Offer(ctx, tt.env)), tt.want)
				if !c.Healthy() {
					t.Error("connection is not healthy")
				}
			})
		})
	}
}

func TestOfferParameters(t *testing.T) {
	s := hello + "C: MAIL FROM:<> SIZE=1234 BODY=8BITMIME SMTPUTF8\nC: RCPT TO:<иван@почта.рф>\nC: DATA\n" + taken
	converse(t, script(s), func(t *testing.T, ctx context.Context, c *Conn) {
		check(t, "offer", brief(c.Offer(ctx, Envelope{To: "иван@почта.рф", EightBit: true, Size: 1234})), "ok")
		if c.Healthy() {
			t.Error("a connection with a message due is healthy")
		}
		check(t, "offer again", brief(c.Offer(ctx, letter)), "mail 503 5.5.1 local")
	})
}

func TestUnaskedAnswer(t *testing.T) {
	for name, tt := range map[string]struct{ said, want string }{
		"421":      {"421 idle for too long", "connect 421"},
		"nonsense": {"250 ok", "connect network"},
	} {
		t.Run(name, func(t *testing.T) {
			// One write brings both lines, so that the second lies in the buffer.
			s := script(plainHello + "C: NOOP\nS: 250 ok|" + tt.said + "\n")
			converse(t, s, func(t *testing.T, ctx context.Context, c *Conn) {
				check(t, "noop", brief(c.Noop(ctx)), "ok")
				check(t, "offer", brief(c.Offer(ctx, letter)), tt.want)
				if c.Healthy() {
					t.Error("connection is healthy")
				}
			})
		})
	}
}
