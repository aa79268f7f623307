package web

import (
	"strconv"

	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/stats"
)

func (s *Web) statisticsExport(v *visit) error {
	about, span := v.question()
	return s.exportStatistics(v, about, span)
}

func (s *Web) mailingStatisticsExport(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	_, span := v.question()
	return s.exportStatistics(v, stats.About{Scope: delivery.OfMailing, ID: id}, span)
}

func (s *Web) runStatisticsExport(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	return s.exportStatistics(v, stats.About{Scope: delivery.OfRun, ID: id}, stats.Span{})
}

// exportStatistics is one table of the statistics as a file: all its rows, by
// names that machines know.
func (s *Web) exportStatistics(v *visit, about stats.About, span stats.Span) error {
	over, err := v.over(about, span)
	if err != nil {
		return err
	}
	answer, err := s.Stats.Ask(v.Context(), v.actor, about, over)
	name := v.URL.Query().Get("table")
	if err == nil && name == "mailings" {
		err = s.Stats.Name(v.Context(), answer.Mailings)
	}
	if err != nil {
		return err
	}
	header, rows, ok := statisticsTable(v, &answer, name)
	if !ok {
		return fault.Missing()
	}
	out, err := v.sheet("statistics-"+name+".csv", append(header, "attempts", "accepted", "failed", "unknown", "retried")...)
	if err != nil {
		return v.ended(err)
	}
	for _, row := range rows {
		t := row.tries
		cells := row.cells
		for _, n := range []int64{t.Attempts(), t.Accepted, t.Failed, t.Unknown, t.Retried} {
			cells = append(cells, strconv.FormatInt(n, 10))
		}
		if err := out.row(cells...); err != nil {
			return v.ended(err)
		}
	}
	return v.ended(out.page())
}

// sheetRow is a row of a file: what it is about, before its numbers.
type sheetRow struct {
	cells []string
	tries delivery.Tries
}

func statisticsTable(v *visit, a *stats.Answer, name string) (header []string, rows []sheetRow, ok bool) {
	add := func(t delivery.Tries, cells ...string) { rows = append(rows, sheetRow{cells, t}) }
	switch name {
	case "time":
		header = []string{"from"}
		_, points := a.Points(v.view.Zone)
		for _, p := range points {
			add(p.Tries, stamp(p.At))
		}
	case "answers":
		header = []string{"answer", "meaning"}
		for _, l := range a.Answers {
			add(l.Tries, l.Name, meaningOf(v.view, l.Name))
		}
	case "domains":
		header = []string{"domain"}
		for _, l := range a.Domains {
			add(l.Tries, l.Name)
		}
	case "mailings":
		header = []string{"mailing_id", "mailing"}
		for _, l := range a.Mailings {
			add(l.Tries, l.Name, l.Mailing)
		}
	case "hours":
		header = []string{"weekday", "hour"} // 1 is Monday, as in ISO 8601
		hours := a.Hours(v.view.Zone)
		for day := range hours {
			for hour, t := range &hours[day] {
				add(t, strconv.Itoa(day+1), strconv.Itoa(hour))
			}
		}
	default:
		return nil, nil, false
	}
	return header, rows, true
}
