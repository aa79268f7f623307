package account

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gonets/internal/account/group"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// Group is a name for permissions that its members have.
type Group struct {
	Name        string
	Permissions Permissions
	Members     int64
}

// Groups are all groups: those of the service first, then by name.
func (a *Accounts) Groups(ctx context.Context, actor Actor) ([]Group, error) {
	if err := Check(actor, GroupView, Object{Kind: "group"}); err != nil {
		return nil, err
	}
	rows, err := a.db.Read().Query(ctx, `SELECT
			name,
			coalesce((SELECT string_agg(p.permission, ' ') FROM group_permissions p WHERE p.group_id = groups.id), ''),
			(SELECT count(*) FROM group_members m WHERE m.group_id = groups.id)
		FROM groups ORDER BY CASE name WHEN $1 THEN 0 WHEN $2 THEN 1 ELSE 2 END, name`, group.Administrators, group.Moderators)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	defer rows.Close()
	var groups []Group
	for rows.Next() {
		var g Group
		var permissions string
		if err := rows.Scan(&g.Name, &permissions, &g.Members); err != nil {
			return nil, fmt.Errorf("list groups: %w", err)
		}
		g.Permissions = readPermissions(permissions)
		groups = append(groups, g)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return groups, nil
}

// LoadGroups adds the groups of a file, or gives those that exist the file's
// permissions; it answers with how many it changed. The form is that of
// group.Parse. Nobody gives a group more than they may do themselves. Members
// of a group that changes have to log in again. Errors: Invalid (file).
func (a *Accounts) LoadGroups(ctx context.Context, actor Actor, file []byte) (changed int, err error) {
	if err := Check(actor, GroupEdit, Object{Kind: "group"}); err != nil {
		return 0, err
	}
	groups, err := group.Parse(file, grantable)
	if err != nil {
		return 0, err
	}
	err = a.db.Tx(ctx, func(tx db.Tx) error {
		changed = 0
		for _, g := range groups {
			loaded, err := loadTx(ctx, tx, actor, g)
			if err != nil {
				return err
			}
			if loaded {
				changed++
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("load groups: %w", err)
	}
	return changed, nil
}

// loadTx loads one group; changed is false where nothing had to be.
func loadTx(ctx context.Context, tx db.Tx, actor Actor, g group.Group) (changed bool, err error) {
	// Neither what the group could do before may be beyond the actor, nor what
	// it can afterwards.
	if _, err := permittedTx(ctx, tx, actor, g.Name); err != nil && !fault.Is(err, fault.Invalid) {
		return false, err
	}
	changed, err = group.LoadTx(ctx, tx, g)
	if err != nil || !changed {
		return false, err
	}
	id, err := permittedTx(ctx, tx, actor, g.Name)
	if err != nil {
		return false, err
	}
	return true, audit.RecordTx(ctx, tx, actor.Entry(GroupEdit, "group", id, strings.Join(g.Permissions, " ")).Named(g.Name))
}

// CreateGroup makes a group whose members may do these actions. Nobody gives a
// group more than they may do themselves. Errors: Invalid (name, also where it
// is taken, permissions).
func (a *Accounts) CreateGroup(ctx context.Context, actor Actor, name string, actions []Action) error {
	var fields fault.Fields
	if !group.Named(name) {
		fields.Add("name", "group.name_form", nil)
	}
	return a.saveGroup(ctx, actor, name, actions, fields, func(tx db.Tx) error {
		made, err := group.CreateTx(ctx, tx, name)
		if err == nil && !made {
			err = fault.Fields{{Name: "name", Key: "group.name_taken", Args: fault.Args{"Name": name}}}.Err()
		}
		return err
	})
}

// UpdateGroup lets a group's members do these actions and no others. Members
// of a group that changes have to log in again. The administrators are changed
// by a file at the command line alone: here, the last of them could lock all
// out. Errors: NotFound, Invalid (permissions), Conflict (administrators).
func (a *Accounts) UpdateGroup(ctx context.Context, actor Actor, name string, actions []Action) error {
	return a.saveGroup(ctx, actor, name, actions, nil, func(tx db.Tx) error {
		if name == group.Administrators {
			return fault.New(fault.Conflict, "group.administrators_kept", nil)
		}
		_, err := groupTx(ctx, tx, actor, name)
		return err
	})
}

// saveGroup gives a group these permissions, where may has nothing against it.
func (a *Accounts) saveGroup(ctx context.Context, actor Actor, name string, actions []Action, fields fault.Fields, may func(tx db.Tx) error) error {
	if err := Check(actor, GroupEdit, Object{Kind: "group"}); err != nil {
		return err
	}
	g := group.Group{Name: name}
	for _, action := range actions {
		if key := grantable(string(action)); key != "" {
			fields.Add("permissions", "error.choice", nil)
			break
		}
		g.Permissions = append(g.Permissions, string(action))
	}
	if len(actions) == 0 {
		fields.Add("permissions", "group.no_permission", nil)
	}
	if err := fields.Err(); err != nil {
		return err
	}
	slices.Sort(g.Permissions)
	g.Permissions = slices.Compact(g.Permissions)
	err := a.db.Tx(ctx, func(tx db.Tx) error {
		if err := may(tx); err != nil {
			return err
		}
		_, err := loadTx(ctx, tx, actor, g)
		return err
	})
	if err != nil {
		return fmt.Errorf("save a group: %w", err)
	}
	return nil
}

// groupDelete is how the audit calls the act; who may change groups may also
// delete them.
const groupDelete Action = "group.delete"

// DeleteGroup takes a group, and with it what its members could do by it; they
// have to log in again. Errors: NotFound, Conflict where the service came with
// the group.
func (a *Accounts) DeleteGroup(ctx context.Context, actor Actor, name string) error {
	if err := Check(actor, GroupEdit, Object{Kind: "group"}); err != nil {
		return err
	}
	if name == group.Administrators || name == group.Moderators {
		return fault.New(fault.Conflict, "group.kept", nil)
	}
	err := a.db.Tx(ctx, func(tx db.Tx) error {
		id, err := groupTx(ctx, tx, actor, name)
		if err != nil {
			return err
		}
		if err := group.DeleteTx(ctx, tx, id); err != nil {
			return err
		}
		return audit.RecordTx(ctx, tx, actor.Entry(groupDelete, "group", id, "").Named(name))
	})
	if err != nil {
		return fmt.Errorf("delete a group: %w", err)
	}
	return nil
}

// groupTx is permittedTx for a group of an address: NotFound where there is none.
func groupTx(ctx context.Context, tx db.Tx, actor Actor, name string) (id int64, err error) {
	id, err = permittedTx(ctx, tx, actor, name)
	if fault.Is(err, fault.Invalid) {
		return 0, fault.Missing()
	}
	return id, err
}
