package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"gonets/internal/config"
)

// newLog logs to the standard error: serve from info on, other commands only
// what went wrong, since they tell the person themselves.
func newLog(w io.Writer, g *grammar, command string) *slog.Logger {
	level := slog.LevelError
	if command == "serve" {
		level = slog.LevelInfo
	}
	level = g.Level(level)
	if g.Debug {
		level = slog.LevelDebug
	}
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(w, o)
	if g.LogFormat == config.JSON {
		h = slog.NewJSONHandler(w, o)
	}
	return slog.New(&sparing{Handler: h, said: &said{lines: map[string]*echo{}}})
}

// sparing says the same error once a minute: while a database is away, every
// loop of the service and of its queue would say so each second.
type sparing struct {
	slog.Handler

	with string // what is said with each line of this handler
	said *said
}

// sayAgain is after how long an error that repeats itself is said again.
const sayAgain = time.Minute

// said are the errors of the last minute, of a handler and all that come of it.
type said struct {
	mu    sync.Mutex
	lines map[string]*echo
}

// echo is one of them.
type echo struct {
	at     time.Time
	spared int64 // how often it was not said since
}

// Handle is part of slog.Handler.
func (h *sparing) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelError {
		return h.Handler.Handle(ctx, r)
	}
	text := h.with + "\x00" + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += "\x00" + a.String()
		return true
	})
	spared, say := h.said.again(text, r.Time)
	if !say {
		return nil
	}
	if spared > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int64("repeated", spared))
	}
	return h.Handler.Handle(ctx, r)
}

// again says whether to say the text now, and how often it was spared.
func (s *said) again(text string, now time.Time) (spared int64, say bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.lines[text]; l != nil && now.Sub(l.at) < sayAgain {
		l.spared++
		return 0, false
	} else if l != nil {
		spared = l.spared
	}
	for old, l := range s.lines {
		if now.Sub(l.at) >= 2*sayAgain { // it is over
			delete(s.lines, old)
		}
	}
	s.lines[text] = &echo{at: now}
	return spared, true
}

// WithAttrs is part of slog.Handler.
func (h *sparing) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &sparing{Handler: h.Handler.WithAttrs(attrs), with: fmt.Sprint(h.with, attrs), said: h.said}
}

// WithGroup is part of slog.Handler.
func (h *sparing) WithGroup(name string) slog.Handler {
	return &sparing{Handler: h.Handler.WithGroup(name), with: h.with + name + ".", said: h.said}
}
