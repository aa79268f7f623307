package account

import (
	"strings"
)

// Permissions are a set of actions that somebody may do to what is not their
// own. The zero value is none; two sets may be compared.
type Permissions uint64

// Grants is the set of these actions. What may never be granted is left out.
func Grants(actions ...Action) (p Permissions) {
	for _, a := range actions {
		if i := place(a); i >= 0 && policy[i].granted {
			p |= 1 << i
		}
	}
	return p
}

// Everything is every permission that can be granted.
func Everything() (p Permissions) {
	for _, r := range &policy {
		p |= Grants(r.action)
	}
	return p
}

// Has reports whether the action is in the set.
func (p Permissions) Has(a Action) bool {
	one := Grants(a)
	return one != 0 && p.Contain(one)
}

// Contain reports whether all of q is in the set.
func (p Permissions) Contain(q Permissions) bool { return p&q == q }

// Actions are those of the set, in the order of the policy.
func (p Permissions) Actions() (actions []Action) {
	for i, r := range &policy {
		if p&(1<<i) != 0 {
			actions = append(actions, r.action)
		}
	}
	return actions
}

// readPermissions reads names with spaces between them. A name that this
// version does not know grants nothing.
func readPermissions(names string) (p Permissions) {
	for name := range strings.FieldsSeq(names) {
		p |= Grants(Action(name))
	}
	return p
}

// grantable says why a permission can't be given to a group: the key of a
// sentence, or nothing where it can.
func grantable(name string) (key string) {
	switch i := place(Action(name)); {
	case i < 0:
		return "group.unknown"
	case !policy[i].granted:
		return "group.own_only"
	default:
		return ""
	}
}
