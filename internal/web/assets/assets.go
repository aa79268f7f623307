// Package assets serves the styles and scripts of the pages.
//
// Their sources are in build: Tabler's style sheet without what no page uses,
// htmx, uPlot, and our own css and js. `go generate` bundles them into dist,
// which is committed and embedded, so that building Gonets needs no npm. A
// test compares dist/SOURCES.sha256 with the sources and tells a forgotten
// build; another finds classes in the templates that have no style.
//
// Each file is served under a name that holds a hash of its content, so that
// browsers may keep it for ever.
package assets

//go:generate npm ci --prefix build --no-audit --no-fund
//go:generate node build/build.mjs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// Root is the path below which the files are served.
const Root = "/static/"

// Policy is the Content-Security-Policy of every page: what these files need,
// and nothing else. Nothing inline, nothing evaluated, nothing from elsewhere.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; form-action 'self'; frame-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'"

//go:embed dist/*.css dist/*.js dist/*.svg
var dist embed.FS

// Files are the assets, in memory, plain and compressed. They never change.
type Files struct {
	urls   map[string]string // by plain name: app.css → /static/app-3f2a9c1b0d4e.css
	served map[string]file   // by URL
}

type file struct {
	contentType string
	plain, gzip []byte
}

// New reads the embedded files and compresses them.
func New() (*Files, error) {
	f := &Files{urls: make(map[string]string), served: make(map[string]file)}
	entries, err := fs.ReadDir(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("list assets: %w", err)
	}
	for _, entry := range entries {
		if err := f.add(entry.Name()); err != nil {
			return nil, fmt.Errorf("asset %s: %w", entry.Name(), err)
		}
	}
	return f, nil
}

func (f *Files) add(name string) error {
	content, err := dist.ReadFile("dist/" + name)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	ext := path.Ext(name)
	sum := sha256.Sum256(content)
	url := Root + strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
	f.urls[name] = url
	f.served[url] = file{contentType: contentType(ext), plain: content, gzip: packed.Bytes()}
	return nil
}

// contentType does not ask the operating system, which may know nothing.
func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(ext)
}

// URL is where the file of that name is served: URL("app.css"). It is empty
// for a name that there is not.
func (f *Files) URL(name string) string { return f.urls[name] }

// ServeHTTP answers requests below Root. A file is kept by browsers and caches
// for a year; its name changes when its content does. An unknown one is 404.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asset, ok := f.served[r.URL.Path]
	if !ok {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Type", asset.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	// A preview's frame has no origin, and needs the style sheet all the same.
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Add("Vary", "Accept-Encoding")
	body := asset.plain
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = asset.gzip
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	// The browser went away: there is nobody to tell.
	_, _ = w.Write(body)
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110 12.5.3) as far as the
// question goes.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) != "gzip" {
			continue
		}
		weight = strings.TrimSpace(weight)
		return weight != "q=0" && !strings.HasPrefix(weight, "q=0.0")
	}
	return false
}
