package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"gonets/internal/web/layout"
)

// unsubscribeRoutes are the way out for recipients: no login, no cookie, and
// no page of ours that they would have to come from. What they may do their
// token says.
func (s *Web) unsubscribeRoutes(r chi.Router) {
	r.Get("/u/{token}", s.open(s.unsubscribeForm))
	r.Post("/u/{token}", s.open(s.unsubscribe))
}

// unsubscribeForm only asks: programs that look at every link in a letter must
// not unsubscribe its reader.
func (s *Web) unsubscribeForm(v *visit) error {
	if _, _, err := s.Recipients.ParseToken(chi.URLParam(v.Request, "token")); err != nil {
		return err
	}
	return v.render(http.StatusOK, unsubscribeTempl(v.unsubscribePage("unsubscribe.question")))
}

// unsubscribe answers the button, and the one click of a mail program (RFC
// 8058), whatever its body says. The latter follows no redirects, so this
// answers with a page.
func (s *Web) unsubscribe(v *visit) error {
	if err := s.Recipients.Unsubscribe(v.Context(), chi.URLParam(v.Request, "token")); err != nil {
		return err
	}
	return v.render(http.StatusOK, unsubscribedTempl(v.unsubscribePage("unsubscribe.done")))
}

// unsubscribePage is a page that stands alone.
func (v *visit) unsubscribePage(title string) layout.Page { return v.page(v.t(title), layout.NoItem) }
