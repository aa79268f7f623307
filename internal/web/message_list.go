package web

import (
	"net/http"
	"strconv"

	"gonets/internal/message"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// messageListPage is a page of messages.
type messageListPage struct {
	layout.Page
	Filter message.Filter
	Rows   []message.Message
	Pages  ui.Pages
}

func (s *Web) messageList(v *visit) error {
	p := messageListPage{Filter: message.Filter{Search: v.URL.Query().Get("q"), After: v.after()}}
	rows, next, err := s.Messages.List(v.Context(), v.actor, p.Filter)
	if err != nil {
		return err
	}
	p.Rows, p.Pages = rows, v.pages(next)
	p.Page = v.page(v.t("message.title"), layout.Messages)
	return v.render(http.StatusOK, messageListTempl(p))
}

// messageDuplicate makes another message like one, to be changed.
func (s *Web) messageDuplicate(v *visit) error {
	m, err := s.messageAt(v)
	if err != nil {
		return err
	}
	twin, err := s.Messages.Create(v.Context(), v.actor, m.Draft)
	if err != nil {
		return err
	}
	v.flash(ui.Green, "message.duplicated")
	return v.redirect(messageURL(twin.ID, ""))
}

// messageDelete deletes a message that no mailing needs. If one does, the
// message's page says which.
func (s *Web) messageDelete(v *visit) error {
	m, err := s.messageAt(v)
	if err != nil {
		return err
	}
	if err := s.Messages.Delete(v.Context(), v.actor, m.ID); err != nil {
		return s.showEditor(v, err, m, messageFormOf(m.Draft))
	}
	v.flash(ui.Green, "message.deleted", "Subject", m.Subject)
	return v.redirect("/messages")
}

// askDeleteMessage asks before a message is deleted.
func askDeleteMessage(v ui.View, m *message.Message) ui.Ask {
	return ui.Ask{
		ID: "delete-" + strconv.FormatInt(m.ID, 10), Action: messageURL(m.ID, "/delete"), Label: v.T("common.delete"),
		Icon: ui.IconTrash, Question: v.T("message.delete_question", "Subject", m.Subject), Text: v.T("message.delete_text"), Danger: true,
	}
}
