package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/audit"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// auditRoutes are who did what, when, why and from where.
func (s *Web) auditRoutes(r chi.Router) {
	r.Get("/admin/audit", s.member(s.auditList))
	r.Get("/admin/audit.csv", s.member(s.auditExport))
}

// auditPage is a page of the audit trail.
type auditPage struct {
	layout.Page

	Search, Action, Kind, Object string
	From, Until                  string // days, as the browser writes them
	Actions, Kinds               []ui.Option
	Rows                         []audit.Entry
	Pages                        ui.Pages
	Export                       string
}

// auditFilter reads the filter of the address. A day is the visitor's own, and
// the last one counts as well; what is no day counts as none.
func (v *visit) auditFilter() audit.Filter {
	q := v.URL.Query()
	f := audit.Filter{
		Search: q.Get("q"), Action: q.Get("action"), ObjectKind: q.Get("kind"), After: v.after(),
		From: v.day(q.Get("from")), Until: v.day(q.Get("until")),
	}
	if !f.Until.IsZero() {
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	if id, err := strconv.ParseInt(q.Get("object"), 10, 64); err == nil && id > 0 {
		f.ObjectID = id
	}
	return f
}

// day is the beginning of a day in the visitor's zone.
func (v *visit) day(typed string) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, typed, v.view.Zone)
	if err != nil || day.Year() < 1971 { // what nobody means, databases can't hold
		return time.Time{}
	}
	return day
}

func (s *Web) auditList(v *visit) error {
	if err := account.Check(v.actor, account.AuditView, account.Object{}); err != nil {
		return err
	}
	q := v.URL.Query()
	p := auditPage{
		Page:   v.page(v.t("layout.admin_audit"), layout.AdminAudit),
		Search: strings.TrimSpace(q.Get("q")), Action: q.Get("action"), Kind: q.Get("kind"), Object: q.Get("object"),
		From: q.Get("from"), Until: q.Get("until"), Export: "/admin/audit.csv",
	}
	list, next, err := audit.List(v.Context(), s.DB.Read(), v.auditFilter())
	if err != nil {
		return err
	}
	p.Rows, p.Pages = list, v.pages(next)
	actions, err := audit.Actions(v.Context(), s.DB.Read())
	if err != nil {
		return err
	}
	p.choices(actions)
	q.Del("after")
	if len(q) > 0 {
		p.Export += "?" + q.Encode()
	}
	return v.render(http.StatusOK, auditTempl(p))
}

// choices offers the actions that are on record, and the kinds of their
// objects.
func (p *auditPage) choices(actions []string) {
	p.Actions = []ui.Option{{Label: p.T("audit.all_actions")}}
	p.Kinds = []ui.Option{{Label: p.T("audit.all_kinds")}}
	seen := map[string]bool{}
	for _, action := range actions {
		p.Actions = append(p.Actions, ui.Option{Value: action, Label: actionName(p.View, action)})
		if kind, _, _ := strings.Cut(action, "."); !seen[kind] {
			seen[kind] = true
			p.Kinds = append(p.Kinds, ui.Option{Value: kind, Label: kindName(p.View, kind)})
		}
	}
}

// filtered says that the list is not the whole.
func (p *auditPage) filtered() bool {
	return p.Search+p.Action+p.Kind+p.Object+p.From+p.Until+p.Pages.First != ""
}

// actionName is an action in words, as far as there are some.
func actionName(v ui.View, action string) string {
	if key := "audit.action." + action; v.Has(key) {
		return v.T(key)
	}
	return action
}

func kindName(v ui.View, kind string) string {
	if key := "audit.kind." + kind; v.Has(key) {
		return v.T(key)
	}
	return kind
}

// who is the actor of an entry.
func (p *auditPage) who(e *audit.Entry) string {
	if e.ActorID == 0 {
		return p.T("audit.command_line")
	}
	return e.ActorEmail
}

// what is the object of an entry: as it was called, or by its number.
func (p *auditPage) what(e *audit.Entry) string {
	if e.ObjectName != "" {
		return e.ObjectName
	}
	if e.ObjectID == 0 {
		return kindName(p.View, e.ObjectKind)
	}
	return kindName(p.View, e.ObjectKind) + " " + strconv.FormatInt(e.ObjectID, 10)
}

// objectURL is the page of an object, where it has one; it may be gone.
func objectURL(e *audit.Entry) string {
	switch {
	case e.ObjectID == 0:
	case e.ObjectKind == "user":
		return userURL(e.ObjectID, "")
	case e.ObjectKind == "mailing":
		return mailingURL(e.ObjectID, "")
	}
	return ""
}

// auditOf is the entries of an object.
func auditOf(kind string, id int64) string {
	return "/admin/audit?" + url.Values{"kind": {kind}, "object": {strconv.FormatInt(id, 10)}}.Encode()
}

// auditExport is the entries of a filter as a file.
func (s *Web) auditExport(v *visit) error {
	if err := account.Check(v.actor, account.AuditView, account.Object{}); err != nil {
		return err
	}
	f := v.auditFilter()
	f.Limit = exportPage
	out, err := v.sheet("audit.csv", "at", "actor", "actor_id", "action", "object_kind", "object_id", "object", "reason", "address")
	if err != nil {
		return v.ended(err)
	}
	return v.ended(s.exportAudit(v, out, f))
}

func (s *Web) exportAudit(v *visit, out *sheet, f audit.Filter) error {
	for {
		list, next, err := audit.List(v.Context(), s.DB.Read(), f)
		if err != nil {
			return err
		}
		for _, e := range list {
			err := out.row(stamp(e.At), e.ActorEmail, strconv.FormatInt(e.ActorID, 10), e.Action,
				e.ObjectKind, strconv.FormatInt(e.ObjectID, 10), e.ObjectName, e.Reason, e.Address)
			if err != nil {
				return err
			}
		}
		if err := out.page(); err != nil {
			return err
		}
		if f.After = next; next == 0 {
			return nil
		}
	}
}
