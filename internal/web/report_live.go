package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"gonets/internal/fault"
	"gonets/internal/httpd"
	"gonets/internal/mailing"
	"gonets/internal/web/layout"
)

// hub lets any number of people watch the same run at the cost of one: the
// first who listens to a subject starts its poller, the last who leaves ends
// it. A listener who is slow misses readings, never the newest one.
type hub struct {
	read     func(ctx context.Context, of subject, last *reading) (*reading, error)
	failed   func(subject, error) // what could not be read; it is tried again
	stopping <-chan struct{}

	mu      sync.Mutex
	watches map[subject]*watch
}

// watch is a subject that somebody watches.
type watch struct {
	listeners map[chan *reading]struct{}
	end       context.CancelFunc
}

// liveEvery is how often the counters are read.
const liveEvery = time.Second

func (s *Web) newHub() *hub {
	return &hub{read: s.read, failed: s.lost, stopping: s.Server.Stopping(), watches: map[subject]*watch{}}
}

// listen answers readings of a subject until leave is called.
func (h *hub) listen(of subject) (readings <-chan *reading, leave func()) {
	listener := make(chan *reading, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.watches[of]
	if w == nil {
		ctx, end := context.WithCancel(context.Background())
		w = &watch{listeners: map[chan *reading]struct{}{}, end: end}
		h.watches[of] = w
		go h.poll(ctx, of, w)
	}
	w.listeners[listener] = struct{}{}
	return listener, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(w.listeners, listener)
		if len(w.listeners) == 0 {
			w.end()
			if h.watches[of] == w {
				delete(h.watches, of)
			}
		}
	}
}

// poll reads a subject once a second, until nobody listens or the server
// ends.
func (h *hub) poll(ctx context.Context, of subject, w *watch) {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	var last *reading
	for {
		r, err := h.read(ctx, of, last)
		switch {
		case err == nil:
			h.tell(w, r)
			last = r
		case ctx.Err() == nil:
			h.failed(of, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-h.stopping:
			return
		}
	}
}

// tell puts the reading in the place of one that was not taken yet.
func (h *hub) tell(w *watch, r *reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for listener := range w.listeners {
		select {
		case <-listener:
		default:
		}
		listener <- r
	}
}

// liveFor bounds one stream: the browser then comes again, and whether it may
// is asked again.
const liveFor = 10 * time.Minute

// mailingLive streams the changes of a mailing's report.
func (s *Web) mailingLive(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	m, err := s.Mailings.Get(v.Context(), v.actor, id)
	if err != nil {
		return err
	}
	owner, err := s.ownerOf(v, m.UserID)
	if err != nil {
		return err
	}
	var first templ.Component = templ.NopComponent // the chart's card, for a page that has none
	missing := v.URL.Query().Has(withoutChart)
	s.stream(v, subject{mailing: id}, func(r *reading) []fragment {
		p := reportPage{report: newReport(v, v.again(r.Mailing.Name), r, v.URL.RequestURI())}
		p.Owner, p.Preview = owner, previewSchedule(p.View, r.Mailing.Schedule)
		if missing && r.Run != nil {
			first, missing = reportChart(p.report, true), false
		}
		return []fragment{
			{"head", reportHead(p, true)},
			{"notices", reportNotices(p.report, true)},
			{"run", reportRun(p.report, true)},
			{"first chart", first},
			{"attempts", reportAttempts(p, true)},
			{"runs", reportRuns(p, true)},
			{"events", reportEvents(p, true)},
			{"live", reportLive(p.report, true)},
			{"chart", chartOf(&p.report)},
		}
	})
	return nil
}

// withoutChart is said to the stream by a page that was made before the first
// run: the chart's card comes with it. Later ones get new points alone.
const withoutChart = "without-chart"

// runLive streams the changes of a run's page.
func (s *Web) runLive(v *visit) error {
	run, err := s.runOf(v)
	if err != nil {
		return err
	}
	s.stream(v, subject{mailing: run.MailingID, run: run.ID}, func(r *reading) []fragment {
		p := newReport(v, v.again(r.Mailing.Name), r, runURL(run.ID, "/live"))
		return []fragment{
			{"notices", reportNotices(p, true)}, {"run", reportRun(p, true)}, {"live", reportLive(p, true)}, {"chart", chartOf(&p)},
		}
	})
	return nil
}

func (s *Web) runOf(v *visit) (mailing.Run, error) {
	id, err := v.id()
	if err != nil {
		return mailing.Run{}, err
	}
	return s.Mailings.Run(v.Context(), v.actor, id)
}

// fragment is a part of a page that is sent again when it changed.
type fragment struct {
	name    string
	content templ.Component
}

// chartEvent is the name of the fragment that is no HTML, but new points.
const chartEvent = "chart"

func chartOf(p *report) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		if p.Run == nil {
			return nil
		}
		return json.NewEncoder(w).Encode(p.series())
	})
}

// again is the frame of a page that is there already: what is said only once
// stays in the session for the next page.
func (v *visit) again(title string) layout.Page { return layout.Page{View: v.view, Title: title} }

// stream writes what changed of a page after each reading, in the visitor's
// language and zone.
func (s *Web) stream(v *visit, of subject, parts func(*reading) []fragment) {
	header := v.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would wait for more
	readings, leave := s.hub.listen(of)
	defer leave()
	end := time.NewTimer(liveFor)
	defer end.Stop()
	sent := map[string]string{}
	for {
		select {
		case <-v.Context().Done():
			return
		case <-s.Server.Stopping():
			return
		case <-end.C:
			return
		case r := <-readings:
			if in, err := s.Server.StillIn(v.Context()); err != nil || !in {
				return // blocked, or logged out, by a new password too
			}
			v.view.Now = s.DB.Now()
			if err := v.send(parts(r), sent); err != nil {
				s.Log.Debug("the visitor left", "error", err)
				return
			}
		}
	}
}

// send writes the fragments that differ from those sent last. Nothing at all
// is a comment, which tells the connection from a dead one.
func (v *visit) send(parts []fragment, sent map[string]string) error {
	var out, content bytes.Buffer
	for _, f := range parts {
		content.Reset()
		if err := f.content.Render(v.Context(), &content); err != nil {
			return fmt.Errorf("render %s: %w", f.name, err)
		}
		text := content.String()
		if text == "" || sent[f.name] == text {
			continue
		}
		sent[f.name] = text
		event(&out, f.name, text)
	}
	if out.Len() == 0 {
		out.WriteString(": still here\n\n")
	}
	if _, err := v.w.Write(out.Bytes()); err != nil {
		return err
	}
	return httpd.Live(v.w)
}

// event writes one server-sent event.
func event(out *bytes.Buffer, name, text string) {
	if name == chartEvent {
		out.WriteString("event: " + chartEvent + "\n")
	}
	for line := range strings.Lines(text) {
		out.WriteString("data: " + strings.TrimRight(line, "\r\n") + "\n")
	}
	out.WriteString("\n")
}

// lost logs a subject that could not be read, unless it was deleted.
func (s *Web) lost(of subject, err error) {
	if !fault.Is(err, fault.NotFound) {
		s.Log.Error("read a live report", "mailing", of.mailing, "run", of.run, "error", err)
	}
}
