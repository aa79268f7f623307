package httpd

import (
	"net/http"
	"net/url"

	"gonets/internal/db"
)

// textOnly leaves nothing but text in the address of a request.
func textOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address := *r.URL
		if path := db.Text(address.Path); path != address.Path {
			address.Path, address.RawPath = path, ""
		}
		if query := address.Query(); Clean(query) {
			address.RawQuery = query.Encode()
		}
		if address != *r.URL {
			changed := *r
			changed.URL = &address
			r = &changed
		}
		next.ServeHTTP(w, r)
	})
}

// Clean leaves nothing but text in the values of a query or a form, and no
// value whose name is none; it says whether that changed them.
func Clean(values url.Values) (changed bool) {
	for name, list := range values {
		for i, value := range list {
			if text := db.Text(value); text != value {
				list[i], changed = text, true
			}
		}
		if text := db.Text(name); text != name {
			delete(values, name)
			changed = true
		}
	}
	return changed
}
