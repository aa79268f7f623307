package web

import (
	"net/http"
	"net/url"
	"strconv"

	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// bulkForm is the id of the form that acts on chosen recipients.
const bulkForm = "bulk"

// recipientListPage is a page of recipients.
type recipientListPage struct {
	layout.Page
	Filter recipient.Filter
	Tags   []ui.Option
	Rows   []recipient.Recipient
	Pages  ui.Pages
	Total  int64 // all of the owner's
	Found  int64 // those that the filter matches
	Exact  bool  // false: there are more than Found
	Bulk   bulk
	Change *recipient.Change // that goes on; nil: none
}

// recipientFilter is what the address of a list asks for.
func recipientFilter(q url.Values) recipient.Filter {
	f := recipient.Filter{Search: q.Get("q"), Tag: q.Get("tag")}
	switch status := recipient.Status(q.Get("status")); status {
	case recipient.Active, recipient.Unsubscribed, recipient.Suppressed:
		f.Status = status
	}
	f.After, _ = strconv.ParseInt(q.Get("after"), 10, 64)
	return f
}

func (s *Web) recipientList(v *visit) error {
	return s.showRecipients(v, http.StatusOK, bulk{Form: ui.NewForm(v.view, nil)})
}

// showRecipients answers with the list that the address asks for.
func (s *Web) showRecipients(v *visit, status int, b bulk) error {
	p := recipientListPage{Filter: recipientFilter(v.URL.Query()), Bulk: b}
	var next int64
	var err error
	if p.Rows, next, err = s.Recipients.List(v.Context(), v.actor, p.Filter); err != nil {
		return err
	}
	if p.Found, p.Exact, err = s.Recipients.Count(v.Context(), v.actor, p.Filter); err != nil {
		return err
	}
	if p.Total, _, err = s.Recipients.Count(v.Context(), v.actor, recipient.Filter{}); err != nil {
		return err
	}
	if p.Tags, err = v.tagOptions(); err != nil {
		return err
	}
	if c, goesOn, err := s.Recipients.OpenChange(v.Context(), v.actor); err != nil {
		return err
	} else if goesOn {
		p.Change = &c
	}
	p.Pages = v.pages(next)
	p.Page = v.page(v.t("recipient.title"), layout.Recipients)
	return v.render(status, recipientListTempl(p))
}

// filtered says that the list may lack some of the owner's recipients.
func (p *recipientListPage) filtered() bool {
	return p.Filter.Search != "" || p.Filter.Tag != "" || p.Filter.Status != ""
}

// note tells how many there are, and how many of them are found.
func (p *recipientListPage) note() string {
	total := p.T("common.recipients", "Count", p.Total)
	switch {
	case !p.filtered():
		return total
	case p.Exact:
		return p.T("recipient.found", "Found", p.Found, "Total", p.Total)
	default:
		return p.T("recipient.found_more", "Found", p.Found, "Total", p.Total)
	}
}

// exportURL is where what the filter matches is downloaded.
func (p *recipientListPage) exportURL() string {
	q := url.Values{}
	for name, value := range map[string]string{
		"q": p.Filter.Search, "tag": p.Filter.Tag, "status": string(p.Filter.Status),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return "/recipients/export"
	}
	return "/recipients/export?" + q.Encode()
}

// tagChoices are the tags as a filter.
func (p *recipientListPage) tagChoices() []ui.Option {
	return append([]ui.Option{{Label: p.T("recipient.any_tag")}}, p.Tags...)
}

func (p *recipientListPage) statusChoices() []ui.Option {
	options := []ui.Option{{Label: p.T("recipient.any_status")}}
	for _, s := range []recipient.Status{recipient.Active, recipient.Unsubscribed, recipient.Suppressed} {
		options = append(options, ui.Option{Value: string(s), Label: p.T("recipient.status." + string(s))})
	}
	return options
}

func (p *recipientListPage) columns() ui.Columns {
	return ui.Columns{
		{Title: p.T("common.select_all"), Pick: bulkForm},
		{Title: p.T("recipient.recipient"), Main: true},
		{Title: p.T("recipient.status")},
		{Title: p.T("recipient.tags")},
		{Title: p.T("recipient.added")},
		{Title: p.T("common.actions"), Menu: true},
	}
}

// tagURL is the list of those who bear a tag.
func tagURL(name string) string {
	return "/recipients?" + url.Values{"tag": {name}}.Encode()
}
