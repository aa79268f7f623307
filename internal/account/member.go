package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gonets/internal/account/group"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// SetGroups makes a user a member of exactly these groups. Nobody gives or
// takes more than they may do themselves. It ends the user's sessions. Errors:
// Invalid (groups), Conflict where nobody would administer the service.
func (a *Accounts) SetGroups(ctx context.Context, actor Actor, id int64, names []string) (User, error) {
	return a.regroup(ctx, actor, id, func([]string) []string { return names })
}

// Join makes a user a member of one more group; else it is like SetGroups.
func (a *Accounts) Join(ctx context.Context, actor Actor, id int64, name string) (User, error) {
	return a.regroup(ctx, actor, id, func(have []string) []string { return append(have, name) })
}

// Leave takes a user out of a group; else it is like SetGroups.
func (a *Accounts) Leave(ctx context.Context, actor Actor, id int64, name string) (User, error) {
	return a.regroup(ctx, actor, id, func(have []string) []string {
		return slices.DeleteFunc(have, func(n string) bool { return n == name })
	})
}

func (a *Accounts) regroup(ctx context.Context, actor Actor, id int64, choose func(have []string) []string) (User, error) {
	return a.order(ctx, actor, UserGroup, id, func(tx db.Tx, u User) error {
		want := choose(slices.Clone(u.Groups))
		var change []string
		for _, name := range want {
			if slices.Contains(u.Groups, name) || slices.Contains(change, "+"+name) {
				continue
			}
			if err := joinTx(ctx, tx, actor, name, id); err != nil {
				return err
			}
			change = append(change, "+"+name)
		}
		for _, name := range u.Groups {
			if slices.Contains(want, name) {
				continue
			}
			if err := leaveTx(ctx, tx, actor, name, u); err != nil {
				return err
			}
			change = append(change, "-"+name)
		}
		if len(change) == 0 {
			return nil
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET session_epoch = session_epoch + 1 WHERE id = $1`, id); err != nil {
			return err
		}
		return audit.RecordTx(ctx, tx, actor.Entry(UserGroup, "user", id, strings.Join(change, " ")).Named(u.Email))
	})
}

// joinTx makes a user a member of a group.
func joinTx(ctx context.Context, tx db.Tx, actor Actor, name string, userID int64) error {
	groupID, err := permittedTx(ctx, tx, actor, name)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO group_members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, groupID, userID)
	return err
}

func leaveTx(ctx context.Context, tx db.Tx, actor Actor, name string, u User) error {
	groupID, err := permittedTx(ctx, tx, actor, name)
	if err != nil {
		return err
	}
	if name == group.Administrators {
		if err := keepAdminTx(ctx, tx, u); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `DELETE FROM group_members WHERE group_id = $1 AND user_id = $2`, groupID, u.ID)
	return err
}

// permittedTx is the id of a group, if the actor may do all that its members
// may.
func permittedTx(ctx context.Context, tx db.Tx, actor Actor, name string) (id int64, err error) {
	var permissions string
	err = tx.QueryRow(ctx, `SELECT id, coalesce((
			SELECT string_agg(p.permission, ' ') FROM group_permissions p WHERE p.group_id = groups.id), '')
		FROM groups WHERE name = $1`, name).Scan(&id, &permissions)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return 0, fault.Fields{{Name: "groups", Key: "group.missing", Args: fault.Args{"Name": name}}}.Err()
	case err != nil:
		return 0, err
	case !actor.System && !actor.Permissions.Contain(readPermissions(permissions)):
		return 0, fault.Denied()
	}
	return id, nil
}

// keepAdminTx is a Conflict where the user is the last who administers the
// service: then nobody could.
func keepAdminTx(ctx context.Context, tx db.Tx, u User) error {
	if u.Role != RoleAdmin || !u.active() {
		return nil
	}
	// The row of the group is what two who part at the same moment wait for.
	if _, err := tx.Exec(ctx, `UPDATE groups SET updated_at = $2 WHERE name = $1`, group.Administrators, db.At(tx.Now())); err != nil {
		return err
	}
	var others int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM users
		WHERE id <> $2 AND verified_at > 0 AND blocked_at = 0 AND id IN (
			SELECT m.user_id FROM group_members m JOIN groups g ON g.id = m.group_id WHERE g.name = $1)`,
		group.Administrators, u.ID).Scan(&others)
	if err != nil {
		return err
	}
	if others == 0 {
		return fault.New(fault.Conflict, "account.last_admin", fault.Args{"Email": u.Email})
	}
	return nil
}

// HasAdmin says whether anybody administers the service: before the first one
// is made at the command line, nobody can.
func (a *Accounts) HasAdmin(ctx context.Context) (bool, error) {
	var count int64
	err := a.db.Read().QueryRow(ctx, `SELECT count(*)
		FROM group_members m JOIN groups g ON g.id = m.group_id WHERE g.name = $1`, group.Administrators).Scan(&count)
	if err != nil {
		return false, fmt.Errorf("count administrators: %w", err)
	}
	return count > 0, nil
}
