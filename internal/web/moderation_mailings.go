package web

import (
	"net/http"
	"strconv"
	"strings"

	"gonets/internal/account"
	"gonets/internal/mailing"
	"gonets/internal/web/layout"
)

// moderationListPage is a page of the mailings of all users, or of one.
type moderationListPage struct {
	mailingListPage

	Owner string // whose alone, by the id; empty: all users'
	Email string // that user's
}

// moderationMailingList shows moderators what others send.
func (s *Web) moderationMailingList(v *visit) error {
	if err := account.Check(v.actor, account.MailingView, account.Object{Kind: "mailing"}); err != nil {
		return err
	}
	q := v.URL.Query()
	p := moderationListPage{
		mailingListPage: mailingListPage{
			Page:   v.page(v.t("layout.moderation_mailings"), layout.ModerationMailings),
			Search: strings.TrimSpace(q.Get("q")), State: q.Get("state"),
		},
	}
	p.States = p.states()
	f := p.filter(v)
	f.Owner = 0
	if id, err := strconv.ParseInt(q.Get("owner"), 10, 64); err == nil && id > 0 {
		u, err := s.Accounts.Get(v.Context(), v.actor, id)
		if err != nil {
			return err
		}
		f.Owner, p.Owner, p.Email = id, q.Get("owner"), u.Email
	}
	list, more, err := s.Mailings.List(v.Context(), v.actor, f)
	if err != nil {
		return err
	}
	p.Pages = v.pages(0)
	if more {
		p.Pages = v.pages(list[len(list)-1].ID)
	}
	trouble, err := s.away(v.Context())
	if err != nil {
		return err
	}
	p.Rows = v.mailingRows(list, trouble != "")
	if p.Owners, err = s.Accounts.Emails(v.Context(), v.actor, ownersOf(list)); err != nil {
		return err
	}
	return v.render(http.StatusOK, moderationListTempl(p))
}

func ownersOf(list []mailing.Mailing) []int64 {
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].UserID
	}
	return ids
}

// filtered says that the list is not the whole.
func (p *moderationListPage) filtered() bool {
	return p.Search != "" || p.State != "" || p.Owner != "" || p.Pages.First != ""
}
