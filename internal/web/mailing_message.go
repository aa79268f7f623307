package web

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"gonets/internal/fault"
	"gonets/internal/message"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// mailingMessageRoutes show what a mailing sends, and what a run sent, to
// whoever may see it: the owner, and moderators, who have no other way to it.
func (s *Web) mailingMessageRoutes(r chi.Router) {
	for at, find := range map[string]func(*visit) (letterOf, error){"/mailings": s.letterOfMailing, "/runs": s.letterOfRun} {
		r.Get(at+"/{id}/message", s.member(s.sentMessage(find)))
		r.Get(at+"/{id}/message/preview", s.member(s.sentPreview(find)))
	}
}

// letterOf is a version of a message, and the page that it belongs to.
type letterOf struct {
	message.Version

	Owner     int64
	ParentURL string
	Parent    string
	Note      string
}

func (s *Web) letterOfMailing(v *visit) (letterOf, error) {
	id, err := v.id()
	if err != nil {
		return letterOf{}, err
	}
	m, err := s.Mailings.Get(v.Context(), v.actor, id)
	if err != nil {
		return letterOf{}, err
	}
	version, err := s.Messages.Newest(v.Context(), m.MessageID)
	return letterOf{
		Version: version, Owner: m.UserID, ParentURL: mailingURL(id, ""), Parent: m.Name, Note: v.t("letter_of.mailing"),
	}, err
}

func (s *Web) letterOfRun(v *visit) (letterOf, error) {
	run, err := s.runOf(v)
	if err != nil {
		return letterOf{}, err
	}
	version, err := s.Messages.Version(v.Context(), s.DB.Read(), run.MessageVersionID)
	return letterOf{
		Version: version, Owner: run.UserID, ParentURL: runURL(run.ID, ""), Parent: run.MailingName,
		Note: v.t("letter_of.run", "Time", v.view.DateTime(run.DueAt, v.view.Zone)),
	}, err
}

// sentMessagePage is a version of a message as it looks and as it was written.
type sentMessagePage struct {
	layout.Page

	Letter letterOf
	Tabs   []ui.Tab
	Frame  string // the address of the preview
	Edit   bool
}

func (s *Web) sentMessage(find func(*visit) (letterOf, error)) handler {
	return func(v *visit) error {
		l, err := find(v)
		if err != nil {
			return err
		}
		p := sentMessagePage{
			Page: v.page(l.Subject, v.shelf(l.Owner)), Letter: l, Edit: v.owns(l.Owner),
			Frame: v.URL.Path + "/preview",
		}
		chosen := v.URL.Query().Get("as")
		for _, as := range []string{asDesktop, asPhone, asText} {
			tab := ui.Tab{URL: v.URL.Path + "?as=" + as, Label: v.t("message.preview_as." + as), Active: as == chosen || chosen == "" && as == asDesktop}
			p.Tabs = append(p.Tabs, tab)
			if tab.Active {
				p.Frame += "?as=" + as
			}
		}
		return v.render(http.StatusOK, sentMessageTempl(p))
	}
}

// sentPreview is the version in its frame, filled in for a sample recipient:
// nobody's address is in it.
func (s *Web) sentPreview(find func(*visit) (letterOf, error)) handler {
	return func(v *visit) error {
		l, err := find(v)
		if err != nil {
			return err
		}
		p := previewPage{As: v.URL.Query().Get("as"), To: s.Messages.SampleRecipient(v.actor.Locale)}
		p.Preview, err = s.Messages.Preview(v.Context(), v.actor, l.Draft, nil)
		if err != nil && !fault.Is(err, fault.Invalid) {
			return err
		}
		p.Warnings = nil // they are for who can mend what is wrong
		p.Form = ui.NewForm(v.view, err)
		return v.renderPreview(p)
	}
}

// plainText is the text that was written beside HTML.
func (p *sentMessagePage) plainText() string { return strings.TrimSpace(p.Letter.Text) }
