package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/account/group"
	"gonets/internal/fault"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// groupChoices are the groups that the visitor may see, to choose from.
func (s *Web) groupChoices(v *visit) ([]ui.Option, error) {
	if !account.Can(v.actor, account.GroupView, account.Object{}) {
		return nil, nil
	}
	groups, err := s.Accounts.Groups(v.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	options := make([]ui.Option, len(groups))
	for i, g := range groups {
		options[i] = ui.Option{Value: g.Name, Label: groupName(v.view, g.Name)}
	}
	return options, nil
}

// groupName is what a group is called: the two of the service in the visitor's
// language, others as their file has it.
func groupName(view ui.View, name string) string {
	switch name {
	case group.Administrators:
		return view.T("group.name.administrators")
	case group.Moderators:
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

// groupsPage are all groups with what their members may do.
type groupsPage struct {
	layout.Page

	Rows []account.Group
	Edit bool // the visitor may change them
}

func (s *Web) groupList(v *visit) error {
	groups, err := s.Accounts.Groups(v.Context(), v.actor)
	if err != nil {
		return err
	}
	p := groupsPage{Page: v.page(v.t("layout.admin_groups"), layout.AdminGroups), Rows: groups}
	p.Edit = account.Can(v.actor, account.GroupEdit, account.Object{})
	return v.render(http.StatusOK, groupsTempl(p))
}

// membersURL are the users of a group.
func membersURL(name string) string {
	return moderationUsers + "?" + url.Values{"group": {name}}.Encode()
}

func groupURL(name, rest string) string { return adminGroups + "/" + url.PathEscape(name) + rest }

// groupPage is the form of a group, as it was filled in.
type groupPage struct {
	layout.Page

	Group  string // the one that is changed; empty: a new one
	Name   string
	Chosen []string // permissions
	Form   ui.Form
}

func (p *groupPage) url() string {
	if p.Group == "" {
		return adminGroups
	}
	return groupURL(p.Group, "")
}

// permissions are what can be given to a group.
func (p *groupPage) permissions() []ui.Option {
	var options []ui.Option
	for _, action := range account.Everything().Actions() {
		options = append(options, ui.Option{Value: string(action), Label: p.T("permission." + string(action))})
	}
	return options
}

// deletable says that the service can do without the group.
func (p *groupPage) deletable() bool {
	return p.Group != "" && p.Group != group.Administrators && p.Group != group.Moderators
}

// deleteAsk asks whether to delete the group.
func (p *groupPage) deleteAsk() ui.Ask {
	name := groupName(p.View, p.Group)
	return ui.Ask{
		ID: "delete", Action: groupURL(p.Group, "/delete"), Label: p.T("common.delete"), Icon: ui.IconTrash, Danger: true,
		Question: p.T("group.delete_ask", "Name", name), Text: p.T("group.delete_text"),
	}
}

// newGroupPage is the form for who may change groups; name is empty for a new
// one.
func (v *visit) newGroupPage(name string) (groupPage, error) {
	if err := account.Check(v.actor, account.GroupEdit, account.Object{Kind: "group"}); err != nil {
		return groupPage{}, err
	}
	title := v.t("group.new")
	if name != "" {
		title = groupName(v.view, name)
	}
	return groupPage{Page: v.page(title, layout.AdminGroups), Group: name, Form: ui.NewForm(v.view, nil)}, nil
}

func (s *Web) groupNew(v *visit) error {
	p, err := v.newGroupPage("")
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, groupTempl(p))
}

func (s *Web) groupForm(v *visit) error {
	p, err := v.newGroupPage(chi.URLParam(v.Request, "name"))
	if err != nil {
		return err
	}
	groups, err := s.Accounts.Groups(v.Context(), v.actor)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(groups, func(g account.Group) bool { return g.Name == p.Group })
	if i < 0 {
		return fault.Missing()
	}
	for _, action := range groups[i].Permissions.Actions() {
		p.Chosen = append(p.Chosen, string(action))
	}
	return v.render(http.StatusOK, groupTempl(p))
}

func (s *Web) groupCreate(v *visit) error {
	name := strings.TrimSpace(v.PostFormValue("name"))
	return v.saveGroup("", name, func(actions []account.Action) error {
		return s.Accounts.CreateGroup(v.Context(), v.actor, name, actions)
	})
}

func (s *Web) groupUpdate(v *visit) error {
	name := chi.URLParam(v.Request, "name")
	return v.saveGroup(name, name, func(actions []account.Action) error {
		return s.Accounts.UpdateGroup(v.Context(), v.actor, name, actions)
	})
}

// saveGroup does it with the permissions that are ticked.
func (v *visit) saveGroup(old, name string, save func([]account.Action) error) error {
	p, err := v.newGroupPage(old)
	if err != nil {
		return err
	}
	p.Name, p.Chosen = name, slices.Clone(v.PostForm["permissions"])
	actions := make([]account.Action, len(p.Chosen))
	for i, action := range p.Chosen {
		actions[i] = account.Action(action)
	}
	if err := save(actions); err != nil {
		return v.invalid(err, func(f ui.Form) templ.Component { p.Form = f; return groupTempl(p) })
	}
	v.flash(ui.Green, "group.saved", "Name", groupName(v.view, name))
	return v.redirect(adminGroups)
}

func (s *Web) groupDelete(v *visit) error {
	err := s.Accounts.DeleteGroup(v.Context(), v.actor, chi.URLParam(v.Request, "name"))
	return v.did(err, "group.deleted", adminGroups)
}
