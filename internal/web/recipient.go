package web

import (
	"fmt"

	"github.com/go-chi/chi/v5"

	"gonets/internal/web/ui"
)

// recipientRoutes are a user's recipients, their imports and changes.
func (s *Web) recipientRoutes(r chi.Router) {
	r.Get("/recipients", s.member(s.recipientList))
	r.Post("/recipients/bulk", s.member(s.recipientBulk))
	r.Get("/recipients/export", s.member(s.recipientExport))
	r.Get("/recipients/new", s.member(s.recipientNew))
	r.Post("/recipients/new", s.member(s.recipientCreate))

	r.Get("/recipients/import", s.member(s.importNew))
	r.Get("/recipients/import/example.csv", s.member(s.importExample))
	r.Get("/recipients/imports", s.member(s.importList))
	r.Get("/recipients/imports/{id}", s.member(s.importPage))
	r.Get("/recipients/imports/{id}/errors.csv", s.member(s.importErrors))
	r.Post("/recipients/imports/{id}/cancel", s.member(s.importCancel))

	r.Get("/recipients/changes/{id}", s.member(s.changePage))
	r.Post("/recipients/changes/{id}/cancel", s.member(s.changeCancel))

	r.Get("/recipients/{id}", s.member(s.recipientPage))
	r.Get("/recipients/{id}/edit", s.member(s.recipientEdit))
	r.Post("/recipients/{id}/edit", s.member(s.recipientUpdate))
	r.Post("/recipients/{id}/delete", s.member(s.recipientDelete))
	r.Post("/recipients/{id}/resubscribe", s.member(s.recipientResubscribe))
	r.Post("/recipients/{id}/suppress", s.member(s.recipientSuppress))
}

// uploadRoutes take files of any size.
func (s *Web) uploadRoutes(r chi.Router) {
	r.Post("/recipients/import", s.member(s.importUpload))
	s.articleUploads(r)
}

func recipientURL(id int64, rest string) string { return fmt.Sprintf("/recipients/%d%s", id, rest) }

// tagOptions are a person's tags, to be offered where one is typed or chosen.
func (v *visit) tagOptions() ([]ui.Option, error) {
	tags, err := v.web.Recipients.Tags(v.Context(), v.actor)
	options := make([]ui.Option, len(tags))
	for i, t := range tags {
		options[i] = ui.Option{Value: t.Name, Label: fmt.Sprintf("%s (%s)", t.Name, v.view.Number(t.Recipients))}
	}
	return options, err
}
