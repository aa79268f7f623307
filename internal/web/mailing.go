package web

import (
	"context"
	"fmt"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/mailing"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// mailingRoutes are a user's mailings, their runs and deliveries.
func (s *Web) mailingRoutes(r chi.Router) {
	r.Get("/mailings", s.member(s.kept(s.ownMailings, s.mailingList)))
	r.Get("/mailings/new", s.member(s.mailingNew))
	r.Post("/mailings/new", s.member(s.mailingCreate))
	r.Get("/mailings/schedule", s.member(s.schedulePreview))
	r.Get("/mailings/audience", s.member(s.audiencePreview))
	r.Get("/mailings/{id}", s.member(s.kept(s.ownMailings, s.mailingReport)))
	r.Get("/mailings/{id}/live", s.member(s.mailingLive))
	r.Get("/mailings/{id}/runs", s.member(s.kept(s.ownMailings, s.runList)))
	r.Get("/mailings/{id}/edit", s.member(s.mailingEdit))
	r.Post("/mailings/{id}/edit", s.member(s.mailingUpdate))
	s.mailingActs(r)
	s.mailingMessageRoutes(r)

	r.Get("/runs/{id}", s.member(s.runReport))
	r.Get("/runs/{id}/live", s.member(s.runLive))
	r.Get("/runs/{id}/deliveries", s.member(s.deliveryList))
	r.Get("/runs/{id}/deliveries.csv", s.member(s.deliveryExport))
	r.Post("/runs/{id}/resend", s.member(s.runResend))
	r.Get("/deliveries/{id}", s.member(s.deliveryPage))
}

// standing is what a mailing's badge says: its state, or what matters more.
type standing string

const (
	draft     standing = "draft"
	scheduled standing = "scheduled" // active, and nothing goes now
	active    standing = "active"    // so is this one, and no due time is known
	sending   standing = "sending"   // a run plans or sends
	waiting   standing = "waiting"   // it would, were the mail server not away
	retrying  standing = "retrying"  // all that is left is to try again later
	paused    standing = "paused"
	finished  standing = "finished"
	disabled  standing = "disabled"
)

// standingOf judges a mailing by its state and its newest run; away says that
// a mail server is.
func standingOf(m *mailing.Mailing, away bool) standing {
	switch r := m.LastRun; {
	case m.Disabled != nil:
		return disabled
	case r != nil && inFlight(r) && away:
		return waiting
	case r != nil && inFlight(r):
		return sending
	case r != nil && r.Open() && r.State == mailing.RunSending && r.Counts.Deferred > 0:
		return retrying
	case m.State == mailing.Active && !m.NextDueAt.IsZero():
		return scheduled
	}
	return standing(m.State)
}

// inFlight says that a run plans or sends now; one that only waits to try
// again does not.
func inFlight(r *mailing.Run) bool {
	return r.State == mailing.RunPlanning || r.State == mailing.RunSending && r.Counts.Remaining() > 0
}

func (s standing) tone() ui.Tone {
	switch s {
	case draft:
		return ui.Grey
	case scheduled, active, sending:
		return ui.Blue
	case retrying, paused:
		return ui.Yellow
	case finished:
		return ui.Green
	default:
		return ui.Red
	}
}

// owns says that the visitor may change what belongs to that user's mailings.
func (v *visit) owns(userID int64) bool {
	return account.Can(v.actor, account.MailingEdit, account.Object{Kind: "mailing", Owner: userID})
}

// shelf is the menu's item under which an owner's mailings stand: one's own, or
// those that moderators see.
func (v *visit) shelf(owner int64) layout.Item {
	if v.owns(owner) {
		return layout.Mailings
	}
	return layout.ModerationMailings
}

// away are the mail servers' troubles, in the server's words: "host: words".
func (s *Web) away(ctx context.Context) (string, error) {
	list, err := s.Ledger.Troubles(ctx)
	if err != nil || len(list) == 0 {
		return "", err
	}
	if list[0].Server == "" {
		return noServer, nil
	}
	return list[0].Server + ": " + list[0].Response, nil
}

// noServer stands for the trouble that there is no mail server to await: said
// in each reader's own language, by waitsFor.
const noServer = "none"

// waitsFor says which mail server is awaited, and its words.
func waitsFor(v ui.View, trouble string) string {
	if trouble == noServer {
		trouble = v.T("common.no_server")
	}
	return v.T("common.waiting_server", "Reason", trouble)
}

func mailingURL(id int64, rest string) string { return fmt.Sprintf("/mailings/%d%s", id, rest) }

func runURL(id int64, rest string) string { return fmt.Sprintf("/runs/%d%s", id, rest) }
