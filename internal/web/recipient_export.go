package web

import (
	"io"
	"mime"
	"net/http"

	"gonets/internal/httpd"
)

// recipientExport streams what a list's filter matches, as CSV.
func (s *Web) recipientExport(v *visit) error {
	f := recipientFilter(v.URL.Query())
	name := v.t("recipient.export_file") + "-" + v.view.Now.In(v.view.Zone).Format("2006-01-02") + ".csv"
	return v.download(name, func(w io.Writer) error {
		return s.Recipients.Export(v.Context(), v.actor, f, w)
	})
}

// byteOrderMark tells Excel that a file is UTF-8.
const byteOrderMark = "\ufeff"

// download answers with a CSV file that is made while it is sent. An error
// before the first byte is answered as ever; one after it breaks the
// connection off, so that no part of a file passes for the whole.
func (v *visit) download(name string, write func(io.Writer) error) error {
	out := &downloading{w: v.w, start: func() {
		h := v.w.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		h.Set("Cache-Control", "no-store")
	}}
	err := write(out)
	if err != nil && out.begun {
		v.web.Log.Warn("a download broke off", "path", v.URL.Path, "error", err)
		panic(http.ErrAbortHandler) // net/http's own way to say so
	}
	return err
}

// downloading gives each piece of a long answer time to arrive.
type downloading struct {
	w     http.ResponseWriter
	start func()
	begun bool
	bytes int // since the deadline was moved
}

const downloadStep = 1 << 20

func (d *downloading) Write(p []byte) (int, error) {
	if !d.begun {
		d.begun = true
		d.start()
		if _, err := io.WriteString(d.w, byteOrderMark); err != nil {
			return 0, err
		}
	}
	n, err := d.w.Write(p)
	if d.bytes += n; err == nil && d.bytes >= downloadStep {
		d.bytes = 0
		err = httpd.Live(d.w)
	}
	return n, err
}
