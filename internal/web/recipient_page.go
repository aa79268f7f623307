package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// recipientShown is one recipient: who it is, whether it gets mail, and what
// became of each mailing to it. It answers "why did X not get it?".
type recipientShown struct {
	layout.Page
	recipient.Recipient
	StatusMailing string // whose link was followed; may be empty
	Rows          []recipientDelivery
	Pages         ui.Pages
}

// recipientDelivery is a delivery with the run that it belongs to.
type recipientDelivery struct {
	deliveryRow
	Run mailing.Run
}

// deliveriesPerPage is short: each row tells a story.
const deliveriesPerPage = 20

func (s *Web) recipientPage(v *visit) error {
	r, err := s.recipientAt(v)
	if err != nil {
		return err
	}
	p := recipientShown{Recipient: r}
	deliveries, err := s.Ledger.OfRecipient(v.Context(), r.ID, v.after(), deliveriesPerPage+1)
	if err != nil {
		return err
	}
	var next int64
	if len(deliveries) > deliveriesPerPage {
		deliveries = deliveries[:deliveriesPerPage]
		next = deliveries[deliveriesPerPage-1].ID
	}
	if p.Rows, err = s.withRuns(v, deliveries); err != nil {
		return err
	}
	if p.StatusMailing, err = s.mailingName(v, r.StatusMailingID); err != nil {
		return err
	}
	p.Pages = v.pages(next)
	p.Page = v.page(r.Email, layout.Recipients)
	return v.render(http.StatusOK, recipientPageTempl(p))
}

// withRuns joins deliveries with their runs and their newest attempts.
func (s *Web) withRuns(v *visit, deliveries []delivery.Delivery) ([]recipientDelivery, error) {
	list, err := s.deliveryRows(v, deliveries, v.actor.ID)
	if err != nil {
		return nil, err
	}
	runs := map[int64]mailing.Run{}
	rows := make([]recipientDelivery, len(list))
	for i, d := range list {
		if _, known := runs[d.RunID]; !known {
			if runs[d.RunID], err = s.Mailings.Run(v.Context(), v.actor, d.RunID); err != nil {
				return nil, fmt.Errorf("read the run of a delivery: %w", err)
			}
		}
		rows[i] = recipientDelivery{deliveryRow: d, Run: runs[d.RunID]}
	}
	return rows, nil
}

// mailingName is empty where there is no such mailing any more.
func (s *Web) mailingName(v *visit, id int64) (string, error) {
	if id == 0 {
		return "", nil
	}
	m, err := s.Mailings.Get(v.Context(), v.actor, id)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return m.Name, err
}

// recipientDelete deletes, and goes back to the list.
func (s *Web) recipientDelete(v *visit) error {
	r, err := s.recipientAt(v)
	if err != nil {
		return err
	}
	if err := s.Recipients.Delete(v.Context(), v.actor, r.ID); err != nil {
		return err
	}
	v.flash(ui.Green, "recipient.deleted", "Email", r.Email)
	return v.redirect(v.back("/recipients"))
}

// recipientResubscribe makes a recipient active again, on the owner's word
// that the person asked for it.
func (s *Web) recipientResubscribe(v *visit) error {
	r, err := s.recipientAt(v)
	if err != nil {
		return err
	}
	if r.Status == recipient.Unsubscribed && v.FormValue("asked") == "" {
		v.flash(ui.Red, "recipient.resubscribe_unasked")
		return v.redirect(recipientURL(r.ID, ""))
	}
	if err := s.Recipients.Resubscribe(v.Context(), v.actor, r.ID); err != nil {
		return err
	}
	v.flash(ui.Green, "recipient.resubscribed", "Email", r.Email)
	return v.redirect(recipientURL(r.ID, ""))
}

func (s *Web) recipientSuppress(v *visit) error {
	r, err := s.recipientAt(v)
	if err != nil {
		return err
	}
	if err := s.Recipients.Suppress(v.Context(), v.actor, r.ID); err != nil {
		return err
	}
	v.flash(ui.Green, "recipient.suppressed", "Email", r.Email)
	return v.redirect(recipientURL(r.ID, ""))
}

// askDelete asks before a recipient is deleted.
func askDelete(v ui.View, r *recipient.Recipient) ui.Ask {
	return ui.Ask{
		ID:       "delete-" + strconv.FormatInt(r.ID, 10),
		Action:   recipientURL(r.ID, "/delete"),
		Label:    v.T("common.delete"),
		Icon:     ui.IconTrash,
		Question: v.T("recipient.delete_question", "Email", r.Email),
		Text:     v.T("recipient.delete_text"),
		Danger:   true,
	}
}

// askResubscribe asks whether the person wants mail again.
func (p *recipientShown) askResubscribe() ui.Ask {
	text := p.T("recipient.unsuppress_text")
	if p.Status == recipient.Unsubscribed {
		text = p.T("recipient.resubscribe_text", "Email", p.Email)
	}
	return ui.Ask{
		ID: "resubscribe", Action: recipientURL(p.ID, "/resubscribe"), Label: p.T("recipient.resubscribe"),
		Icon: ui.IconMailOpened, Question: p.T("recipient.resubscribe_question"), Text: text,
	}
}

func (p *recipientShown) askSuppress() ui.Ask {
	return ui.Ask{
		ID: "suppress", Action: recipientURL(p.ID, "/suppress"), Label: p.T("recipient.suppress"),
		Icon: ui.IconBan, Question: p.T("recipient.suppress_question", "Email", p.Email), Text: p.T("recipient.suppress_text"),
	}
}

// standing says in a sentence whether the recipient gets mail, and why not.
func (p *recipientShown) standing() string {
	at := p.DateTime(p.StatusAt, p.Zone)
	switch {
	case p.Status == recipient.Suppressed:
		return p.T("recipient.standing_suppressed", "At", at)
	case p.StatusMailing != "":
		return p.T("recipient.standing_unsubscribed_from", "At", at, "Mailing", p.StatusMailing)
	default:
		return p.T("recipient.standing_unsubscribed", "At", at)
	}
}

// rows are the attributes by name.
func (p *recipientShown) attributes() []attributeRow {
	var rows []attributeRow
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		rows = append(rows, attributeRow{name, recipient.WriteAttribute(p.Attributes[name])})
	}
	return rows
}

// story says in plain words what became of a delivery.
func (p *recipientShown) story(d *recipientDelivery) string {
	if d.State == delivery.Planned && d.Run.State == mailing.RunPaused {
		return p.T("recipient.why_paused")
	}
	return d.why(p.View)
}

// words are the server's answer in full, with its codes.
func (p *recipientShown) words(d *recipientDelivery) string {
	if d.Last == nil {
		return ""
	}
	return reply(p.View, d.Last)
}

// advice is what the answer means; empty where it says all by itself.
func (p *recipientShown) advice(d *recipientDelivery) string {
	if d.State == delivery.Accepted {
		return p.T("recipient.why_accepted")
	}
	if d.Last == nil || d.State == delivery.Skipped {
		return ""
	}
	return meaning(p.View, d.Last)
}
