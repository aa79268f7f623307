package mailserver

import (
	"context"
	"fmt"

	"gonets/internal/account"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// Create adds a server at the end of the list. Errors: Denied, Invalid.
func (s *Servers) Create(ctx context.Context, actor account.Actor, d Draft) (made Server, err error) {
	if err := check(actor, account.ServiceEdit); err != nil {
		return Server{}, err
	}
	if err := d.check(nil); err != nil {
		return Server{}, err
	}
	server := d.server()
	err = s.db.Tx(ctx, func(tx db.Tx) error {
		var id int64
		err := tx.QueryRow(ctx, `
			INSERT INTO mail_servers (place, name, host, port, security, username, sealed, connections, rate, enabled, created_at, updated_at)
			SELECT coalesce(max(place), 0) + 1, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT),
			       $6, CAST($7 AS BIGINT), $8, CAST($9 AS BIGINT), CAST($10 AS BIGINT), CAST($10 AS BIGINT)
			  FROM mail_servers
			RETURNING id`,
			server.Name, server.Host, int64(server.Port), string(server.Security), server.Username,
			s.seal.seal(d.Password, binding(server)), int64(server.Connections), server.Rate, db.Flag(server.Enabled), db.At(tx.Now())).Scan(&id)
		if err != nil {
			return err
		}
		if made, err = s.get(ctx, tx, id); err != nil {
			return err
		}
		return record(ctx, tx, actor, made, serverCreate)
	})
	if err != nil {
		return Server{}, fmt.Errorf("add a mail server: %w", err)
	}
	return made, nil
}

// Update changes an added server. Without a password in the draft it keeps the
// one it has. Errors: Denied, Missing, Invalid.
func (s *Servers) Update(ctx context.Context, actor account.Actor, id int64, d Draft) (changed Server, err error) {
	err = s.change(ctx, actor, id, serverEdit, func(tx db.Tx, server Server) error {
		if err := d.check(&server); err != nil {
			return err
		}
		to := d.server()
		password := d.Password
		if password == "" && to.Username != "" {
			password = server.config.Password
		}
		_, err := tx.Exec(ctx, `
			UPDATE mail_servers SET name = $2, host = $3, port = $4, security = $5, username = $6, sealed = $7,
			       connections = $8, rate = $9, enabled = $10, updated_at = $11
			 WHERE id = $1`,
			id, to.Name, to.Host, int64(to.Port), string(to.Security), to.Username, s.seal.seal(password, binding(to)),
			int64(to.Connections), to.Rate, db.Flag(to.Enabled), db.At(tx.Now()))
		if err == nil {
			changed, err = s.get(ctx, tx, id)
		}
		return err
	})
	return changed, err
}

// Switch enables or disables a server, the configuration's too. Errors:
// Denied, Missing.
func (s *Servers) Switch(ctx context.Context, actor account.Actor, id int64, enabled bool) error {
	doing := serverDisable
	if enabled {
		doing = serverEnable
	}
	return s.change(ctx, actor, id, doing, func(tx db.Tx, server Server) error {
		if server.Configured() {
			_, err := tx.Exec(ctx, `UPDATE mail_server_configured SET enabled = $1 WHERE id = 1`, db.Flag(enabled))
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE mail_servers SET enabled = $2 WHERE id = $1`, id, db.Flag(enabled))
		return err
	})
}

// Promote puts an added server before the other added ones. Errors: Denied,
// Missing.
func (s *Servers) Promote(ctx context.Context, actor account.Actor, id int64) error {
	return s.change(ctx, actor, id, serverPromote, func(tx db.Tx, server Server) error {
		if server.Configured() {
			return fault.Missing()
		}
		_, err := tx.Exec(ctx, `UPDATE mail_servers SET place = (SELECT min(place) - 1 FROM mail_servers) WHERE id = $1`, id)
		return err
	})
}

// Delete removes an added server. Errors: Denied, Missing.
func (s *Servers) Delete(ctx context.Context, actor account.Actor, id int64) error {
	return s.change(ctx, actor, id, serverDelete, func(tx db.Tx, server Server) error {
		if server.Configured() {
			return fault.Missing()
		}
		_, err := tx.Exec(ctx, `DELETE FROM mail_servers WHERE id = $1`, id)
		return err
	})
}

// change does something to a server, and records it.
func (s *Servers) change(ctx context.Context, actor account.Actor, id int64, doing account.Action, f func(db.Tx, Server) error) error {
	if err := check(actor, account.ServiceEdit); err != nil {
		return err
	}
	err := s.db.Tx(ctx, func(tx db.Tx) error {
		var server Server
		var err error
		if id == ConfiguredID && s.HasConfigured() {
			server, err = s.configured(ctx, tx)
		} else {
			server, err = s.get(ctx, tx, id)
		}
		if err != nil {
			return err
		}
		if err := f(tx, server); err != nil {
			return err
		}
		return record(ctx, tx, actor, server, doing)
	})
	if err != nil {
		return fmt.Errorf("mail server %d: %w", id, err)
	}
	return nil
}

// How the audit calls the acts; who may edit the service may do all of them.
const (
	serverCreate  account.Action = "mail_server.create"
	serverEdit    account.Action = "mail_server.edit"
	serverEnable  account.Action = "mail_server.enable"
	serverDisable account.Action = "mail_server.disable"
	serverPromote account.Action = "mail_server.promote"
	serverDelete  account.Action = "mail_server.delete"
	serverCheck   account.Action = "mail_server.check"
	serverTest    account.Action = "mail_server.test"
)

// record tells the audit what was done, and to which server.
func record(ctx context.Context, tx db.Tx, actor account.Actor, s Server, doing account.Action) error {
	return audit.RecordTx(ctx, tx, actor.Entry(doing, "mail_server", s.ID, "").Named(s.Address()))
}
