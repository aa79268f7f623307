package cli

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"gonets/internal/api"
	"gonets/internal/db/dbtest"
)

// matrix is what everybody may do, and what they are answered: see its head.
//
//go:embed testdata/matrix.txt
var matrix string

// askers are the columns of the matrix.
var askers = []string{"guest", "unverified", "blocked", "owner", "other", "moderator", "admin"}

// inTurn are the askers in the order in which they ask: the owner at the end,
// when nobody else is left who could find the object gone.
var inTurn = []string{"guest", "unverified", "blocked", "other", "moderator", "admin", "owner"}

// matrixRow is a row: a request, and the answer to each asker.
type matrixRow struct {
	line         int
	method, path string
	want         map[string]string
	body         string
}

// readMatrix reads the table.
func readMatrix(t *testing.T) (rows []matrixRow) {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(matrix))
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		cells := strings.Fields(text)
		if len(cells) < 2+len(askers) {
			t.Fatalf("matrix.txt:%d: got %d cells, want at least %d", n, len(cells), 2+len(askers))
		}
		row := matrixRow{line: n, method: cells[0], path: cells[1], want: map[string]string{}}
		for i, asker := range askers {
			row.want[asker] = cells[2+i]
		}
		row.body = strings.Join(cells[2+len(askers):], " ")
		rows = append(rows, row)
	}
	return rows
}

// route is the row's request as routes are compared: without the query, and
// with nothing in the braces.
func (r matrixRow) route() string {
	path, _, _ := strings.Cut(r.path, "?")
	return r.method + " " + routeName(path)
}

var braces = regexp.MustCompile(`\{[^}]*\}`)

func routeName(pattern string) string { return braces.ReplaceAllString(pattern, "{}") }

// TestMatrix asks every route of the pages and every operation of the API as
// everybody, about objects that are the owner's, on both databases.
func TestMatrix(t *testing.T) {
	rows := readMatrix(t)
	for dialect, database := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			w := newMatrixWorld(t, database(t))
			w.complete(rows)
			for _, row := range rows {
				w.check(row)
			}
			t.Logf("%d rows × %d askers = %d requests", len(rows), len(askers), len(rows)*len(askers))
		})
	}
}

// complete holds the table against the router and against what the API says of
// itself: each route has a row, each row a route.
func (w *matrixWorld) complete(rows []matrixRow) {
	w.t.Helper()
	routes, described := w.routes(), w.operations()
	listed := map[string]bool{}
	for _, row := range rows {
		route := row.route()
		listed[route] = true
		if !routes[route] {
			w.t.Errorf("matrix.txt:%d: there is no route %s", row.line, route)
		}
	}
	for _, route := range slices.Sorted(maps.Keys(routes)) {
		if !listed[route] {
			w.t.Errorf("matrix.txt has no row for %s", route)
		}
		if strings.Contains(route, " "+api.Prefix) && !described[route] && !strings.HasSuffix(route, "/openapi.json") {
			w.t.Errorf("openapi.json says nothing of %s", route)
		}
	}
	for _, route := range slices.Sorted(maps.Keys(described)) {
		if !routes[route] {
			w.t.Errorf("openapi.json speaks of %s, which is not there", route)
		}
	}
}

// routes are all of the server's. One that takes every method is asked by GET.
func (w *matrixWorld) routes() map[string]bool {
	w.t.Helper()
	routes := map[string]bool{}
	err := chi.Walk(w.server.Router(), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasSuffix(pattern, "/*") {
			method = http.MethodGet
		}
		routes[method+" "+routeName(pattern)] = true
		return nil
	})
	w.must(err)
	return routes
}

// operations are those that the API describes.
func (w *matrixWorld) operations() map[string]bool {
	w.t.Helper()
	var document struct{ Paths map[string]map[string]any }
	answer := w.ask("guest", http.MethodGet, api.Prefix+"/openapi.json", "")
	w.must(json.Unmarshal(answer.Body.Bytes(), &document))
	operations := map[string]bool{}
	for path, methods := range document.Paths {
		for method := range methods {
			operations[strings.ToUpper(method)+" "+routeName(api.Prefix+path)] = true
		}
	}
	return operations
}

// check asks a row as everybody. What it says on a wrong answer is the row as
// it would have to be; whether it may be so is for the reader to judge.
func (w *matrixWorld) check(row matrixRow) {
	w.t.Helper()
	got, last := make(map[string]string, len(askers)), ""
	for _, asker := range inTurn {
		answer := w.ask(asker, row.method, w.fill(row.path), w.fill(row.body))
		got[asker] = strconv.Itoa(answer.Code)
		if to := answer.Header().Get("Location"); strings.HasPrefix(to, "/login") {
			got[asker] = "login"
		}
		last = answer.Body.String()
		w.discreet(row, asker, last)
		w.framed(row, asker, answer)
		if row.method != http.MethodGet && answer.Code < http.StatusBadRequest {
			w.spend(asker)
		}
	}
	if maps.Equal(got, row.want) {
		return
	}
	cells := make([]string, len(askers))
	for i, asker := range askers {
		cells[i] = got[asker]
	}
	w.t.Errorf("matrix.txt:%d: got\n%s %s %s %s\nlast: %s", row.line, row.method, row.path, strings.Join(cells, " "), row.body, words(last))
}

// discreet says that an answer tells nothing that is not for the asker:
// strangers never see what the owner wrote, and nobody but the owner a
// recipient's address.
func (w *matrixWorld) discreet(row matrixRow, asker, body string) {
	w.t.Helper()
	if asker == "owner" {
		return
	}
	words := []string{secretAddress}
	if asker != "moderator" && asker != "admin" {
		words = append(words, secretWord)
	}
	for _, word := range words {
		if strings.Contains(strings.ToLower(body), word) {
			w.t.Errorf("matrix.txt:%d: %s %s shows %q to the %s", row.line, row.method, row.path, word, asker)
		}
	}
}

// framed says that an answer bears what browsers enforce for us, whatever it
// is, and that a whole page says what it is.
func (w *matrixWorld) framed(row matrixRow, asker string, answer *httptest.ResponseRecorder) {
	w.t.Helper()
	wrong := func(what string) {
		w.t.Helper()
		w.t.Errorf("matrix.txt:%d: the answer to the %s (%d) has %s", row.line, asker, answer.Code, what)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy":      "default-src 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "",
		"Permissions-Policy":           "camera=()",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "",
		"X-Frame-Options":              "",
		"X-Request-Id":                 "",
	} {
		if got := answer.Header().Get(name); got == "" || !strings.Contains(got, want) {
			wrong(fmt.Sprintf("%s: %q", name, got))
		}
	}
	page := answer.Body.String()
	frame := strings.HasPrefix(answer.Header().Get("Content-Security-Policy"), "sandbox;")
	if frame || !strings.HasPrefix(page, "<!doctype html>") {
		return
	}
	title := pageTitle.FindStringSubmatch(page)
	home := row.path == "/"
	if title == nil || !home && !strings.HasSuffix(title[1], " · Gonets") {
		wrong(fmt.Sprintf("the title %q", title))
	}
	if strings.Count(page, "<h1") != 1 || !strings.Contains(page, `<link rel="icon"`) || !strings.Contains(page, `<html lang="en"`) {
		wrong("not one heading, or no icon or language")
	}
	if answer.Code >= http.StatusBadRequest && !strings.Contains(page, "<form") && !strings.Contains(page, answer.Header().Get("X-Request-Id")) {
		wrong("no request number in its page")
	}
}

var pageTitle = regexp.MustCompile(`<title>([^<]+)</title>`)

var (
	tags   = regexp.MustCompile(`(?s)<head>.*</head>|<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// words are what an answer says, without its tags, and not too much of it.
func words(body string) string {
	said := spaces.ReplaceAllString(tags.ReplaceAllString(body, " "), " ")
	return said[:min(len(said), 600)]
}
