package web

import (
	"encoding/csv"
	"io"
	"net/http"
	"strconv"

	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// importShown is the report of an import.
type importShown struct {
	layout.Page
	recipient.Import
	Errors []recipient.ImportError
	More   string // where further errors are; empty at the end
	First  string // and the first ones; empty on the first page
}

// errorsPerPage of a report.
const errorsPerPage = 100

func (s *Web) importPage(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	p := importShown{}
	if p.Import, err = s.Recipients.Import(v.Context(), v.actor, id); err != nil {
		return err
	}
	after := v.URL.Query().Get("after")
	var next string
	if p.Errors, next, err = s.Recipients.ImportErrors(v.Context(), v.actor, id, after, errorsPerPage); err != nil {
		return err
	}
	if next != "" {
		p.More = v.from(next)
	}
	if after != "" {
		p.First = v.from("")
	}
	p.Page = v.page(p.Name, layout.Recipients)
	if p.goesOn() {
		p.Refresh = 2
	}
	if v.Header.Get("HX-Request") != "" {
		if !p.goesOn() {
			v.w.Header().Set("HX-Refresh", "true") // the whole page has changed
		}
		return v.render(http.StatusOK, importReport(p))
	}
	return v.render(http.StatusOK, importPageTempl(p))
}

func (p *importShown) goesOn() bool { return p.FinishedAt.IsZero() }

// importTone is the colour of an import's state.
func importTone(i *recipient.Import) ui.Tone {
	switch {
	case i.State == recipient.ImportDone && i.Rejected > 0:
		return ui.Yellow
	case i.State == recipient.ImportDone:
		return ui.Green
	case i.State == recipient.ImportFailed:
		return ui.Red
	default:
		return ui.Blue
	}
}

// failure is why an import failed as a whole.
func (p *importShown) failure() string {
	if p.ErrorKey == "" {
		return ""
	}
	return p.Sentence(p.ErrorKey, p.ErrorArgs)
}

// progress says what is going on.
func (p *importShown) progress() string {
	if p.State == recipient.ImportRunning {
		return p.T("import.progress", "Percent", p.Percent(p.Position, max(p.Size, 1)))
	}
	return p.T("import.state." + string(p.State))
}

// tiles are the numbers, which add up to the first.
func (p *importShown) tiles() []ui.Tile {
	rejected := ui.Tile{ID: "rejected", Label: p.T("import.rejected"), Value: p.Number(p.Rejected)}
	if p.Rejected > 0 {
		rejected.Tone, rejected.URL = ui.Red, "#errors"
	}
	return []ui.Tile{
		{ID: "rows", Label: p.T("import.rows"), Value: p.Number(p.Rows)},
		{ID: "created", Label: p.T("import.created"), Value: p.Number(p.Created)},
		{ID: "updated", Label: p.T("import.updated"), Value: p.Number(p.Updated)},
		{ID: "skipped", Label: p.T("import.skipped"), Value: p.Number(p.Skipped)},
		rejected,
	}
}

func (p *importShown) columns() ui.Columns {
	return ui.Columns{
		{Title: p.T("import.line"), Number: true},
		{Title: p.T("import.field")},
		{Title: p.T("import.value")},
		{Title: p.T("common.reason"), Main: true},
	}
}

func (p *importShown) askCancel() ui.Ask {
	return ui.Ask{
		ID: "cancel", Action: importURL(p.ID, "/cancel"), Label: p.T("import.cancel"), Icon: ui.IconPlayerStop,
		Question: p.T("import.cancel_question"), Text: p.T("import.cancel_text"), Danger: true,
	}
}

func (s *Web) importCancel(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := s.Recipients.CancelImport(v.Context(), v.actor, id); err != nil {
		return err
	}
	return v.redirect(importURL(id, ""))
}

// importErrors is what was rejected, as CSV.
func (s *Web) importErrors(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := s.Recipients.Import(v.Context(), v.actor, id); err != nil {
		return err
	}
	return v.download(v.t("import.errors_file")+"-"+strconv.FormatInt(id, 10)+".csv", func(w io.Writer) error {
		return s.writeErrors(v, id, csv.NewWriter(w))
	})
}

func (s *Web) writeErrors(v *visit, id int64, out *csv.Writer) error {
	if err := out.Write([]string{v.t("import.line"), v.t("import.field"), v.t("import.value"), v.t("common.reason")}); err != nil {
		return err
	}
	for after := ""; ; {
		list, next, err := s.Recipients.ImportErrors(v.Context(), v.actor, id, after, recipient.MaxLimit)
		if err != nil {
			return err
		}
		for _, e := range list {
			line := strconv.FormatInt(e.Line, 10)
			if err := out.Write([]string{line, e.Field, e.Value, v.view.Sentence(e.Key, e.Args)}); err != nil {
				return err
			}
		}
		if next == "" {
			out.Flush()
			return out.Error()
		}
		after = next
	}
}

// importListPage is a page of imports.
type importListPage struct {
	layout.Page
	Rows  []recipient.Import
	Pages ui.Pages
}

func (s *Web) importList(v *visit) error {
	var p importListPage
	list, next, err := s.Recipients.Imports(v.Context(), v.actor, v.after(), 0)
	if err != nil {
		return err
	}
	p.Rows, p.Pages = list, v.pages(next)
	p.Page = v.page(v.t("import.list"), layout.Recipients)
	return v.render(http.StatusOK, importListTempl(p))
}
