package web

import (
	"net/http"

	"gonets/internal/web/ui"
)

// createToken answers with the page itself and the token on it, instead of a
// redirect: until the next page it would have to lie somewhere readable.
func (s *Web) createToken(v *visit) error {
	name := v.PostFormValue("name")
	token, err := s.Accounts.CreateToken(v.Context(), v.actor, v.actor.ID, name)
	if err != nil {
		return v.profileRefused(err, func(p *profilePage, f ui.Form) { p.TokenName, p.Token = name, f })
	}
	page, err := v.profilePage()
	if err != nil {
		return err
	}
	page.NewToken = token
	return v.render(http.StatusCreated, v.profileView(page))
}

func (s *Web) revokeToken(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := s.Accounts.RevokeToken(v.Context(), v.actor, id); err != nil {
		return err
	}
	v.flash(ui.Green, "profile.token_revoked")
	return v.redirect("/profile")
}
