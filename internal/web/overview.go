package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// overviewRoutes are the first page of whoever is logged in.
func (s *Web) overviewRoutes(r chi.Router) {
	r.Get("/overview", s.member(s.overview))
}

// overviewPage says how the visitor's own mailings do, or, before the first
// one, how to get there.
type overviewPage struct {
	layout.Page

	Trouble  string // the mail server's, in its words; empty: none
	Steps    []step // only before the first mailing
	Tiles    []ui.Tile
	Sending  mailingListPage // the tables of mailings are those of their list
	Newest   mailingListPage
	Upcoming []mailing.Mailing
}

// step is one of the way to the first mailing.
type step struct {
	Key  string
	Done bool
	Now  bool // the first that is not done
	Link ui.Link
	Or   ui.Link // another way to do it; without URL: none
}

// How many mailings each part of the overview shows.
const (
	overviewSending  = 5
	overviewUpcoming = 5
	overviewNewest   = 5
)

func (s *Web) overview(v *visit) error {
	p := overviewPage{Page: v.page(v.t("layout.overview"), layout.Overview)}
	var err error
	if p.Trouble, err = s.away(v.Context()); err != nil {
		return err
	}
	totals, err := s.Mailings.Totals(v.Context(), v.actor)
	if err != nil {
		return err
	}
	recipients, _, err := s.Recipients.Count(v.Context(), v.actor, recipient.Filter{})
	if err != nil {
		return err
	}
	if totals.All() == 0 {
		err = s.overviewStart(v, &p, recipients)
	} else {
		err = s.overviewReport(v, &p, recipients, totals)
	}
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, overviewTempl(p))
}

// overviewStart fills in the steps.
func (s *Web) overviewStart(v *visit, p *overviewPage, recipients int64) error {
	messages, _, err := s.Messages.List(v.Context(), v.actor, message.Filter{Limit: 1})
	if err != nil {
		return err
	}
	p.Steps = []step{
		{
			Key: "recipients", Done: recipients > 0,
			Link: ui.Link{URL: "/recipients/new", Label: p.T("overview.step.recipients_do"), Icon: ui.IconUserPlus},
			Or:   ui.Link{URL: "/recipients/import", Label: p.T("overview.import"), Icon: ui.IconFileImport},
		},
		{
			Key: "messages", Done: len(messages) > 0,
			Link: ui.Link{URL: "/messages/new", Label: p.T("overview.step.messages_do"), Icon: ui.IconEdit},
		},
		{
			Key:  "mailings",
			Link: ui.Link{URL: "/mailings/new", Label: p.T("overview.step.mailings_do"), Icon: ui.IconSend},
		},
	}
	for i := range p.Steps {
		if !p.Steps[i].Done {
			p.Steps[i].Now, p.Steps[i].Link.Primary = true, true
			break
		}
	}
	return nil
}

// overviewReport fills in what there is to report.
func (s *Web) overviewReport(v *visit, p *overviewPage, recipients int64, totals mailing.Totals) error {
	active, _, err := s.Recipients.Count(v.Context(), v.actor, recipient.Filter{Status: recipient.Active})
	if err != nil {
		return err
	}
	sendingNow, err := s.Mailings.Sending(v.Context(), v.actor)
	if err != nil {
		return err
	}
	p.Tiles = p.tiles(recipients, active, sendingNow, totals)
	lately, err := s.Stats.Lately(v.Context(), v.actor)
	if err != nil {
		return err
	}
	p.Tiles = append(p.Tiles, p.latelyTile(lately))
	if p.Sending, err = s.overviewTable(v, p, "overview.sending", mailing.Filter{Sending: true, Limit: overviewSending}); err != nil {
		return err
	}
	if p.Newest, err = s.overviewTable(v, p, "overview.newest", mailing.Filter{Limit: overviewNewest}); err != nil {
		return err
	}
	p.Newest.without(p.Sending.Rows)
	p.Upcoming, err = s.Mailings.Upcoming(v.Context(), v.actor, overviewUpcoming)
	return err
}

// tiles are the numbers; each opens what it counts.
func (p *overviewPage) tiles(recipients, active, sendingNow int64, totals mailing.Totals) []ui.Tile {
	tiles := []ui.Tile{{
		Label: p.T("layout.recipients"), Value: p.Number(recipients), URL: "/recipients",
		Note: p.T("overview.recipients_active", "Count", active),
	}}
	for _, state := range []mailing.State{mailing.Active, mailing.Paused, mailing.Draft, mailing.Finished} {
		tile := ui.Tile{
			Label: p.T("overview.mailings." + string(state)),
			Value: p.Number(totals.ByState[state]),
			URL:   "/mailings?state=" + string(state),
		}
		if state == mailing.Active && sendingNow > 0 {
			tile.Note = p.T("mailings.sending_now", "Count", sendingNow)
		}
		tiles = append(tiles, tile)
	}
	if totals.Disabled > 0 {
		tiles = append(tiles, ui.Tile{
			Label: p.T("overview.mailings.disabled"), Value: p.Number(totals.Disabled), URL: "/mailings?state=" + stateDisabled, Tone: ui.Red,
		})
	}
	return tiles
}

// latelyTile is what was tried in the last 24 hours.
func (p *overviewPage) latelyTile(t delivery.Tries) ui.Tile {
	tile := ui.Tile{Label: p.T("overview.lately"), Value: p.Number(t.Attempts()), URL: "/statistics?days=2"}
	if n := t.Failed + t.Unknown; n > 0 {
		tile.Note = p.T("overview.lately_failed", "Percent", p.Percent(n, t.Attempts()))
	}
	return tile
}

// overviewTable is some of the visitor's own mailings, as their list shows
// them, under a title. Moderators see only their own here, too.
func (s *Web) overviewTable(v *visit, p *overviewPage, title string, f mailing.Filter) (mailingListPage, error) {
	f.Owner = v.actor.ID
	list, _, err := s.Mailings.List(v.Context(), v.actor, f)
	if err != nil {
		return mailingListPage{}, err
	}
	table := mailingListPage{Page: p.Page, Rows: v.mailingRows(list, p.Trouble != "")}
	table.Title = p.T(title)
	return table, nil
}

// without takes out rows that stand elsewhere in the page.
func (p *mailingListPage) without(others []mailingRow) {
	elsewhere := make(map[int64]bool, len(others))
	for i := range others {
		elsewhere[others[i].ID] = true
	}
	var rows []mailingRow
	for _, r := range p.Rows {
		if !elsewhere[r.ID] {
			rows = append(rows, r)
		}
	}
	p.Rows = rows
}
