package cli

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// It sleeps by the clock of synctest, which takes no time.
func TestErrorsAreSaidOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := newLog(&out, &grammar{}, "serve")
		say := func() {
			log.Error("tick", "error", "no database")
			log.With("queue", "letters").Error("tick", "error", "no database")
			log.WithGroup("river").Error("tick", "error", "no database")
			log.Error("tick", "error", "disk full")
			log.Info("tick", "error", "no database")
		}
		for range 3 {
			say()
			time.Sleep(time.Second)
		}
		if got := strings.Count(out.String(), "\n"); got != 4+3 {
			t.Errorf("got %d lines: %s", got, out.String())
		}
		if strings.Contains(out.String(), "repeated") {
			t.Errorf("got %s", out.String())
		}
		time.Sleep(time.Minute)
		out.Reset()
		say()
		if got := strings.Count(out.String(), "repeated=2"); got != 4 {
			t.Errorf("got %s", out.String())
		}
		// What is over is forgotten.
		time.Sleep(2 * time.Minute)
		log.Error("else")
		if h, ok := log.Handler().(*sparing); !ok || len(h.said.lines) != 1 {
			t.Errorf("got %v", log.Handler())
		}
	})
}
