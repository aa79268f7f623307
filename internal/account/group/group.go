// Package group knows the form of a file of groups, and keeps groups and their
// permissions in the database. A group's permissions are those of every member.
//
// The service comes with two groups, in groups.json. They are loaded when the
// schema is migrated, if the file has changed since they last were: what an
// operator loads over them holds until a version of Gonets brings other ones.
// What a permission allows, and which exist, is package account's.
package group

import (
	"context"
	"crypto/sha256"
	_ "embed" // the groups that the service comes with
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"gonets/internal/db"
)

// The groups that the service comes with. They can't be deleted.
const (
	Moderators     = "moderators"
	Administrators = "administrators"
)

//go:embed groups.json
var fixture []byte

// Group is a name for permissions.
type Group struct {
	Name        string
	Permissions []string // names of actions, sorted
}

// fixtureSetting names the digest of the fixture that was loaded last.
const fixtureSetting = "groups_fixture"

// Migrate loads the groups that the service comes with, if they have changed;
// for db.Migrate, under whose lock it runs.
func Migrate(d *db.DB) func(context.Context) error {
	return func(ctx context.Context) error {
		sum := sha256.Sum256(fixture)
		if err := d.Tx(ctx, func(tx db.Tx) error { return migrateTx(ctx, tx, hex.EncodeToString(sum[:])) }); err != nil {
			return fmt.Errorf("load the service's groups: %w", err)
		}
		return nil
	}
}

func migrateTx(ctx context.Context, tx db.Tx, digest string) error {
	var loaded string
	err := tx.QueryRow(ctx, `SELECT value FROM settings WHERE name = $1`, fixtureSetting).Scan(&loaded)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return err
	}
	if loaded == digest {
		return nil
	}
	groups, err := Parse(fixture, func(string) string { return "" })
	if err != nil {
		return err
	}
	for _, g := range groups {
		if _, err := LoadTx(ctx, tx, g); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, fixtureSetting, digest)
	return err
}

// LoadTx adds the group, or gives the one of its name these permissions and no
// others; changed is false where it has them already. Sessions of members of a
// group that has changed are over: nobody keeps one that began with other
// rights (OWASP ASVS 7.2.4).
func LoadTx(ctx context.Context, tx db.Tx, g Group) (changed bool, err error) {
	id, err := lockTx(ctx, tx, g.Name)
	if err != nil {
		return false, err
	}
	had, err := permissions(ctx, tx, id)
	if err != nil || slices.Equal(had, g.Permissions) {
		return false, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM group_permissions WHERE group_id = $1`, id); err != nil {
		return false, err
	}
	for _, permission := range g.Permissions {
		_, err := tx.Exec(ctx, `INSERT INTO group_permissions (group_id, permission) VALUES ($1, $2)`, id, permission)
		if err != nil {
			return false, err
		}
	}
	return true, endSessionsTx(ctx, tx, id)
}

// CreateTx makes a group without permissions; made is false where there is one
// of the name.
func CreateTx(ctx context.Context, tx db.Tx, name string) (made bool, err error) {
	n, err := tx.Exec(ctx, `INSERT INTO groups (name, updated_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, db.At(tx.Now()))
	return n > 0, err
}

// DeleteTx takes a group with its permissions, and ends its members' sessions.
func DeleteTx(ctx context.Context, tx db.Tx, id int64) error {
	if err := endSessionsTx(ctx, tx, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM groups WHERE id = $1`, id)
	return err
}

// endSessionsTx ends the sessions of a group's members.
func endSessionsTx(ctx context.Context, tx db.Tx, id int64) error {
	_, err := tx.Exec(ctx, `UPDATE users SET session_epoch = session_epoch + 1
		WHERE id IN (SELECT user_id FROM group_members WHERE group_id = $1)`, id)
	return err
}

// lockTx is the id of the group of the name, made where there was none. Its
// row stays locked until the transaction ends.
func lockTx(ctx context.Context, tx db.Tx, name string) (id int64, err error) {
	err = tx.QueryRow(ctx, `INSERT INTO groups (name, updated_at) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET updated_at = excluded.updated_at RETURNING id`, name, db.At(tx.Now())).Scan(&id)
	return id, err
}

func permissions(ctx context.Context, tx db.Tx, id int64) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT permission FROM group_permissions WHERE group_id = $1 ORDER BY permission`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
