package account_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/account/group"
	"gonets/internal/audit"
	"gonets/internal/fault"
)

func TestMembersMayWhatTheirGroupsMay(t *testing.T) {
	each(t, func(w *world) {
		user := w.user("anna@example.org", account.RoleUser)
		admin := w.user("admin@example.org", account.RoleAdmin).Actor()
		token, err := w.CreateToken(w.ctx, user.Actor(), user.ID, "")
		w.must(err)

		_, err = w.SetGroups(w.ctx, admin, user.ID, []string{"emperors"})
		w.wantFields(err, "groups group.missing")
		for range 2 {
			u, err := w.SetGroups(w.ctx, admin, user.ID, []string{group.Moderators, group.Moderators})
			w.must(err)
			if u.Role != account.RoleModerator || !slices.Equal(u.Groups, []string{group.Moderators}) || !u.Permissions.Has(account.MailingDisable) {
				t.Errorf("got %+v", u)
			}
			if u.SessionEpoch != user.SessionEpoch+1 {
				t.Errorf("got epoch %d: the session of before goes on", u.SessionEpoch)
			}
		}
		_, err = w.ActorFor(w.ctx, user.ID, user.SessionEpoch)
		w.wantKey(err, fault.Unauthenticated, "error.unauthenticated")
		actor, err := w.ActorByToken(w.ctx, token)
		w.must(err)
		if !account.Can(actor, account.MailingView, account.Object{Owner: admin.ID}) {
			t.Errorf("got %+v", actor)
		}

		u, err := w.Join(w.ctx, admin, user.ID, group.Administrators)
		w.must(err)
		if u.Role != account.RoleAdmin || u.Permissions != account.Everything() {
			t.Errorf("got %+v", u)
		}
		u, err = w.Leave(w.ctx, admin, user.ID, group.Moderators)
		w.must(err)
		if u.Role != account.RoleAdmin || len(u.Groups) != 1 {
			t.Errorf("got %+v", u)
		}
		entries, _, err := audit.List(w.ctx, w.db.Read(), audit.Filter{Action: string(account.UserGroup)})
		w.must(err)
		if len(entries) != 3 || entries[2].Reason != "+moderators" || entries[0].Reason != "-moderators" {
			t.Errorf("got %+v", entries)
		}
	})
}

func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.LoadGroups(w.ctx, account.CommandLine(), []byte(`[
			{"name": "hosts", "permissions": ["user.view", "user.create", "user.group", "group.edit", "article.edit"]},
			{"name": "editors", "permissions": ["article.edit"]}]`))
		w.must(err)
		user := w.user("anna@example.org", account.RoleUser)
		admin := w.user("admin@example.org", account.RoleAdmin)
		host := w.user("host@example.org", account.RoleUser)
		host, err = w.Join(w.ctx, account.CommandLine(), host.ID, "hosts")
		w.must(err)
		by := host.Actor()
		if host.Role != account.RoleUser {
			t.Errorf("got %s", host.Role)
		}

		_, err = w.Join(w.ctx, by, user.ID, "editors")
		w.must(err)
		for name, act := range map[string]func() error{
			"make a moderator":        func() error { _, err := w.Join(w.ctx, by, user.ID, group.Moderators); return err },
			"unmake an administrator": func() error { _, err := w.Leave(w.ctx, by, admin.ID, group.Administrators); return err },
			"join":                    func() error { _, err := w.Join(w.ctx, by, by.ID, "editors"); return err },
			"create an administrator": func() error {
				_, err := w.Create(w.ctx, by, account.NewUser{Email: "x@example.org", Password: password, Role: account.RoleAdmin})
				return err
			},
			"widen their own group": func() error {
				_, err := w.LoadGroups(w.ctx, by, []byte(`[{"name": "hosts", "permissions": ["audit.view"]}]`))
				return err
			},
			"disarm the administrators": func() error {
				_, err := w.LoadGroups(w.ctx, by, []byte(`[{"name": "administrators", "permissions": []}]`))
				return err
			},
		} {
			if err := act(); !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		_, err = w.LoadGroups(w.ctx, user.Actor(), []byte(`[]`))
		w.wantKey(err, fault.Forbidden, "error.forbidden")
		_, err = w.Groups(w.ctx, user.Actor())
		w.wantKey(err, fault.Forbidden, "error.forbidden")
	})
}

func TestLoadGroups(t *testing.T) {
	each(t, func(w *world) {
		root := account.CommandLine()
		file := []byte(`[{"name": "moderators", "permissions": ["mailing.view"]}, {"name": "editors", "permissions": ["article.edit"]}]`)
		mod := w.user("mod@example.org", account.RoleModerator)
		for _, want := range []int{2, 0} { // the second time, nothing is left to do
			changed, err := w.LoadGroups(w.ctx, root, file)
			w.must(err)
			if changed != want {
				t.Errorf("got %d, want %d", changed, want)
			}
		}
		after, err := w.Get(w.ctx, root, mod.ID)
		w.must(err)
		if after.SessionEpoch != mod.SessionEpoch+1 || after.Permissions != account.Grants(account.MailingView) {
			t.Errorf("got %+v", after)
		}
		w.must(group.Migrate(w.db)(w.ctx)) // the fixture has not changed: ours holds
		groups, err := w.Groups(w.ctx, root)
		w.must(err)
		if got := fmt.Sprint(groups[0].Name, " ", groups[1].Name, " ", groups[1].Permissions.Actions(), groups[1].Members, " ", groups[2].Name); got !=
			"administrators moderators [mailing.view] 1 editors" {
			t.Errorf("got %s", got)
		}

		_, err = w.LoadGroups(w.ctx, root, []byte("[{\"name\": \"a\", \"permissions\": [\n\"recipient.view\",\n\"cake.eat\"]}]"))
		w.wantFields(err, "file group.own_only", "file group.unknown")
		if e, _ := errors.AsType[*fault.Error](err); e.Fields[0].Args["Line"] != 2 || e.Fields[1].Args["Line"] != 3 {
			t.Errorf("got %+v", e.Fields)
		}
	})
}

func TestLastAdministratorStays(t *testing.T) {
	each(t, func(w *world) {
		root := account.CommandLine()
		last := w.user("admin@example.org", account.RoleAdmin)
		_, err := w.Create(w.ctx, root, account.NewUser{Email: "waits@example.org", Password: password, Role: account.RoleAdmin})
		w.must(err) // has not confirmed the address, so can't help
		w.letter()

		_, err = w.Leave(w.ctx, root, last.ID, group.Administrators)
		w.wantKey(err, fault.Conflict, "account.last_admin")
		_, err = w.Block(w.ctx, root, last.ID, "reason")
		w.wantKey(err, fault.Conflict, "account.last_admin")

		other := w.user("other@example.org", account.RoleAdmin)
		failed := make(chan error, 2)
		for _, pair := range [][2]account.User{{last, other}, {other, last}} {
			go func() {
				_, err := w.Leave(w.ctx, pair[0].Actor(), pair[1].ID, group.Administrators)
				failed <- err
			}()
		}
		var refused []string
		for range 2 {
			if err := <-failed; err != nil {
				refused = append(refused, err.Error())
			}
		}
		if len(refused) != 1 || !strings.Contains(refused[0], "account.last_admin") {
			t.Errorf("got %v", refused)
		}
	})
}

func TestConfirm(t *testing.T) {
	each(t, func(w *world) {
		admin := w.user("admin@example.org", account.RoleAdmin).Actor()
		w.register("anna@example.org")
		token := w.letter().token(t)
		anna, err := w.ByEmail(w.ctx, admin, "anna@example.org")
		w.must(err)
		_, err = w.Confirm(w.ctx, w.user("mod@example.org", account.RoleModerator).Actor(), anna.ID)
		w.wantKey(err, fault.Forbidden, "error.forbidden")
		u, err := w.Confirm(w.ctx, admin, anna.ID)
		w.must(err)
		if u.State() != account.Active {
			t.Errorf("got %s", u.State())
		}
		_, err = w.Confirm(w.ctx, admin, anna.ID)
		w.wantKey(err, fault.Conflict, "account.already_verified")
		_, err = w.Verify(w.ctx, token)
		w.wantKey(err, fault.NotFound, "account.link_spent")

		list, _, err := w.List(w.ctx, admin, account.Filter{Group: group.Moderators})
		w.must(err)
		if len(list) != 1 || list[0].Email != "mod@example.org" {
			t.Errorf("got %+v", list)
		}
	})
}

func TestChangeGroups(t *testing.T) {
	each(t, func(w *world) {
		admin := w.user("admin@example.org", account.RoleAdmin).Actor()
		edit := []account.Action{account.ArticleEdit, account.AuditView, account.ArticleEdit}

		w.wantFields(w.CreateGroup(w.ctx, admin, "Ed", nil), "name group.name_form", "permissions group.no_permission")
		w.wantFields(w.CreateGroup(w.ctx, admin, "editors", []account.Action{account.RecipientView, "cake.eat"}), "permissions error.choice")
		w.must(w.CreateGroup(w.ctx, admin, "editors", edit))
		w.wantFields(w.CreateGroup(w.ctx, admin, "editors", edit), "name group.name_taken")

		member := w.user("anna@example.org", account.RoleUser)
		member, err := w.Join(w.ctx, admin, member.ID, "editors")
		w.must(err)
		if member.Permissions != account.Grants(edit...) {
			t.Errorf("got %v", member.Permissions.Actions())
		}
		w.wantKey(w.UpdateGroup(w.ctx, member.Actor(), "editors", edit), fault.Forbidden, "error.forbidden")
		w.must(w.UpdateGroup(w.ctx, admin, "editors", edit[:1]))
		w.wantKey(w.UpdateGroup(w.ctx, admin, "kings", edit), fault.NotFound, "error.not_found")
		w.wantKey(w.UpdateGroup(w.ctx, admin, group.Administrators, edit), fault.Conflict, "group.administrators_kept")

		w.wantKey(w.DeleteGroup(w.ctx, member.Actor(), "editors"), fault.Forbidden, "error.forbidden")
		for _, name := range []string{group.Moderators, group.Administrators} {
			w.wantKey(w.DeleteGroup(w.ctx, admin, name), fault.Conflict, "group.kept")
		}
		w.must(w.DeleteGroup(w.ctx, admin, "editors"))
		w.wantKey(w.DeleteGroup(w.ctx, admin, "editors"), fault.NotFound, "error.not_found")
		after, err := w.Get(w.ctx, admin, member.ID)
		w.must(err)
		if len(after.Groups) != 0 || after.Permissions != 0 || after.SessionEpoch != member.SessionEpoch+2 {
			t.Errorf("got %+v after epoch %d", after, member.SessionEpoch)
		}
		entries, _, err := audit.List(w.ctx, w.db.Read(), audit.Filter{ObjectKind: "group"})
		w.must(err)
		if len(entries) != 3 || entries[0].Action != "group.delete" || entries[1].Reason != "article.edit" || entries[2].Reason != "article.edit audit.view" {
			t.Errorf("got %+v", entries)
		}
	})
}

// TestNobodyChangesAGroupBeyondThem: neither what it could do, nor what it
// shall.
func TestNobodyChangesAGroupBeyondThem(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.CreateGroup(w.ctx, account.CommandLine(), "hosts", []account.Action{account.GroupView, account.GroupEdit, account.ArticleEdit}))
		u := w.user("host@example.org", account.RoleUser)
		u, err := w.Join(w.ctx, account.CommandLine(), u.ID, "hosts")
		w.must(err)
		host := u.Actor()
		w.must(w.CreateGroup(w.ctx, host, "editors", []account.Action{account.ArticleEdit}))
		for name, err := range map[string]error{
			"make one":  w.CreateGroup(w.ctx, host, "blockers", []account.Action{account.UserBlock}),
			"widen one": w.UpdateGroup(w.ctx, host, "editors", []account.Action{account.UserBlock}),
			"take from": w.UpdateGroup(w.ctx, host, group.Moderators, []account.Action{account.ArticleEdit}),
		} {
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}
