package web

import (
	"net/http"
	"strings"

	"gonets/internal/account"
	"gonets/internal/mailing"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// moderationUsersPage is a page of all users.
type moderationUsersPage struct {
	layout.Page

	Search, State, Group string
	States, Groups       []ui.Option // without groups: for who may not see them
	Invite               bool        // the visitor may bring users in
	Rows                 []userRow
	Pages                ui.Pages
}

// userRow is one of them.
type userRow struct {
	account.User
	mailing.Stock
}

func (s *Web) moderationUserList(v *visit) error {
	q := v.URL.Query()
	p := moderationUsersPage{
		Page:   v.page(v.t("layout.moderation_users"), layout.ModerationUsers),
		Search: strings.TrimSpace(q.Get("q")), State: q.Get("state"),
	}
	groups, err := s.groupChoices(v)
	if err != nil {
		return err
	}
	if len(groups) > 0 {
		p.Group = q.Get("group")
		p.Groups = append([]ui.Option{{Label: v.t("group.all")}}, groups...)
	}
	p.Invite = account.Can(v.actor, account.UserCreate, account.Object{})
	list, next, err := s.Accounts.List(v.Context(), v.actor, account.Filter{
		Search: p.Search, State: account.State(p.State), Group: p.Group, After: v.after(),
	})
	if err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	stocks, err := s.Mailings.Stocks(v.Context(), v.actor, ids...)
	if err != nil {
		return err
	}
	for i := range list {
		p.Rows = append(p.Rows, userRow{list[i], stocks[list[i].ID]})
	}
	p.Pages = v.pages(next)
	p.States = userStates(v.view)
	return v.render(http.StatusOK, moderationUsersTempl(p))
}

// userStates are the choices of a filter of users.
func userStates(v ui.View) []ui.Option {
	options := []ui.Option{{Label: v.T("moderation.all_users")}}
	for _, s := range []account.State{account.Active, account.Unverified, account.Blocked} {
		options = append(options, ui.Option{Value: string(s), Label: v.T("moderation.users." + string(s))})
	}
	return options
}

// count is a number that opens the mailings it counts.
func (r *userRow) count(v ui.View, n int64, state string) number {
	if n == 0 {
		return number{Text: v.Number(0)}
	}
	return number{v.Number(n), ownedURL(r.ID, state)}
}
