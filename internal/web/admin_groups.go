package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

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

// adminRoutes are the administration of users. The list of users and the page
// of each are those of the moderators, with more on them.
func (s *Web) adminRoutes(r chi.Router) {
	r.Post(adminUsers+"/{id}/groups", s.member(s.regroup))
	r.Post(adminUsers+"/{id}/verify", s.member(s.confirm))
	r.Get(adminGroups, s.member(s.groupList))
}

// adminURL is where something is done to a user.
func adminURL(id int64, verb string) string { return fmt.Sprintf("%s/%d/%s", adminUsers, id, verb) }

// groupOptions are groups as choices.
func groupOptions(view ui.View, groups []account.Group) []ui.Option {
	options := make([]ui.Option, len(groups))
	for i, g := range groups {
		options[i] = ui.Option{Value: g.Name, Label: groupName(view, g.Name)}
	}
	return options
}

// groupName is what a group is called: the two of the service in the visitor's
// language, others as their file has it.
func groupName(view ui.View, name string) string {
	switch name {
	case "administrators":
		return view.T("group.name.administrators")
	case "moderators":
		return view.T("group.name.moderators")
	default:
		return name
	}
}

// groupNames are all groups of a user in one line.
func groupNames(view ui.View, names []string) string {
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = groupName(view, name)
	}
	return strings.Join(shown, ", ")
}

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

// groupsPage are all groups with what their members may do.
type groupsPage struct {
	layout.Page

	Rows []account.Group
}

func (s *Web) groupList(v *visit) error {
	groups, err := s.Accounts.Groups(v.Context(), v.actor)
	if err != nil {
		return err
	}
	p := groupsPage{Page: v.page(v.t("layout.admin_groups"), layout.AdminGroups), Rows: groups}
	return v.render(http.StatusOK, groupsTempl(p))
}

// membersURL are the users of a group.
func membersURL(name string) string {
	return moderationUsers + "?" + url.Values{"group": {name}}.Encode()
}
