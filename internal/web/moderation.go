package web

import (
	"fmt"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
)

// Where moderators find the mailings and the users of all.
const (
	moderationMailings = "/moderation/mailings"
	moderationUsers    = "/moderation/users"
)

// moderationRoutes are for those who keep order. A mailing's own pages show it
// to them too, with its recipients' addresses masked.
func (s *Web) moderationRoutes(r chi.Router) {
	r.Get(moderationMailings, s.member(s.moderationMailingList))
	r.Get(moderationMailings+"/{id}/disable", s.member(s.judge(disabling)))
	r.Post(moderationMailings+"/{id}/disable", s.member(s.judged(disabling)))
	r.Get(moderationMailings+"/{id}/enable", s.member(s.judge(enabling)))
	r.Post(moderationMailings+"/{id}/enable", s.member(s.judged(enabling)))

	r.Get(moderationUsers, s.member(s.moderationUserList))
	r.Get(moderationUsers+"/{id}", s.member(s.moderationUser))
	r.Get(moderationUsers+"/{id}/delete", s.member(s.userDelete))
	r.Post(moderationUsers+"/{id}/delete", s.member(s.userDeleted))
	r.Post(moderationUsers+"/{id}/block", s.member(s.userOrder("moderation.did.block", (*account.Accounts).Block)))
	r.Post(moderationUsers+"/{id}/unblock", s.member(s.userOrder("moderation.did.unblock", (*account.Accounts).Unblock)))
}

// judgeURL is where a moderator disables or enables a mailing.
func judgeURL(id int64, d verdict) string {
	return fmt.Sprintf("%s/%d/%s", moderationMailings, id, d)
}

// userURL is a user's page for moderators.
func userURL(id int64, rest string) string { return fmt.Sprintf("%s/%d%s", moderationUsers, id, rest) }

// ownedURL is the mailings of a user, of a state or all.
func ownedURL(userID int64, state string) string {
	url := fmt.Sprintf("%s?owner=%d", moderationMailings, userID)
	if state != "" {
		url += "&state=" + state
	}
	return url
}

// emailOf is a user's address.
func (s *Web) emailOf(v *visit, id int64) (string, error) {
	emails, err := s.Accounts.Emails(v.Context(), v.actor, []int64{id})
	return emails[id], err
}

// ownerOf is the address of whose something is; empty where that is the
// visitor.
func (s *Web) ownerOf(v *visit, owner int64) (string, error) {
	if v.owns(owner) {
		return "", nil
	}
	return s.emailOf(v, owner)
}
