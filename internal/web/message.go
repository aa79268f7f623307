package web

import (
	"fmt"

	"github.com/go-chi/chi/v5"

	"gonets/internal/message"
	"gonets/internal/web/ui"
)

// messageRoutes are a user's messages.
func (s *Web) messageRoutes(r chi.Router) {
	r.Get("/messages", s.member(s.messageList))
	r.Get("/messages/new", s.member(s.messageNew))
	r.Post("/messages/new", s.member(s.messageCreate))
	r.Post("/messages/preview", s.member(s.messagePreview))
	r.Post("/messages/test", s.member(s.messageTest))
	r.Get("/messages/readers", s.member(s.messageReaders))

	r.Get("/messages/{id}", s.member(s.messageEdit))
	r.Post("/messages/{id}", s.member(s.messageUpdate))
	r.Get("/messages/{id}/preview", s.member(s.messageSaved))
	r.Post("/messages/{id}/duplicate", s.member(s.messageDuplicate))
	r.Post("/messages/{id}/delete", s.member(s.messageDelete))
}

func messageURL(id int64, rest string) string { return fmt.Sprintf("/messages/%d%s", id, rest) }

// messageAt is the message that the path names.
func (s *Web) messageAt(v *visit) (message.Message, error) {
	id, err := v.id()
	if err != nil {
		return message.Message{}, err
	}
	return s.Messages.Get(v.Context(), v.actor, id)
}

// formats are the ways to write a body.
func formats(v ui.View) []ui.Option {
	var options []ui.Option
	for _, f := range []message.Format{message.Markdown, message.HTML, message.Text} {
		options = append(options, ui.Option{Value: string(f), Label: v.T("message.format." + string(f))})
	}
	return options
}
