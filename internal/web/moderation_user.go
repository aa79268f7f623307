package web

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// moderationUserPage is a user as moderators see them, with what a block would
// stop beside the form to block.
type moderationUserPage struct {
	layout.Page

	User   userRow
	Order  bool        // the visitor may block and unblock them
	Audit  bool        // and may see what was done to them
	Groups []ui.Option // to choose from; none: the visitor may not
	Delete bool        // the visitor may delete them
	Verify bool        // the visitor may confirm the address, and nobody has
	Reason string
	Form   ui.Form
}

func (s *Web) moderationUser(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	p, err := s.moderationUserPage(v, id)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, moderationUserTempl(p))
}

func (s *Web) moderationUserPage(v *visit, id int64) (p moderationUserPage, err error) {
	// Not one's own page, as one's own account would be: moderators alone.
	if err := account.Check(v.actor, account.UserView, account.Object{Kind: "user"}); err != nil {
		return p, err
	}
	u, err := s.Accounts.Get(v.Context(), v.actor, id)
	if err != nil {
		return p, err
	}
	stocks, err := s.Mailings.Stocks(v.Context(), v.actor, id)
	if err != nil {
		return p, err
	}
	p = moderationUserPage{
		Page: v.page(u.Email, layout.ModerationUsers), User: userRow{u, stocks[id]},
		Order: account.Can(v.actor, account.UserBlock, u.Object()), Audit: account.Can(v.actor, account.AuditView, account.Object{}),
		Delete: account.Can(v.actor, account.UserDelete, u.Object()),
		Verify: u.VerifiedAt.IsZero() && account.Can(v.actor, account.UserVerify, u.Object()),
		Form:   ui.NewForm(v.view, nil),
	}
	if account.Can(v.actor, account.UserGroup, u.Object()) {
		p.Groups, err = s.groupChoices(v)
	}
	return p, err
}

// userOrder blocks or unblocks a user, and shows them again.
func (s *Web) userOrder(done string,
	do func(a *account.Accounts, ctx context.Context, actor account.Actor, id int64, reason string) (account.User, error),
) handler {
	return func(v *visit) error {
		id, err := v.id()
		if err != nil {
			return err
		}
		reason := v.FormValue("reason")
		_, err = do(s.Accounts, v.Context(), v.actor, id, reason)
		if !fault.Is(err, fault.Invalid) {
			return v.did(err, done, userURL(id, ""))
		}
		p, err2 := s.moderationUserPage(v, id)
		if err2 != nil {
			return err2
		}
		p.Reason = reason
		return v.invalid(err, func(f ui.Form) templ.Component { p.Form = f; return moderationUserTempl(p) })
	}
}

// stops is what a block of the user would stop, in sentences.
func (p *moderationUserPage) stops() []string {
	var list []string
	u := &p.User
	if u.Sending > 0 {
		list = append(list, p.T("moderation.stops_sending", "Count", u.Sending))
		if u.Left > 0 {
			list = append(list, p.T("moderation.stops_left", "Count", u.Left))
		}
	}
	if idle := u.Active - u.Sending; idle > 0 {
		list = append(list, p.T("moderation.stops_active", "Count", idle))
	}
	if len(list) == 0 {
		list = append(list, p.T("moderation.stops_nothing"))
	}
	return append(list, p.T("moderation.stops_access"))
}

// tile is a number of the user's mailings that opens them.
func (p *moderationUserPage) tile(label string, n int64, state string) ui.Tile {
	c := p.User.count(p.View, n, state)
	return ui.Tile{Label: p.T(label), Value: c.Text, URL: c.URL}
}
