package web

import (
	"net/http"
	"strings"

	"gonets/internal/fault"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// previewPolicy is the Content-Security-Policy of a preview. It holds what the
// owner, or whoever the owner copied from, wrote: nothing of it may run, and
// the page has no origin.
const previewPolicy = "sandbox; default-src 'none'; img-src https: http: data:; style-src 'self' 'unsafe-inline'; " +
	"frame-ancestors 'self'; form-action 'none'; base-uri 'none'"

// The ways to look at a preview.
const (
	asDesktop = "desktop"
	asPhone   = "phone"
	asText    = "text"
)

// previewPage is the frame beside the editor.
type previewPage struct {
	layout.Page
	message.Preview

	To     recipient.Recipient
	As     string
	Form   ui.Form // what is wrong with the message
	Tested *tested // the answer to a test, in place of the preview
}

// messagePreview shows what the editor holds, saved or not.
func (s *Web) messagePreview(v *visit) error {
	return s.showPreview(v, readMessageForm(v))
}

// messageSaved shows a message as it was saved.
func (s *Web) messageSaved(v *visit) error {
	m, err := s.messageAt(v)
	if err != nil {
		return err
	}
	return s.showPreview(v, messageFormOf(m.Draft))
}

func (s *Web) showPreview(v *visit, f messageForm) error {
	p := previewPage{As: f.As}
	var err error
	p.Preview, p.To, err = s.preview(v, f)
	if err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	p.Form = ui.NewForm(v.view, err)
	return v.renderPreview(p)
}

// renderPreview answers with a page for the frame. A message that can't be
// shown is no failure of the page: 200.
func (v *visit) renderPreview(p previewPage) error {
	p.Page = v.frame(v.t("message.preview"))
	v.w.Header().Set("Content-Security-Policy", previewPolicy)
	v.w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	return v.render(http.StatusOK, previewTempl(p))
}

// frame is a page without what stands around one. What is to be said on the
// next page waits for that.
func (v *visit) frame(title string) layout.Page {
	p := layout.Page{View: v.view, Title: title, Theme: layout.Auto, Assets: v.web.assets}
	if c, err := v.Cookie(themeCookie); err == nil {
		p.Theme = layout.ThemeOf(c.Value)
	}
	return p
}

// preview composes what the editor holds for whom it names.
func (s *Web) preview(v *visit, f messageForm) (message.Preview, recipient.Recipient, error) {
	to, err := s.reader(v, f.To)
	if err != nil {
		return message.Preview{}, recipient.Recipient{}, err
	}
	made, err := s.Messages.Preview(v.Context(), v.actor, f.draft(), to)
	if to == nil {
		sample := s.Messages.SampleRecipient(v.actor.Locale)
		to = &sample
	}
	return made, *to, err
}

// reader is the recipient whom an address, or a part of one, names; nil where
// it is empty.
func (s *Web) reader(v *visit, address string) (*recipient.Recipient, error) {
	address = strings.TrimSpace(address)
	if address == "" {
		return nil, nil
	}
	list, err := s.readers(v, address)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if strings.EqualFold(list[i].Email, address) {
			return &list[i], nil
		}
	}
	if len(list) == 0 {
		return nil, fault.Fields{{Name: "to", Key: "message.preview_nobody"}}.Err()
	}
	return &list[0], nil
}

// readersOffered is how many recipients are offered to preview for.
const readersOffered = 20

// readers are the newest recipients that a search finds.
func (s *Web) readers(v *visit, search string) ([]recipient.Recipient, error) {
	list, _, err := s.Recipients.List(v.Context(), v.actor, recipient.Filter{Search: search, Limit: readersOffered})
	return list, err
}

// messageReaders are the choices for the field "preview for".
func (s *Web) messageReaders(v *visit) error {
	list, err := s.readers(v, v.URL.Query().Get("to"))
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, readerOptions(list))
}

// field is the name of a field in which something is wrong.
func (p *previewPage) field(name string) string {
	switch name {
	case "subject", "body", "text":
		return p.T("message." + name)
	case "to":
		return p.T("message.preview_for")
	default:
		return ""
	}
}

// asText says that the plain text is shown: because it was asked for, or
// because there is nothing else.
func (p *previewPage) asText() bool { return p.As == asText || p.HTML == "" }

// toWhom is a recipient as the head of a letter names them.
func toWhom(r recipient.Recipient) string {
	if r.Name == "" {
		return r.Email
	}
	return r.Name + " <" + r.Email + ">"
}
