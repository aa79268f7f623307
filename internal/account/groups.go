package account

import (
	"context"
	"fmt"
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
