package web

import (
	"fmt"
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

func TestInviteInTheBrowser(t *testing.T) {
	eachDesk(t, func(k *desk) {
		mod, admin := k.user("mod", account.RoleModerator, "en"), k.user("root", account.RoleAdmin, "en")
		form := adminUsers + "/new"
		mod.get(moderationUsers).hides(form)
		mod.get(form).status(http.StatusForbidden)
		mod.post(adminUsers, url.Values{"email": {"x@users.example"}}).status(http.StatusForbidden)
		admin.get(moderationUsers).shows(form)
		admin.get(form).status(http.StatusOK).shows("Administrators", "Moderators", "Русский")
		admin.post(adminUsers, url.Values{"email": {"x@"}, "groups": {"moderators"}, "locale": {"ru"}}).
			status(http.StatusUnprocessableEntity).shows(`value="x@"`, `value="moderators" checked`, `value="ru" selected`, "field-email-problem")
		admin.post(adminUsers, url.Values{"email": {"root@gonets.example"}}).status(http.StatusUnprocessableEntity).shows("field-email-problem")
		to := admin.post(adminUsers, url.Values{"email": {"x@users.example"}, "groups": {"moderators"}, "locale": {"ru"}}).
			status(http.StatusSeeOther).header.Get("Location")
		admin.get(to).status(http.StatusOK).shows("The invitation to x@users.example is on its way.", "Moderator", "Send the invitation again")
		var id int64
		if _, err := fmt.Sscanf(to, moderationUsers+"/%d", &id); err != nil {
			k.t.Fatalf("%s: %v", to, err)
		}
		mod.get(to).hides("Send the invitation again")
		mod.post(adminURL(id, "invite"), nil).status(http.StatusForbidden)
		admin.post(adminURL(id, "invite"), nil).leads(to)
		admin.get(to).shows("The invitation is on its way once more.")
		admin.post(adminURL(id, "invite"), nil).leads(to)
		admin.post(adminURL(id, "invite"), nil).leads(to)
		admin.post(adminURL(id, "invite"), nil).status(http.StatusTooManyRequests)
		admin.post(adminURL(id, "verify"), nil).leads(to)
		admin.get(to).hides("Send the invitation again")
	})
}

func TestGroupsInTheBrowser(t *testing.T) {
	eachDesk(t, func(k *desk) {
		mod, admin := k.user("mod", account.RoleModerator, "en"), k.user("root", account.RoleAdmin, "en")
		permissions := func(names ...string) url.Values { return url.Values{"permissions": names} }
		mod.get(groupURL("moderators", "/edit")).status(http.StatusForbidden)
		mod.post(groupURL("moderators", ""), permissions("user.view")).status(http.StatusForbidden)
		admin.get(adminGroups).shows(adminGroups+"/new", groupURL("moderators", "/edit")).hides(groupURL("administrators", "/edit"))
		admin.get(adminGroups + "/new").status(http.StatusOK).shows("Write articles")
		admin.post(adminGroups, url.Values{"name": {"Ed"}, "permissions": {"article.edit"}}).
			status(http.StatusUnprocessableEntity).shows("field-name-problem", `value="Ed"`, `value="article.edit" checked`)
		admin.post(adminGroups, url.Values{"name": {" editors "}, "permissions": {"article.edit"}}).leads(adminGroups)
		admin.get(adminGroups).shows("The group “editors” is saved.", groupURL("editors", ""))
		admin.get(groupURL("editors", "/edit")).status(http.StatusOK).shows(`value="article.edit" checked`, groupURL("editors", "/delete")).hides(`value="user.view" checked`)
		admin.post(groupURL("editors", ""), nil).status(http.StatusUnprocessableEntity).shows("field-permissions-problem")
		admin.post(groupURL("editors", ""), permissions("user.view")).leads(adminGroups)
		admin.get(groupURL("editors", "/edit")).shows(`value="user.view" checked`)
		admin.post(groupURL("administrators", ""), permissions("user.view")).status(http.StatusConflict).shows("lock everybody out")
		admin.get(groupURL("moderators", "/edit")).status(http.StatusOK).hides("/delete")
		admin.post(groupURL("moderators", "/delete"), nil).leads(adminGroups)
		admin.get(adminGroups).shows("The service needs this group", groupURL("moderators", ""))
		admin.post(groupURL("editors", "/delete"), nil).leads(adminGroups)
		admin.get(adminGroups).shows("The group is deleted.").hides(groupURL("editors", "/edit"))
		admin.get(groupURL("editors", "/edit")).status(http.StatusNotFound)
	})
}
