package assets

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func files(t *testing.T) *Files {
	t.Helper()
	f, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestServe(t *testing.T) {
	f := files(t)
	css := f.URL("app.css")
	if !regexp.MustCompile(`^/static/app-[0-9a-f]{12}\.css$`).MatchString(css) {
		t.Fatalf("URL of app.css = %q", css)
	}
	cases := []struct {
		method, path, encoding string
		status                 int
		gzipped                bool
		contentType            string
	}{
		{"GET", css, "", 200, false, "text/css; charset=utf-8"},
		{"GET", css, "br, gzip", 200, true, "text/css; charset=utf-8"},
		{"GET", css, "gzip;q=0, br", 200, false, "text/css; charset=utf-8"},
		{"GET", f.URL("app.js"), "gzip", 200, true, "text/javascript; charset=utf-8"},
		{"GET", f.URL("favicon.svg"), "", 200, false, "image/svg+xml"},
		{"POST", css, "", 405, false, ""},
		{"GET", "/static/app.css", "", 404, false, ""},
		{"GET", "/static/SOURCES.sha256", "", 404, false, ""},
		{"GET", "/static/../assets.go", "", 404, false, ""},
	}
	for _, c := range cases {
		r := httptest.NewRequest(c.method, "http://gonets.test/", nil)
		r.URL.Path = c.path
		r.Header.Set("Accept-Encoding", c.encoding)
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s %s: status %d, want %d", c.method, c.path, w.Code, c.status)
			continue
		}
		if c.status != http.StatusOK {
			if strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s %s: %d may be kept for ever", c.method, c.path, w.Code)
			}
			continue
		}
		if got := w.Header().Get("Content-Type"); got != c.contentType {
			t.Errorf("%s: Content-Type %q, want %q", c.path, got, c.contentType)
		}
		if !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: Cache-Control %q", c.path, w.Header().Get("Cache-Control"))
		}
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != c.gzipped {
			t.Errorf("%s with %q: gzipped is %v", c.path, c.encoding, got)
		}
		if c.gzipped {
			unpacked, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			if content, err := io.ReadAll(unpacked); err != nil || len(content) == 0 {
				t.Errorf("%s: %d bytes unpacked, %v", c.path, len(content), err)
			}
		}
	}
	if got := f.URL("nothing.js"); got != "" {
		t.Errorf("URL of a file that there is not = %q", got)
	}
}

// TestBudget keeps pages light: what a browser loads, compressed.
func TestBudget(t *testing.T) {
	f := files(t)
	var js, css int
	for url, asset := range f.served {
		switch filepath.Ext(url) {
		case ".js":
			js += len(asset.gzip)
		case ".css":
			css += len(asset.gzip)
		}
	}
	if js == 0 || js > 50_000 {
		t.Errorf("JavaScript is %d bytes gzipped, want at most 50,000", js)
	}
	if css == 0 || css > 30_000 {
		t.Errorf("CSS is %d bytes gzipped, want at most 30,000", css)
	}
}

// TestBuilt tells a build that was forgotten.
func TestBuilt(t *testing.T) {
	list, err := os.ReadFile("dist/SOURCES.sha256")
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]string)
	for line := range strings.Lines(string(list)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		listed[name] = sum
	}
	for name, sum := range listed {
		content, err := os.ReadFile(filepath.Join("build", name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
			t.Errorf("build/%s changed since dist was built: run go generate ./internal/web/assets", name)
		}
	}
	for _, folder := range []string{"build/css", "build/js"} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if name := filepath.Base(folder) + "/" + e.Name(); listed[name] == "" {
				t.Errorf("build/%s came since dist was built: run go generate ./internal/web/assets", name)
			}
		}
	}
}

// hooks are classes that need no style.
var hooks = map[string]bool{"icon-tabler": true, "datagrid-item": true, "datagrid-content": true}

// TestClasses finds the classes that templates use and no style sheet knows.
func TestClasses(t *testing.T) {
	css, err := os.ReadFile("dist/app.css")
	if err != nil {
		t.Fatal(err)
	}
	styled := make(map[string]bool)
	for _, m := range regexp.MustCompile(`\.(-?[A-Za-z_][\w-]*)`).FindAllStringSubmatch(string(css), -1) {
		styled[m[1]] = true
	}
	attribute := regexp.MustCompile(`\bclass="([^"]*)"`)
	used := 0
	err = filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".templ" {
			if d != nil && d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, m := range attribute.FindAllStringSubmatch(string(text), -1) {
			for _, class := range strings.Fields(m[1]) {
				used++
				if !styled[class] && !hooks[class] {
					t.Errorf("%s: the class %q has no style: add it to assets/build/classes.txt or css", name, class)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if used == 0 {
		t.Error("no template uses a class: does the test still find them?")
	}
}
