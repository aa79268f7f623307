package web

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/httpd"
)

// exportPage is how many rows an export reads at once.
const exportPage = 500

// sheet is a CSV file on its way to the visitor, however long it is. It begins
// with a byte order mark, by which Excel knows UTF-8.
type sheet struct {
	*csv.Writer

	v *visit
}

func (v *visit) sheet(name string, header ...string) (*sheet, error) {
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	if _, err := v.w.Write([]byte("\ufeff")); err != nil {
		return nil, err
	}
	s := &sheet{csv.NewWriter(v.w), v}
	err := s.Write(header)
	return s, err
}

// row writes one line. A cell that a spreadsheet would take for a formula is
// marked as text: the words in it are a stranger's.
func (s *sheet) row(cells ...string) error {
	for i, c := range cells {
		if c != "" && (c[0] == '=' || c[0] == '+' || c[0] == '-' || c[0] == '@' || c[0] == '\t' || c[0] == '\r') {
			cells[i] = "'" + c
		}
	}
	return s.Write(cells)
}

// page sends off what was written, and gives the visitor time to take it.
func (s *sheet) page() error {
	s.Flush()
	if err := s.Error(); err != nil {
		return err
	}
	return httpd.Live(s.v.w)
}

// ended says that a stream that has begun ended: what went wrong can only be
// logged, the visitor sees a file that breaks off.
func (v *visit) ended(err error) error {
	if err != nil && v.Context().Err() == nil {
		v.web.Log.Error("export broke off", "path", v.URL.Path, "error", err)
		panic(http.ErrAbortHandler) // so that a half file is no whole one
	}
	return nil
}

// deliveryExport is the recipients of a run as a file.
func (s *Web) deliveryExport(v *visit) error {
	run, err := s.runOf(v)
	if err != nil {
		return err
	}
	states, ok := statesOf(v.URL.Query().Get("state"))
	if !ok {
		return fault.Missing()
	}
	out, err := v.sheet("run-"+strconv.FormatInt(run.ID, 10)+".csv",
		"email", "state", "reason", "tries", "next_try", "last_try", "code", "enhanced_code", "response", "server")
	if err != nil {
		return v.ended(err)
	}
	return v.ended(s.exportDeliveries(v, out, run.ID, run.UserID, states))
}

func (s *Web) exportDeliveries(v *visit, out *sheet, runID, owner int64, states []delivery.State) error {
	for before, more := int64(0), true; more; {
		list, err := s.Ledger.Deliveries(v.Context(), runID, states, before, exportPage)
		if err != nil {
			return err
		}
		rows, err := s.deliveryRows(v, list, owner)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := out.row(cellsOf(&rows[i])...); err != nil {
				return err
			}
			before = rows[i].ID
		}
		if err := out.page(); err != nil {
			return err
		}
		more = len(list) == exportPage
	}
	return nil
}

// cellsOf is a delivery for machines: states and reasons by their names.
func cellsOf(r *deliveryRow) []string {
	cells := []string{r.Address, r.State.String(), r.Reason, strconv.FormatInt(r.Tries, 10), stamp(r.next()), "", "", "", "", ""}
	if a := r.Last; a != nil {
		if r.Address == "" {
			cells[0] = a.Address
		}
		cells[5], cells[6], cells[7], cells[8], cells[9] = stamp(a.At), strconv.FormatInt(a.Code, 10), a.Enhanced, a.Response, a.Server
	}
	return cells
}

// stamp is a moment for machines; none is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
