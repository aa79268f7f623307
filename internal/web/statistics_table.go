package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"gonets/internal/delivery"
	"gonets/internal/stats"
	"gonets/internal/web/ui"
)

// linesShown is how many rows a table of the statistics has; its file has all.
const linesShown = 15

// firstLines are those that are shown: rows are made, and mailings named, of
// no others.
func firstLines(lines []stats.Line) []stats.Line { return lines[:min(len(lines), linesShown)] }

// triesRow is a row of a table: what it is about, and its numbers.
type triesRow struct {
	delivery.Tries

	Name string
	Code string // of an answer, as the server gives it
	URL  string // of what it is about; may be empty
	Rows string // of the attempts behind it; may be empty
}

// answerRows are the answers with their meaning in plain words.
func (p *statisticsPage) answerRows() []triesRow {
	lines := firstLines(p.Answers)
	rows := make([]triesRow, len(lines))
	for i, l := range lines {
		rows[i] = triesRow{Tries: l.Tries, Name: meaningOf(p.View, l.Name), Code: strings.TrimPrefix(l.Name, delivery.OtherNames)}
		if code, _ := stats.Codes(l.Name); code > 0 && p.Scope != delivery.OfRun {
			rows[i].Rows = p.attempts("code", strconv.FormatInt(code, 10))
		}
	}
	return rows
}

// meaningOf is what an answer means.
func meaningOf(v ui.View, name string) string {
	for _, key := range stats.Meanings(name) {
		if v.Has(key) {
			return v.T(key)
		}
	}
	return ""
}

func (p *statisticsPage) domainRows() []triesRow {
	lines := firstLines(p.Domains)
	rows := make([]triesRow, len(lines))
	for i, l := range lines {
		rows[i] = triesRow{Tries: l.Tries, Name: p.domain(l.Name)}
		if !p.Service && rows[i].Name == l.Name && p.owned() {
			rows[i].URL = "/recipients?" + url.Values{"q": {"@" + l.Name}}.Encode()
		}
	}
	return rows
}

// owned says that the numbers are of the visitor's own mailings.
func (p *statisticsPage) owned() bool { return p.Scope == delivery.OfUser }

func (p *statisticsPage) domain(name string) string {
	switch name {
	case "":
		return p.T("stats.deleted_recipients")
	case delivery.OtherNames:
		return p.T("stats.other_domains")
	}
	return name
}

func (p *statisticsPage) mailingRows() []triesRow {
	lines := firstLines(p.Mailings)
	rows := make([]triesRow, len(lines))
	for i, l := range lines {
		rows[i] = triesRow{
			Tries: l.Tries, Name: l.Mailing,
			URL: mailingURL(l.MailingID, "/statistics?"+p.Span.Values().Encode()),
		}
		if l.Mailing == "" {
			rows[i].Name, rows[i].URL = p.T("stats.deleted_mailing", "ID", strconv.FormatInt(l.MailingID, 10)), ""
		}
	}
	return rows
}

// series are the points of the chart, and its title says how far apart.
func (p *statisticsPage) series() (title string, s ui.Series) {
	step, points := p.Points(p.Zone)
	s = ui.Series{Values: make([][]int64, 3), Days: step != stats.Hourly}
	for _, point := range points {
		s.At = append(s.At, point.At.Unix())
		for i, n := range []int64{point.Accepted, point.Failed, point.Unknown} {
			s.Values[i] = append(s.Values[i], n)
		}
	}
	return p.T("stats.over_time." + string(step)), s
}

func (p *statisticsPage) seriesLabels() []string {
	return []string{p.T("common.time"), p.T("stats.accepted"), p.T("stats.failed"), p.T("stats.unknown")}
}

// heat is a cell of the hours: how many attempts, in words, and how warm.
type heat struct {
	Text  string
	Level int // 0: none … 5: the most
}

// heats are the hours of a week, the busiest the warmest.
func (p *statisticsPage) heats() (cells [7][24]heat) {
	hours := p.Hours(p.Zone)
	var most int64
	for day := range hours {
		for hour := range hours[day] {
			most = max(most, hours[day][hour].Attempts())
		}
	}
	for day := range hours {
		for hour, t := range &hours[day] {
			n := t.Attempts()
			cells[day][hour].Text = p.T("stats.hour", "Count", n, "Failed", p.Percent(t.Failed+t.Unknown, max(n, 1)),
				"Day", p.weekday(day), "Hour", hour)
			if n > 0 {
				cells[day][hour].Level = 1 + int(4*(n-1)/max(most, 1))
			}
		}
	}
	return cells
}

// weekday is the short name of a day, from Monday on.
func (p *statisticsPage) weekday(day int) string {
	return p.T("stats.weekday." + strings.ToLower(time.Weekday((day + 1) % 7).String()[:3]))
}
