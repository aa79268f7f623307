package web

import (
	"fmt"
	"net/http"

	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

func changeURL(id int64, rest string) string {
	return fmt.Sprintf("/recipients/changes/%d%s", id, rest)
}

// changePage is how far a change of many recipients is, or how it ended.
type changePage struct {
	layout.Page
	recipient.Change
}

func (s *Web) changePage(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	p := changePage{}
	if p.Change, err = s.Recipients.Change(v.Context(), v.actor, id); err != nil {
		return err
	}
	p.Page = v.page(v.t("change.title."+string(p.Act), "Tag", p.Tag), layout.Recipients)
	if p.goesOn() {
		p.Refresh = 2
	}
	if v.Header.Get("HX-Request") != "" {
		if !p.goesOn() {
			v.w.Header().Set("HX-Refresh", "true") // the whole page has changed
		}
		return v.render(http.StatusOK, changeReport(p))
	}
	return v.render(http.StatusOK, changePageTempl(p))
}

func (p *changePage) goesOn() bool { return p.FinishedAt.IsZero() }

// progress says how far it is: in words, and as numbers once they are known.
func (p *changePage) progress() (text, pace string) {
	if p.Total < 0 {
		return p.T("change.counting"), ""
	}
	text = p.T("change.progress", "Percent", p.Percent(p.Done, max(p.Total, 1)))
	return text, p.Number(p.Done) + " / " + p.Number(p.Total)
}

// done says what was done.
func (p *changePage) done() string {
	return p.T(didKeys[p.Act], "Count", p.Done, "Tag", p.Tag)
}

func (p *changePage) askCancel() ui.Ask {
	return ui.Ask{
		ID: "cancel", Action: changeURL(p.ID, "/cancel"), Label: p.T("change.cancel"), Icon: ui.IconPlayerStop,
		Question: p.T("change.cancel_question"), Text: p.T("change.cancel_text"), Danger: true,
	}
}

func (s *Web) changeCancel(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := s.Recipients.CancelChange(v.Context(), v.actor, id); err != nil {
		return err
	}
	return v.redirect(changeURL(id, ""))
}
