package account

import (
	"slices"

	"gonets/internal/account/group"
	"gonets/internal/fault"
)

// Role is what a user is to the service, in a word. It follows from the groups
// they are in, is there to be shown, and decides nothing: permissions do.
type Role string

// The roles.
const (
	RoleUser      Role = "user"
	RoleModerator Role = "moderator" // in the group of moderators
	RoleAdmin     Role = "admin"     // in the group of administrators
)

// Valid reports whether r is one of the three.
func (r Role) Valid() bool { return r == RoleUser || r == RoleModerator || r == RoleAdmin }

// groups are those that make a user the role's.
func (r Role) groups() []string {
	switch r {
	case RoleModerator:
		return []string{group.Moderators}
	case RoleAdmin:
		return []string{group.Administrators}
	default:
		return nil
	}
}

// roleOf is the highest role that the groups give.
func roleOf(groups []string) Role {
	switch {
	case slices.Contains(groups, group.Administrators):
		return RoleAdmin
	case slices.Contains(groups, group.Moderators):
		return RoleModerator
	default:
		return RoleUser
	}
}

// Action is what somebody wants to do: "kind.verb". An edit is everything that
// an owner does to the object: make, change, delete, start, pause. Its name is
// also that of the permission to do it to what is not one's own.
type Action string

const (
	RecipientView  Action = "recipient.view"
	RecipientEdit  Action = "recipient.edit" // also import
	MessageView    Action = "message.view"
	MessageEdit    Action = "message.edit"
	MailingView    Action = "mailing.view" // with its runs, deliveries and attempts
	MailingEdit    Action = "mailing.edit"
	MailingDisable Action = "mailing.disable" // and enable

	UserView   Action = "user.view" // also list
	UserCreate Action = "user.create"
	UserEdit   Action = "user.edit" // password, language, time zone
	UserVerify Action = "user.verify"
	UserBlock  Action = "user.block" // and unblock
	UserDelete Action = "user.delete"
	UserGroup  Action = "user.group" // who is in which group

	GroupView Action = "group.view"
	GroupEdit Action = "group.edit" // what a group's members may do

	TokenView   Action = "token.view"
	TokenCreate Action = "token.create"
	TokenRevoke Action = "token.revoke"

	StatisticsView Action = "statistics.view" // of all mailings of a user, or of the service

	ArticleEdit Action = "article.edit" // everybody may read
	AuditView   Action = "audit.view"
	ServiceView Action = "service.view" // the sandbox inbox, metrics, health
	ServiceEdit Action = "service.edit" // settings
)

// Object is what an action is done to.
type Object struct {
	Kind  string // the action's own: "mailing"; may be empty
	Owner int64  // the user it belongs to; 0: nobody's, so permissions alone decide

	Permissions Permissions // of a user who is the object; none for everything else
}

// rule says who may do an action.
type rule struct {
	action  Action
	owner   bool // whoever the object belongs to
	granted bool // whoever has the permission; otherwise no group can give it
	// others: never to oneself or one's own, and only to users who may do less
	// than oneself; who decides about groups may do it to their equals, too.
	others bool
	view   Action // the action that says whether the object may be seen at all
}

// policy is the whole policy, an action a line. The order means nothing.
var policy = [...]rule{
	// Nobody but the owner sees a recipient whole, or touches what is theirs.
	{action: RecipientView, owner: true, view: RecipientView},
	{action: RecipientEdit, owner: true, view: RecipientView},
	{action: MessageView, owner: true, view: MessageView},
	{action: MessageEdit, owner: true, view: MessageView},
	{action: MailingView, owner: true, granted: true, view: MailingView},
	{action: MailingEdit, owner: true, view: MailingView},
	{action: MailingDisable, granted: true, others: true, view: MailingView},

	{action: UserView, owner: true, granted: true, view: UserView},
	{action: UserCreate, granted: true, view: UserView},
	{action: UserEdit, owner: true, view: UserView},
	{action: UserVerify, granted: true, others: true, view: UserView},
	{action: UserBlock, granted: true, others: true, view: UserView},
	{action: UserDelete, granted: true, others: true, view: UserView},
	{action: UserGroup, granted: true, others: true, view: UserView},

	{action: GroupView, granted: true, view: GroupView},
	{action: GroupEdit, granted: true, view: GroupView},

	{action: TokenView, owner: true, granted: true, view: TokenView},
	{action: TokenCreate, owner: true, view: TokenView}, // a token acts as its owner
	{action: TokenRevoke, owner: true, granted: true, view: TokenView},

	{action: ArticleEdit, granted: true, view: ArticleEdit},
	{action: AuditView, granted: true, view: AuditView},
	{action: StatisticsView, owner: true, granted: true, view: StatisticsView},
	{action: ServiceView, granted: true, view: ServiceView},
	{action: ServiceEdit, granted: true, view: ServiceView},
}

// A set of permissions has a bit for each line of the policy.
const _ = uint(64 - len(policy))

// places are where actions stand in the policy.
var places = func() map[Action]int {
	m := make(map[Action]int, len(policy))
	for i, r := range policy {
		m[r.action] = i
	}
	return m
}()

// place is where an action stands in the policy: below 0 where it does not.
func place(a Action) int {
	if i, known := places[a]; known {
		return i
	}
	return -1
}

// Can is the one policy. Nobody (an Actor without ID) may do nothing, the
// command line everything, and what the policy does not name nobody.
func Can(actor Actor, action Action, object Object) bool {
	i := place(action)
	switch {
	case i < 0:
		return false
	case actor.System:
		return true
	case actor.ID == 0:
		return false
	}
	r, own := policy[i], object.Owner == actor.ID
	if r.owner && own {
		return true
	}
	if !actor.Permissions.Has(action) {
		return false
	}
	return !r.others || !own && actor.outranks(object.Permissions)
}

// outranks reports whether the actor may do more than somebody with these
// permissions, or at least as much and decides about groups, so that
// administrators can part from each other.
func (a Actor) outranks(p Permissions) bool {
	return a.Permissions.Contain(p) && (a.Permissions != p || a.Permissions.Has(UserGroup))
}

// Check is Can as an error: nil; "not there" where the actor may not even see
// the object; "forbidden" where they see it, or where the object is nobody's
// and so hides nothing.
func Check(actor Actor, action Action, object Object) error {
	if Can(actor, action, object) {
		return nil
	}
	if i := place(action); object.Owner == 0 || i >= 0 && Can(actor, policy[i].view, object) {
		return fault.Denied()
	}
	return fault.Missing()
}
