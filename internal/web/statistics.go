package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/stats"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// statisticsRoutes are what became of attempts: of one's own mailings, of the
// service, of a mailing, of a run.
func (s *Web) statisticsRoutes(r chi.Router) {
	r.Get("/statistics", s.member(s.ownStatistics))
	r.Get("/statistics.csv", s.member(s.statisticsExport))
	r.Get("/mailings/{id}/statistics", s.member(s.mailingStatistics))
	r.Get("/mailings/{id}/statistics.csv", s.member(s.mailingStatisticsExport))
	r.Get("/runs/{id}/statistics", s.member(s.runStatistics))
	r.Get("/runs/{id}/statistics.csv", s.member(s.runStatisticsExport))
}

// statisticsPage is an answer with the question that it was given to.
type statisticsPage struct {
	layout.Page
	stats.Answer

	Heading ui.Heading
	Form    ui.Form
	Span    stats.Span
	Scopes  []ui.Option // whose; empty for those who have no choice
	Service bool        // it is everybody's
}

// question is what the address asks about.
func (v *visit) question() (about stats.About, span stats.Span) {
	q := v.URL.Query()
	about = stats.About{Scope: delivery.OfUser, ID: v.actor.ID}
	if q.Get("owner") == everyone && v.seesAllStatistics() {
		about = stats.About{Scope: delivery.OfService}
	}
	span = stats.Span{From: q.Get("from"), To: q.Get("to")}
	if days := q.Get("days"); days != "" {
		n, err := strconv.Atoi(days)
		if err != nil || n == 0 {
			n = -1 // no number of days: told so
		}
		span.Days = n
	}
	return about, span
}

func (v *visit) seesAllStatistics() bool {
	return account.Can(v.actor, account.StatisticsView, account.Object{Kind: "statistics"})
}

func (s *Web) ownStatistics(v *visit) error {
	about, span := v.question()
	p := statisticsPage{Page: v.page(v.t("layout.statistics"), layout.Statistics)}
	p.Heading = ui.Heading{Title: p.Title, Note: p.T("stats.note")}
	if v.seesAllStatistics() {
		p.Scopes = []ui.Option{{Label: p.T("attempts.mine")}, {Value: everyone, Label: p.T("attempts.everyones")}}
	}
	return s.statistics(v, p, about, span)
}

func (s *Web) mailingStatistics(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	m, err := s.Mailings.Get(v.Context(), v.actor, id)
	if err != nil {
		return err
	}
	_, span := v.question()
	p := statisticsPage{Page: v.page(v.t("stats.of", "Name", m.Name), layout.Mailings)}
	p.Heading = ui.Heading{Title: p.T("layout.statistics"), Note: p.T("stats.note"), ParentURL: mailingURL(id, ""), Parent: m.Name}
	return s.statistics(v, p, stats.About{Scope: delivery.OfMailing, ID: id}, span)
}

func (s *Web) runStatistics(v *visit) error {
	run, err := s.runOf(v)
	if err != nil {
		return err
	}
	title := v.t("report.run_of", "Time", v.view.DateTime(run.DueAt, v.view.Zone))
	p := statisticsPage{Page: v.page(v.t("stats.of", "Name", title), layout.Mailings)}
	p.Heading = ui.Heading{Title: p.T("layout.statistics"), Note: p.T("stats.note"), ParentURL: runURL(run.ID, ""), Parent: title}
	return s.statistics(v, p, stats.About{Scope: delivery.OfRun, ID: run.ID}, stats.Span{})
}

// statistics answers a question with a page; one that makes no sense with the
// form alone.
func (s *Web) statistics(v *visit, p statisticsPage, about stats.About, span stats.Span) error {
	p.Scripts = []string{"chart.js"}
	p.About, p.Span, p.Service = about, span, about.Scope == delivery.OfService
	p.Form = ui.NewForm(v.view, nil)
	over, err := v.over(about, span)
	if err == nil {
		p.Answer, err = s.Stats.Ask(v.Context(), v.actor, about, over)
	}
	if err == nil {
		err = s.Stats.Name(v.Context(), firstLines(p.Mailings))
	}
	if err != nil {
		return v.invalid(err, func(f ui.Form) templ.Component {
			p.Form = f
			return statisticsTempl(p)
		})
	}
	return v.render(http.StatusOK, statisticsTempl(p))
}

// over is the range of a question in the visitor's days; of a run, all.
func (v *visit) over(about stats.About, span stats.Span) (stats.Range, error) {
	if about.Scope == delivery.OfRun {
		return stats.Range{}, nil
	}
	return span.Range(v.view.Zone, v.view.Now)
}

// path is the address of this page without its question.
func (p *statisticsPage) path() string {
	switch p.Scope {
	case delivery.OfMailing:
		return mailingURL(p.ID, "/statistics")
	case delivery.OfRun:
		return runURL(p.ID, "/statistics")
	default:
		return "/statistics"
	}
}

// url is the address of this page with another range, or of its file.
func (p *statisticsPage) url(suffix string, q url.Values) string {
	if p.Service {
		q.Set("owner", everyone)
	}
	return p.path() + suffix + "?" + q.Encode()
}

// table is the address of a table as a file.
func (p *statisticsPage) table(name string) string {
	q := p.Span.Values()
	q.Set("table", name)
	return p.url(".csv", q)
}

// presets are the ranges that are one click away.
func (p *statisticsPage) presets() []ui.Tab {
	var tabs []ui.Tab
	for _, days := range []int{7, 30, 90} {
		tabs = append(tabs, ui.Tab{
			Label: p.T("stats.last_days", "Count", days), URL: p.url("", url.Values{"days": {strconv.Itoa(days)}}),
			Active: p.Span.From == "" && p.Span.To == "" && (p.Span.Days == days || p.Span.Days == 0 && days == stats.DefaultDays),
		})
	}
	return tabs
}

// dates are the first and the last day of the range, as the form has them.
func (p *statisticsPage) dates() (from, to string) {
	if p.Span.From != "" || p.Span.To != "" || p.From.IsZero() {
		return p.Span.From, p.Span.To
	}
	return p.From.In(p.Zone).Format(time.DateOnly), p.lastDay().Format(time.DateOnly)
}

func (p *statisticsPage) lastDay() time.Time { return p.To.In(p.Zone).Add(-time.Second) }

// tiles are the sums; each opens the attempts behind it.
func (p *statisticsPage) tiles() []ui.Tile {
	t := p.Total
	tile := func(key string, n int64, outcome, note string) ui.Tile {
		tile := ui.Tile{Label: p.T(key), Value: p.Number(n), Note: note}
		if n > 0 && p.Scope != delivery.OfRun {
			tile.URL = p.attempts("outcome", outcome)
		}
		return tile
	}
	failed := tile("stats.failed", t.Failed, "failure", p.share(t.Failed))
	if t.Failed > 0 {
		failed.Tone = ui.Red
	}
	retried := tile("stats.retried", t.Retried, "", p.share(t.Retried))
	retried.URL = ""
	return []ui.Tile{
		tile("stats.attempts", t.Attempts(), "", ""),
		tile("stats.accepted", t.Accepted, "success", p.share(t.Accepted)),
		failed,
		tile("stats.unknown", t.Unknown, "unknown", p.share(t.Unknown)),
		retried,
	}
}

// share says how much of all attempts a number is.
func (p *statisticsPage) share(n int64) string {
	if p.Total.Attempts() == 0 {
		return ""
	}
	return p.T("stats.share", "Percent", p.Percent(n, p.Total.Attempts()))
}

// attempts is the address of the attempts behind a number: the same range,
// and a filter beside it.
func (p *statisticsPage) attempts(filter, value string) string {
	q := url.Values{"from": {p.From.In(p.Zone).Format(time.DateOnly)}, "to": {p.lastDay().Format(time.DateOnly)}}
	if value != "" {
		q.Set(filter, value)
	}
	if p.Service {
		q.Set("owner", everyone)
	}
	if p.Scope == delivery.OfMailing {
		q.Set("mailing", strconv.FormatInt(p.ID, 10))
	}
	return "/attempts?" + q.Encode()
}
