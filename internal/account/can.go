package account

import "gonets/internal/fault"

// Role is what a user is to the service.
type Role string

const (
	RoleUser      Role = "user"
	RoleModerator Role = "moderator" // a user who keeps order
	RoleAdmin     Role = "admin"     // a moderator who runs the service
)

// Valid reports whether r is one of the three.
func (r Role) Valid() bool { return r == RoleUser || r == RoleModerator || r == RoleAdmin }

// rank orders the roles; an unknown one is below all.
func (r Role) rank() int {
	switch r {
	case RoleUser:
		return 1
	case RoleModerator:
		return 2
	case RoleAdmin:
		return 3
	default:
		return 0
	}
}

// Action is what somebody wants to do: "kind.verb". An edit is everything that
// an owner does to the object: make, change, delete, start, pause.
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
	UserEdit   Action = "user.edit"  // password, language, time zone
	UserBlock  Action = "user.block" // and unblock
	UserRole   Action = "user.role"

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
	Owner int64  // the user it belongs to; 0: nobody's, so the role alone decides
	Role  Role   // of a user that is the object; empty for everything else
}

// rule says who may do an action.
type rule struct {
	owner bool // whoever the object belongs to
	role  Role // and everybody of this role or above; empty: nobody else
	// others: never to oneself, and only to users of a lower role than one's
	// own, except that admins may do it to each other.
	others bool
	view   Action // the action that says whether the object may be seen at all
}

// rules are the whole policy.
var rules = map[Action]rule{
	RecipientView:  {owner: true, view: RecipientView},
	RecipientEdit:  {owner: true, view: RecipientView},
	MessageView:    {owner: true, view: MessageView},
	MessageEdit:    {owner: true, view: MessageView},
	MailingView:    {owner: true, role: RoleModerator, view: MailingView},
	MailingEdit:    {owner: true, view: MailingView},
	MailingDisable: {role: RoleModerator, view: MailingView},

	UserView:   {owner: true, role: RoleModerator, view: UserView},
	UserCreate: {role: RoleAdmin, view: UserView},
	UserEdit:   {owner: true, view: UserView},
	UserBlock:  {role: RoleModerator, others: true, view: UserView},
	UserRole:   {role: RoleAdmin, others: true, view: UserView},

	TokenView:   {owner: true, role: RoleAdmin, view: TokenView},
	TokenCreate: {owner: true, view: TokenView}, // a token acts as its owner
	TokenRevoke: {owner: true, role: RoleAdmin, view: TokenView},

	StatisticsView: {owner: true, role: RoleModerator, view: StatisticsView},

	ArticleEdit: {role: RoleAdmin, view: ArticleEdit},
	AuditView:   {role: RoleAdmin, view: AuditView},
	ServiceView: {role: RoleAdmin, view: ServiceView},
	ServiceEdit: {role: RoleAdmin, view: ServiceView},
}

// Can is the one policy. Nobody (an Actor without ID) may do nothing, the
// command line everything, and what the rules do not name nobody.
func Can(actor Actor, action Action, object Object) bool {
	r, known := rules[action]
	switch {
	case !known:
		return false
	case actor.System:
		return true
	case actor.ID == 0:
		return false
	}
	own := object.Owner == actor.ID
	if r.owner && own {
		return true
	}
	if r.role == "" || actor.Role.rank() < r.role.rank() {
		return false
	}
	if !r.others {
		return true
	}
	return !own && (object.Role.rank() < actor.Role.rank() || actor.Role == RoleAdmin)
}

// Check is Can as an error: nil; "not there" where the actor may not even see
// the object; "forbidden" where they see it, or where the object is nobody's
// and so hides nothing.
func Check(actor Actor, action Action, object Object) error {
	switch {
	case Can(actor, action, object):
		return nil
	case object.Owner == 0 || Can(actor, rules[action].view, object):
		return fault.Denied()
	default:
		return fault.Missing()
	}
}
