package account_test

import (
	"os"
	"testing"

	"gonets/internal/account"
	"gonets/internal/account/group"
	"gonets/internal/fault"
)

// rights are what the groups of the service give to a role.
func rights(t *testing.T, role account.Role) (p account.Permissions) {
	t.Helper()
	fixture, err := os.ReadFile("group/groups.json")
	if err != nil {
		t.Fatal(err)
	}
	groups, err := group.Parse(fixture, func(name string) string {
		if account.Grants(account.Action(name)) == 0 {
			t.Errorf("the fixture names %s, which grants nothing", name)
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	of := map[account.Role]string{account.RoleModerator: group.Moderators, account.RoleAdmin: group.Administrators}
	for _, g := range groups {
		for _, name := range g.Permissions {
			if g.Name == of[role] {
				p |= account.Grants(account.Action(name))
			}
		}
	}
	return p
}

func TestAdministratorsMayAllThatCanBeGranted(t *testing.T) {
	if got, want := rights(t, account.RoleAdmin), account.Everything(); got != want {
		t.Errorf("got %v, want %v", got.Actions(), want.Actions())
	}
	if got := rights(t, account.RoleUser); got != 0 {
		t.Errorf("got %v for a user", got.Actions())
	}
}

// The whole policy, as a person would say it.
func TestCan(t *testing.T) {
	const me, other = 7, 8
	own, foreign, all := account.Object{Owner: me}, account.Object{Owner: other}, account.Object{}
	whose := func(role account.Role) account.Object {
		return account.Object{Kind: "user", Owner: other, Permissions: rights(t, role)}
	}

	const none = account.Role("")
	// from is the lowest role that may; none: no role may.
	for _, tt := range []struct {
		name   string
		action account.Action
		object account.Object
		from   account.Role
	}{
		{"own recipients", account.RecipientView, own, account.RoleUser},
		{"edit own recipients", account.RecipientEdit, own, account.RoleUser},
		{"foreign recipients", account.RecipientView, foreign, none},
		{"edit foreign recipients", account.RecipientEdit, foreign, none},
		{"all recipients", account.RecipientView, all, none},

		{"own messages", account.MessageView, own, account.RoleUser},
		{"edit own messages", account.MessageEdit, own, account.RoleUser},
		{"foreign messages", account.MessageView, foreign, none},
		{"edit foreign messages", account.MessageEdit, foreign, none},

		{"own mailings", account.MailingView, own, account.RoleUser},
		{"edit own mailings", account.MailingEdit, own, account.RoleUser},
		{"foreign mailings", account.MailingView, foreign, account.RoleModerator},
		{"all mailings", account.MailingView, all, account.RoleModerator},
		{"edit foreign mailings", account.MailingEdit, foreign, none},
		{"disable own mailing", account.MailingDisable, own, none},
		{"disable foreign mailing", account.MailingDisable, foreign, account.RoleModerator},

		{"see oneself", account.UserView, own, account.RoleUser},
		{"see users", account.UserView, all, account.RoleModerator},
		{"edit oneself", account.UserEdit, own, account.RoleUser},
		{"edit a user", account.UserEdit, foreign, none},
		{"create a user", account.UserCreate, all, account.RoleAdmin},
		{"block a user", account.UserBlock, whose(account.RoleUser), account.RoleModerator},
		{"block a moderator", account.UserBlock, whose(account.RoleModerator), account.RoleAdmin},
		{"block an admin", account.UserBlock, whose(account.RoleAdmin), account.RoleAdmin},
		{"block oneself", account.UserBlock, own, none},
		{"put into a group", account.UserGroup, whose(account.RoleUser), account.RoleAdmin},
		{"put oneself into a group", account.UserGroup, own, none},

		{"own tokens", account.TokenView, own, account.RoleUser},
		{"make own token", account.TokenCreate, own, account.RoleUser},
		{"revoke own token", account.TokenRevoke, own, account.RoleUser},
		{"make another's token", account.TokenCreate, foreign, none},
		{"revoke another's token", account.TokenRevoke, foreign, account.RoleAdmin},

		{"confirm an address", account.UserVerify, whose(account.RoleUser), account.RoleAdmin},
		{"see groups", account.GroupView, all, account.RoleAdmin},
		{"change groups", account.GroupEdit, all, account.RoleAdmin},

		{"write articles", account.ArticleEdit, all, account.RoleAdmin},
		{"read the audit", account.AuditView, all, account.RoleAdmin},
		{"see the service", account.ServiceView, all, account.RoleAdmin},
		{"set the service up", account.ServiceEdit, all, account.RoleAdmin},
		{"what no rule names", "mailing.eat", own, none},
	} {
		allowed := false
		for _, role := range []account.Role{account.RoleUser, account.RoleModerator, account.RoleAdmin} {
			allowed = allowed || role == tt.from
			if got := account.Can(account.Actor{ID: me, Permissions: rights(t, role)}, tt.action, tt.object); got != allowed {
				t.Errorf("%s as %s: got %v, want %v", tt.name, role, got, allowed)
			}
		}
		if account.Can(account.Actor{}, tt.action, tt.object) {
			t.Errorf("%s: nobody may", tt.name)
		}
		if account.Can(account.Actor{ID: me, Role: account.RoleAdmin}, tt.action, tt.object) && tt.object.Owner != me {
			t.Errorf("%s: a role without permissions may", tt.name)
		}
		if got, want := account.Can(account.CommandLine(), tt.action, tt.object), tt.action != "mailing.eat"; got != want {
			t.Errorf("%s: got %v for the command line, want %v", tt.name, got, want)
		}
	}
}

// What belongs to a person alone can't be given away over them.
func TestOwnOnly(t *testing.T) {
	for _, action := range []account.Action{
		account.RecipientView, account.RecipientEdit, account.MessageView, account.MessageEdit,
		account.MailingEdit, account.UserEdit, account.TokenCreate,
	} {
		p := account.Grants(action)
		if p != 0 || account.Everything().Has(action) || p.Has(action) {
			t.Errorf("%s can be granted", action)
		}
	}
	if got := account.Grants(account.AuditView, account.MailingView).Actions(); len(got) != 2 || got[0] != account.MailingView {
		t.Errorf("got %v", got)
	}
}

func TestCheckHidesWhatMayNotBeSeen(t *testing.T) {
	user := account.Actor{ID: 7}
	moderator := account.Actor{ID: 9, Permissions: rights(t, account.RoleModerator)}
	for _, tt := range []struct {
		name   string
		actor  account.Actor
		action account.Action
		object account.Object
		want   fault.Kind
	}{
		{"own", user, account.MailingEdit, account.Object{Owner: 7}, ""},
		{"foreign and unseen", user, account.MailingEdit, account.Object{Owner: 8}, fault.NotFound},
		{"foreign and unseen", user, account.MailingDisable, account.Object{Owner: 8}, fault.NotFound},
		{"own, but the role may not", user, account.MailingDisable, account.Object{Owner: 7}, fault.Forbidden},
		{"foreign, seen", moderator, account.MailingEdit, account.Object{Owner: 8}, fault.Forbidden},
		{"foreign and unseen, also for moderators", moderator, account.RecipientView, account.Object{Owner: 8}, fault.NotFound},
		{"the role alone", user, account.UserBlock, account.Object{}, fault.Forbidden},
		{"oneself", moderator, account.UserBlock, account.Object{Owner: 9, Permissions: moderator.Permissions}, fault.Forbidden},
	} {
		err := account.Check(tt.actor, tt.action, tt.object)
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: got %v", tt.name, err)
			}
			continue
		}
		if !fault.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}
