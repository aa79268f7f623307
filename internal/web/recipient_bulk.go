package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"gonets/internal/fault"
	"gonets/internal/httpd"
	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// bulk is an act on chosen recipients.
type bulk struct {
	IDs  []int64
	All  bool   // all that the filter matches, in place of IDs
	Tag  string // to add or to remove
	Form ui.Form
}

func (b *bulk) chosen(id int64) bool { return slices.Contains(b.IDs, id) }

// readBulk takes what was chosen; what is no id chooses nobody.
func readBulk(r *http.Request) bulk {
	b := bulk{All: r.FormValue("scope") == "all", Tag: r.FormValue("tag")}
	for _, value := range r.Form["id"] {
		if id, err := strconv.ParseInt(value, 10, 64); err == nil {
			b.IDs = append(b.IDs, id)
		}
	}
	return b
}

// selection is what was chosen; all means all of the list's filter.
func (b *bulk) selection(f recipient.Filter) recipient.Selection {
	if !b.All {
		return recipient.Selection{IDs: b.IDs}
	}
	f.After = 0
	return recipient.Selection{Filter: &f}
}

const (
	// actAtOnceMax is how many recipients are changed while the person waits; more
	// are, in the background.
	actAtOnceMax = 1000
	// bulkTime is how long that may take: some have had mail for years.
	bulkTime = 10 * time.Minute
)

// recipientBulk does something with the recipients that were chosen in a list,
// and goes back to it, or to where one sees how far it is.
func (s *Web) recipientBulk(v *visit) error {
	b := readBulk(v.Request)
	list, err := url.Parse(v.back("/recipients"))
	if err != nil || list.Path != "/recipients" {
		list = &url.URL{Path: "/recipients"}
	}
	selection := b.selection(recipientFilter(list.Query()))
	if len(b.IDs) == 0 && !b.All {
		v.flash(ui.Yellow, "recipient.bulk_nobody")
		return v.redirect(list.String())
	}
	do := recipient.Act(v.FormValue("do"))
	switch do {
	case recipient.ActTag, recipient.ActUntag:
	case recipient.ActDelete:
		if v.FormValue("confirmed") == "" {
			return s.bulkDelete(v, list.String(), b, selection)
		}
	default:
		return fault.Missing()
	}
	next, err := s.act(v, do, b, selection, list.String())
	if err == nil {
		return v.redirect(next)
	}
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Invalid && e.Kind != fault.Conflict {
		return err
	}
	// The list again, with what was chosen and typed.
	v.URL = list
	b.Form = ui.NewForm(v.view, err)
	return s.showRecipients(v, httpd.Status(err), b)
}

// didKeys are the sentences of what was done, and to how many.
var didKeys = map[recipient.Act]string{
	recipient.ActTag:    "recipient.bulk_tagged",
	recipient.ActUntag:  "recipient.bulk_untagged",
	recipient.ActDelete: "recipient.bulk_deleted",
}

// act changes few recipients at once, and begins to change many. It says where
// to go then.
func (s *Web) act(v *visit, do recipient.Act, b bulk, selection recipient.Selection, list string) (next string, err error) {
	if selection.Filter != nil {
		n, exact, err := s.Recipients.Count(v.Context(), v.actor, *selection.Filter)
		if err != nil {
			return "", err
		}
		if n > actAtOnceMax || !exact {
			c, err := s.Recipients.BeginChange(v.Context(), v.actor, do, b.Tag, *selection.Filter)
			return changeURL(c.ID, ""), err
		}
	}
	httpd.Long(v.w, bulkTime)
	if err := s.actAtOnce(v, do, b.Tag, selection); err != nil {
		return "", err
	}
	return list, nil
}

func (s *Web) actAtOnce(v *visit, do recipient.Act, tag string, selection recipient.Selection) (err error) {
	var n int64
	switch do {
	case recipient.ActTag:
		n, err = s.Recipients.AddTag(v.Context(), v.actor, selection, tag)
	case recipient.ActUntag:
		n, err = s.Recipients.RemoveTag(v.Context(), v.actor, selection, tag)
	case recipient.ActDelete:
		n, err = s.Recipients.DeleteMany(v.Context(), v.actor, selection)
	}
	if err == nil {
		v.flash(ui.Green, didKeys[do], "Count", n, "Tag", tag)
	}
	return err
}

// bulkDeletePage asks once more, and says how many will be deleted.
type bulkDeletePage struct {
	layout.Page
	bulk
	Count  int64
	Exact  bool
	Sample []recipient.Recipient // the first few of them
	Back   string
}

// bulkDelete asks first: a page of its own, so that it can say whom.
func (s *Web) bulkDelete(v *visit, back string, b bulk, selection recipient.Selection) error {
	p := bulkDeletePage{bulk: b, Count: int64(len(b.IDs)), Exact: true, Back: back}
	var err error
	if b.All {
		if p.Count, p.Exact, err = s.Recipients.Count(v.Context(), v.actor, *selection.Filter); err != nil {
			return err
		}
	}
	if p.Sample, err = s.sample(v, selection); err != nil {
		return err
	}
	p.Page = v.page(v.t("recipient.bulk_delete"), layout.Recipients)
	p.Path = back // a switch of language must not post again
	return v.render(http.StatusOK, bulkDeleteTempl(p))
}

// sampleSize is how many of those to be deleted are named.
const sampleSize = 10

// sample are the first few of a selection.
func (s *Web) sample(v *visit, selection recipient.Selection) (list []recipient.Recipient, err error) {
	if f := selection.Filter; f != nil {
		few := *f
		few.Limit = sampleSize
		list, _, err = s.Recipients.List(v.Context(), v.actor, few)
		return list, err
	}
	for _, id := range selection.IDs[:min(len(selection.IDs), sampleSize)] {
		r, err := s.Recipients.Get(v.Context(), v.actor, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// question asks whether to delete so many.
func (p *bulkDeletePage) question() string {
	if p.Exact {
		return p.T("recipient.bulk_delete_question", "Count", p.Count)
	}
	return p.T("recipient.bulk_delete_question_more", "Found", p.Count)
}

// allFound names all that the filter matches, which one page doesn't hold.
func (p *recipientListPage) allFound() string {
	if p.Exact {
		return p.T("recipient.bulk_all", "Found", p.Found)
	}
	return p.T("recipient.bulk_all_more", "Found", p.Found)
}
