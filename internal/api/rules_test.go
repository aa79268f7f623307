package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gonets/internal/db/dbtest"
)

// raw sends a request past the description.
func (w *world) raw(method, path string, set func(*http.Request)) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, http.NoBody)
	if set != nil {
		set(r)
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	return rec
}

func TestUnauthenticated(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	for _, c := range []struct{ header, challenge string }{
		{"", `Bearer realm="gonets"`},
		{"Basic YTpi", `Bearer realm="gonets"`},
		{"Bearer ", `Bearer realm="gonets"`},
		{"Bearer gonets_nonsense", `Bearer realm="gonets", error="invalid_token"`},
		{"Bearer nonsense", `Bearer realm="gonets", error="invalid_token"`},
	} {
		rec := w.raw("GET", Prefix+"/me", func(r *http.Request) {
			if c.header != "" {
				r.Header.Set("Authorization", c.header)
			}
		})
		if rec.Code != http.StatusUnauthorized || rec.Header().Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%q: got %d, %q; want 401, %q", c.header, rec.Code, rec.Header().Get("WWW-Authenticate"), c.challenge)
		}
	}
	rec := w.raw("GET", Prefix+"/me", func(r *http.Request) { r.Header.Set("Authorization", "bearer "+w.tokens["anna"]) })
	if rec.Code != http.StatusOK || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("lower case: got %d, %v", rec.Code, rec.Header())
	}
}

func TestUnknownPaths(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	for _, c := range []struct {
		method, path string
		want         int
		allow        string
	}{
		{"GET", "/nonsense", 404, ""},
		{"GET", "/", 404, ""},
		{"PUT", "/recipients", 405, "GET, POST"},
		{"POST", "/me", 405, "GET"},
		{"PUT", "/recipients/1", 405, "GET, PATCH, DELETE"},
	} {
		rec := w.raw(c.method, Prefix+c.path, func(r *http.Request) { r.Header.Set("Accept-Language", "ru") })
		var p Problem
		must(t, json.Unmarshal(rec.Body.Bytes(), &p))
		if rec.Code != c.want || p.Status != c.want || rec.Header().Get("Content-Type") != problemType || rec.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: got %d %q %s", c.method, c.path, rec.Code, rec.Header().Get("Allow"), rec.Body)
		}
		if p.Detail == p.Key || p.Request == "" || !strings.ContainsAny(p.Detail, "абвгде") {
			t.Errorf("%s %s: %s is no sentence in Russian", c.method, c.path, rec.Body)
		}
	}
}

// TestNothingIsEchoed: an answer must not tell what was sent, a log neither.
func TestNothingIsEchoed(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	for _, q := range []request{
		{as: "anna", do: "POST /recipients", body: `{"email": {"s3cret": 1}, "name": ["s3cret"]}`},
		{as: "anna", do: "POST /recipients", body: `{"email": "s3cret"`},
		{as: "anna", do: "GET /recipients", args: "?status=s3cret&limit=s3cret"},
		{as: "anna", do: "POST /mailings/{id}/disable", id: "1", body: `{"reason": {"s3cret": 1}}`},
	} {
		if a := w.expect(422, q); strings.Contains(a.body, "s3cret") {
			t.Errorf("%s echoes: %s", q.do, a.body)
		}
	}
	if strings.Contains(w.log.String(), "s3cret") || strings.Contains(w.log.String(), w.tokens["anna"]) {
		t.Errorf("the log tells: %s", w.log)
	}
}

func TestInternalError(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	must(t, w.DB.Close())
	rec := w.raw("GET", Prefix+"/me", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+w.tokens["anna"]) })
	if rec.Code < 500 || rec.Header().Get("Content-Type") != problemType || strings.Contains(rec.Body.String(), "sql") {
		t.Errorf("without a database: got %d %s", rec.Code, rec.Body)
	}
	if !strings.Contains(w.log.String(), "find the token's user") {
		t.Errorf("the cause is not in the log: %s", w.log)
	}
}

func TestDescription(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	rec := w.raw("GET", Prefix+"/openapi.json", nil)
	var doc struct {
		OpenAPI string
		Servers []struct{ URL string }
		Paths   map[string]map[string]struct {
			OperationID string
			Summary     string
			Responses   map[string]any
		}
		Components struct{ Schemas map[string]any }
	}
	must(t, json.Unmarshal(rec.Body.Bytes(), &doc))
	if rec.Code != http.StatusOK || !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Servers) != 1 || doc.Servers[0].URL != Prefix {
		t.Errorf("got %d, OpenAPI %s, %v", rec.Code, doc.OpenAPI, doc.Servers)
	}
	ids := map[string]string{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			at := method + " " + path
			if op.Summary == "" || op.OperationID == "" || ids[op.OperationID] != "" {
				t.Errorf("%s: summary %q, id %q (also of %q)", at, op.Summary, op.OperationID, ids[op.OperationID])
			}
			ids[op.OperationID] = at
			for _, status := range []string{"401", "422", "500", "503"} {
				if op.Responses[status] == nil {
					t.Errorf("%s does not describe %s", at, status)
				}
			}
		}
	}
	for _, stray := range []string{"ErrorModel", "ErrorDetail"} {
		if doc.Components.Schemas[stray] != nil {
			t.Errorf("the description has %s, which is never answered", stray)
		}
	}
	if strings.Contains(rec.Body.String(), "$schema") {
		t.Error("the description has $schema")
	}
}
