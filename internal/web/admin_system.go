package web

import (
	"net/http"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/mailserver"
	"gonets/internal/node"
	"gonets/internal/queue"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// systemPage is how the service does.
type systemPage struct {
	layout.Page

	Database string // its kind and version
	Size     int64  // bytes
	Schema   int64  // version
	Jobs     int64
	Oldest   time.Time // job that waits; zero: none
	Server   mailserver.Server
	Troubles []delivery.Trouble
	Nodes    []node.Node
}

func (s *Web) system(v *visit) error {
	p := systemPage{Page: v.page(v.t("layout.admin_system"), layout.AdminSystem), Database: "SQLite"}
	ctx := v.Context()
	for _, ask := range []func() error{
		func() (err error) { p.Size, err = s.DB.Size(ctx); return err },
		func() (err error) { p.Schema, err = s.DB.SchemaVersion(ctx); return err },
		func() (err error) { p.Jobs, p.Oldest, err = queue.Depth(ctx, s.DB.Read()); return err },
		func() (err error) { p.Server, err = s.Servers.Current(ctx); return err },
		func() (err error) { p.Troubles, err = s.Ledger.Troubles(ctx); return err },
		func() (err error) { p.Nodes, err = node.List(ctx, s.DB.Read()); return err },
		func() error {
			if s.DB.Dialect() != db.Postgres {
				return nil
			}
			health, err := s.DB.Health(ctx)
			p.Database = "PostgreSQL " + health.Version
			return err
		},
	} {
		if err := ask(); err != nil {
			return err
		}
	}
	return v.render(http.StatusOK, systemTempl(&p))
}

// duties are what a node does.
func (p *systemPage) duties(n node.Node) string {
	text := ""
	for _, duty := range []struct {
		does bool
		key  string
	}{{n.Web, "admin_system.web"}, {n.Scheduler, "admin_system.scheduler"}, {n.Worker, "admin_system.worker"}} {
		if !duty.does {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += p.T(duty.key)
	}
	return text
}

// server says which mail server is in use.
func (p *systemPage) server() string {
	switch {
	case p.Server.Sandbox:
		return p.T("admin_system.sandbox_on")
	case !p.Server.Usable():
		return p.T("admin_servers.none_enabled")
	}
	return p.Server.Address()
}

// jobs say how much waits, and for how long.
func (p *systemPage) jobs() string {
	if p.Oldest.IsZero() {
		return p.T("admin_system.jobs", "Count", p.Jobs)
	}
	return p.T("admin_system.jobs", "Count", p.Jobs) + " · " + p.T("admin_system.oldest", "Since", p.Relative(p.Oldest, p.Now))
}

func (p *systemPage) sandboxed() string {
	if p.Server.Sandbox {
		return p.T("admin_system.on")
	}
	return p.T("admin_system.off")
}

func nodeTone(alive bool) ui.Tone {
	if alive {
		return ui.Green
	}
	return ui.Grey
}
