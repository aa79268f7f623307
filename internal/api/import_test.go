package api

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"gonets/internal/db/dbtest"
	"gonets/internal/recipient"
)

func (w *world) walkUpload() {
	do := "POST /recipients/imports"
	a := w.expect(202, request{as: "anna", do: do, typ: "text/csv; charset=utf-8", args: "?policy=skip&tags=a,b", body: "email,name\nup@example.com,Up\n"})
	w.expect(200, request{as: "anna", do: "GET /recipients/imports/{id}", id: a.text("id")})
	w.expect(415, request{as: "anna", do: do, body: `{}`})
	w.expect(422, request{as: "anna", do: do, typ: "text/csv", body: ""})
	w.expect(422, request{as: "anna", do: do, typ: "text/csv", body: "name\nUp\n"})
	w.expect(422, request{as: "anna", do: do, typ: "text/csv", args: "?policy=hope", body: "email\n"}, "policy")
}

func (w *world) walkImport() {
	do := "GET /recipients/imports/{id}"
	i, err := w.Recipients.ImportReader(w.t.Context(), w.users["anna"].Actor(),
		strings.NewReader("email,name\nfine@example.com,A\nbad,B\nworse,C\n"), 0, recipient.ImportOptions{}, nil)
	must(w.t, err)
	id := formatID(i.ID)
	a := w.expect(200, request{as: "anna", do: do, id: id, lang: "ru", args: "?limit=1"})
	for _, want := range []string{`"state":"done"`, `"created":1`, `"rejected":2`, `"line":3`, `"field":"email"`, `"value":"bad"`, `"error":null`} {
		if !strings.Contains(a.body, want) {
			w.t.Errorf("import: %s, want %s in it", a.body, want)
		}
	}
	a = w.expect(200, request{as: "anna", do: do, id: id, args: "?after=" + a.text("next")})
	if strings.Contains(a.body, `"bad"`) || !strings.Contains(a.body, `"value":"worse"`) || a.text("next") != "" {
		w.t.Errorf("second page of errors: %s", a.body)
	}
	w.expect(404, request{as: "boris", do: do, id: id})
	w.expect(422, request{as: "anna", do: do, id: id, args: "?limit=0"}, "limit")
}

// rows makes a CSV file of about a size as it is read, and looks now and then
// how much memory is alive.
type rows struct {
	left    int
	written int
	rest    string
	base    uint64
	peak    uint64
}

func (r *rows) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.left <= 0 {
			return 0, io.EOF
		}
		if r.written%200_000 == 0 {
			r.look()
		}
		r.written++
		r.rest = fmt.Sprintf("recipient%d@example.com,Recipient number %d,%s\n", r.written, r.written, strings.Repeat("x", 40))
		r.left -= len(r.rest)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *rows) look() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.peak = max(r.peak, m.HeapAlloc)
	if r.base == 0 {
		r.base = m.HeapAlloc
	}
}

func TestLargeImport(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	server := httptest.NewServer(w.server)
	defer server.Close()
	const size = 20 << 20
	file := &rows{left: size, rest: "email,name,note\n"}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+Prefix+"/recipients/imports", file)
	must(t, err)
	r.Header.Set("Content-Type", "text/csv")
	r.Header.Set("Authorization", "Bearer "+w.tokens["anna"])
	res, err := server.Client().Do(r)
	must(t, err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("got %d %s, want 202", res.StatusCode, body)
	}
	file.look()
	if grown := file.peak - file.base; grown > size/2 {
		t.Errorf("the import of %d MiB held %d MiB in memory", size>>20, grown>>20)
	}
}
