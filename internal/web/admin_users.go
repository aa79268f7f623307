package web

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// Where administrators find groups, and act on users.
const (
	adminUsers  = "/admin/users"
	adminGroups = "/admin/groups"
)

// adminRoutes are the administration of users and groups. The list of users and
// the page of each are those of the moderators, with more on them.
func (s *Web) adminRoutes(r chi.Router) {
	r.Get(adminUsers+"/new", s.member(s.inviteForm))
	r.Post(adminUsers, s.member(s.invite))
	r.Post(adminUsers+"/{id}/groups", s.member(s.regroup))
	r.Post(adminUsers+"/{id}/verify", s.member(s.confirm))
	r.Post(adminUsers+"/{id}/invite", s.member(s.inviteAgain))
	r.Get(adminGroups, s.member(s.groupList))
	r.Get(adminGroups+"/new", s.member(s.groupNew))
	r.Post(adminGroups, s.member(s.groupCreate))
	r.Get(adminGroups+"/{name}/edit", s.member(s.groupForm))
	r.Post(adminGroups+"/{name}", s.member(s.groupUpdate))
	r.Post(adminGroups+"/{name}/delete", s.member(s.groupDelete))
}

// adminURL is where something is done to a user.
func adminURL(id int64, verb string) string { return fmt.Sprintf("%s/%d/%s", adminUsers, id, verb) }

// regroup makes a user a member of the groups that are ticked.
func (s *Web) regroup(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	_, err = s.Accounts.SetGroups(v.Context(), v.actor, id, slices.Clone(v.PostForm["groups"]))
	return v.did(err, "group.did", userURL(id, ""))
}

// confirm takes a user's address as theirs.
func (s *Web) confirm(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	_, err = s.Accounts.Confirm(v.Context(), v.actor, id)
	return v.did(err, "group.verified", userURL(id, ""))
}

// inviteAgain sends an invitation whose letter was lost, or not opened in time.
func (s *Web) inviteAgain(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	_, err = s.Accounts.InviteAgain(v.Context(), v.actor, id)
	return v.did(err, "invite.did_again", userURL(id, ""))
}

// invitePage is the form that brings a user in.
type invitePage struct {
	layout.Page

	Email, Locale string
	Chosen        []string    // groups
	Groups        []ui.Option // to choose from; none: the visitor may not
	Form          ui.Form
}

func (s *Web) inviteForm(v *visit) error {
	p, err := s.invitePage(v)
	if err != nil {
		return err
	}
	p.Locale, p.Form = v.view.Lang(), ui.NewForm(v.view, nil)
	return v.render(http.StatusOK, inviteTempl(p))
}

func (s *Web) invitePage(v *visit) (p invitePage, err error) {
	if err := account.Check(v.actor, account.UserCreate, account.Object{Kind: "user"}); err != nil {
		return p, err
	}
	p.Page = v.page(v.t("invite.title"), layout.ModerationUsers)
	if account.Can(v.actor, account.UserGroup, account.Object{Kind: "user"}) {
		p.Groups, err = s.groupChoices(v)
	}
	return p, err
}

func (s *Web) invite(v *visit) error {
	p, err := s.invitePage(v)
	if err != nil {
		return err
	}
	p.Email, p.Locale, p.Chosen = v.PostFormValue("email"), v.PostFormValue("locale"), slices.Clone(v.PostForm["groups"])
	u, err := s.Accounts.Invite(v.Context(), v.actor, account.Invitation{
		Email: p.Email, Groups: p.Chosen, Locale: p.Locale, TimeZone: v.actor.TimeZone,
	})
	if err != nil {
		return v.invalid(err, func(f ui.Form) templ.Component { p.Form = f; return inviteTempl(p) })
	}
	v.flash(ui.Green, "invite.did", "Email", u.Email)
	return v.redirect(userURL(u.ID, ""))
}
