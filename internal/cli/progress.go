package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// lineEvery is how often progress is told where no bar can move.
const lineEvery = 10 * time.Second

// progress shows how far a piece of work is: a bar on a terminal, a line every
// ten seconds elsewhere, nothing where a machine reads.
type progress struct {
	t     *terminal
	bar   *progressbar.ProgressBar
	title string
	bytes bool
	clock interface{ Now() time.Time }
	told  time.Time
}

// progress begins to show a piece of work of the given size (0: not known).
func (s *session) progress(title string, size int64, bytes bool) *progress {
	p := &progress{t: s.terminal, title: title, bytes: bytes, clock: s.clock, told: s.clock.Now()}
	if s.json {
		return p
	}
	if s.live {
		if size <= 0 {
			size = -1
		}
		options := []progressbar.Option{
			progressbar.OptionSetDescription(title),
			progressbar.OptionSetWriter(s.err),
			progressbar.OptionShowBytes(bytes),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(24),
			progressbar.OptionThrottle(100 * time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: "", BarEnd: ""}),
		}
		if !bytes { // of bytes, it shows how many there are in a second by itself
			options = append(options, progressbar.OptionShowIts(), progressbar.OptionSetItsString(s.say.T("cli.per_second_unit")))
		}
		p.bar = progressbar.NewOptions64(size, options...)
	}
	return p
}

// show says that done of size is done; remark, if any, stands behind the
// title.
func (p *progress) show(done, size int64, remark string) {
	if p.t.json {
		return
	}
	if p.bar != nil {
		title := p.title
		if remark != "" {
			title += " (" + remark + ")"
		}
		if size > 0 && p.bar.GetMax64() != size {
			p.bar.ChangeMax64(size)
		}
		p.bar.Describe(title)
		p.bar.Set64(done) //nolint:errcheck // a bar that can't be drawn is no failure
		return
	}
	now := p.clock.Now()
	if now.Sub(p.told) < lineEvery {
		return
	}
	p.told = now
	written := p.t.say.Number
	if p.bytes {
		written = p.t.say.Bytes
	}
	text := p.title + ": " + written(done)
	if size > 0 {
		text += " / " + written(size) + " (" + p.t.say.Percent(done, size) + ")"
	}
	if remark != "" {
		text += ", " + remark
	}
	line(p.t.err, text)
}

// end takes the bar away; what came of the work is said by whoever did it.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Clear() //nolint:errcheck // as above
		p.bar.Exit()  //nolint:errcheck // as above
	}
}
