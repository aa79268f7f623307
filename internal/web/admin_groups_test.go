package web

import (
	"net/http"
	"net/url"
	"testing"

	"gonets/internal/account"
)

func TestAdminGroups(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, mod := k.user("anna", account.RoleUser, "en"), k.user("mod", account.RoleModerator, "en")
		admin := k.user("root", account.RoleAdmin, "en")
		admin.get(moderationUsers).status(http.StatusOK).shows("anna@gonets.example", "root@gonets.example", "Administrators")
		admin.get(moderationUsers + "?group=moderators").status(http.StatusOK).shows("mod@gonets.example").hides("anna@gonets.example")
		admin.get(adminGroups).status(http.StatusOK).shows("Moderators", "Disable and enable mailings", "?group=moderators")
		for _, path := range []string{moderationUsers, adminGroups} {
			anna.get(path).status(http.StatusForbidden).hides("@gonets.example</a>")
		}
		mod.get(adminGroups).status(http.StatusForbidden)
		mod.get(moderationUsers + "?group=moderators").status(http.StatusOK).shows("anna@gonets.example").hides("All groups")
		mod.get(userURL(anna.actor.ID, "")).status(http.StatusOK).hides("Save groups")

		page := userURL(anna.actor.ID, "")
		admin.get(page).status(http.StatusOK).shows("Save groups").hides("Confirm the address")
		choose := func(names ...string) url.Values { return url.Values{"groups": names} }
		mod.post(adminURL(anna.actor.ID, "groups"), choose("moderators")).status(http.StatusForbidden)
		admin.post(adminURL(anna.actor.ID, "groups"), choose("moderators")).leads(page)
		admin.get(page).shows("Groups were saved", "Moderator")
		admin.post(adminURL(anna.actor.ID, "groups"), choose("kings")).leads(page)
		admin.get(page).shows("There is no group", "Moderator")
		admin.post(adminURL(anna.actor.ID, "groups"), nil).leads(page)
		admin.get(moderationUsers + "?group=moderators").hides("anna@gonets.example")
		admin.post(adminURL(admin.actor.ID, "groups"), nil).status(http.StatusForbidden)
		admin.post(adminURL(999, "groups"), nil).status(http.StatusNotFound)
	})
}
