package web

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

// done asks for an import's report until it has ended.
func (p *person) done(path string) *answer {
	p.t.Helper()
	for {
		a := p.get(path).is(http.StatusOK)
		if !strings.Contains(a.body, `hx-trigger="every 1s"`) {
			return a
		}
		a.has(`http-equiv="refresh"`)
		runtime.Gosched()
	}
}

func TestImport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		anna, boris := h.person("anna", "en"), h.person("boris", "ru")
		anna.get("/recipients/import").is(http.StatusOK).has("anna@example.com", "multipart/form-data")
		page := anna.upload("people.csv", "email,name,город\na@example.com,A,Omsk\nb@example.com,B,\nnobody,<i>C</i>,\na@example.com,AA,\n",
			map[string]string{"policy": "update", "tags": "spring, news"}).is(http.StatusSeeOther).header.Get("Location")
		report := anna.done(page)
		report.has("people.csv", "1 row was rejected", `id="rows">4<`, `id="created">2<`, `id="updated">1<`, `id="skipped">0<`,
			`href="#errors" aria-label="Rejected: 1" id="rejected"`, "<code>nobody</code>", ">4<", "spring", "news", "Update the recipient")
		report.lacks("<i>C</i>", "http-equiv=\"refresh\"", "Cancel the import")
		anna.get(page + "/errors.csv").is(http.StatusOK).has("Line,Column,Value,Reason\n4,email,nobody,")
		anna.get("/recipients?tag=spring").has("Found: 2 of 2", "AA")
		anna.get("/recipients/imports").has("people.csv", page+"#errors")
		anna.get("/recipients/import").has("people.csv")

		for _, path := range []string{page, page + "/errors.csv"} {
			boris.get(path).is(http.StatusNotFound).lacks("people", "nobody")
		}
		boris.post(page+"/cancel", nil).is(http.StatusNotFound)
		boris.get("/recipients/imports").is(http.StatusOK).lacks("people.csv").has("Импортов пока не было")
		anna.post(page+"/cancel", nil).is(http.StatusConflict).has("The import has already ended.")
	})
}

func TestRefusedUploads(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newHouse(t, d).person("anna", "ru")
		choices := map[string]string{"policy": "skip", "tags": "осень"}
		p.upload("empty.csv", "", choices).is(http.StatusUnprocessableEntity).
			has("Файл пуст", `id="field-file-problem"`, `value="осень"`, `value="skip" checked`)
		p.upload("x.csv", "name,phone\nA,1\n", choices).is(http.StatusUnprocessableEntity).has(`id="field-file-problem"`, "email")
		p.upload("", "", choices).is(http.StatusUnprocessableEntity).has("Выберите файл", `value="осень"`)
		p.upload("x.csv", "email\na@example.com\n", map[string]string{"tags": strings.Repeat("x", 100)}).
			is(http.StatusUnprocessableEntity).has(`id="field-tags-problem"`, strings.Repeat("x", 100))
		p.upload("big.csv", "email\n"+strings.Repeat("someone@example.com\n", 60_000), choices).is(http.StatusRequestEntityTooLarge).has("больше", `value="осень"`)
		p.ask(http.MethodPost, "/recipients/import", "text/plain", strings.NewReader("x")).is(http.StatusUnprocessableEntity)
		p.get("/recipients/imports").has("Импортов пока не было")
		p.house.guest().upload("x.csv", "email\na@example.com\n", nil).leads("/login")
	})
}

// TestLargeUpload shows that files are bounded by their own limit, not by that
// of forms.
func TestLargeUpload(t *testing.T) {
	p := newHouse(t, dbtest.SQLite(t)).person("anna", "en")
	var file strings.Builder
	file.WriteString("email\n")
	for i := range 20_000 {
		fmt.Fprintf(&file, "someone.with.a.long.name.%05d@example.com\n", i)
	}
	page := p.upload("large.csv", file.String(), nil).is(http.StatusSeeOther).header.Get("Location")
	p.done(page).has("20,000 rows were read, none was rejected.")
}
