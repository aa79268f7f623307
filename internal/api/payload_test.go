package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"gonets/internal/fault"
	"gonets/internal/httpd"
)

// FuzzReadJSON: whatever comes, nothing breaks, each reason names a field; and
// what is taken is what the strict standard library makes of it.
func FuzzReadJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `{"name": null}`, `{"name": 1, "": 2}`, `{"NAME": "x"}`, `{"schedule": {"start_at": "2026-11-30T09:00:00+03:00"}}`,
		`{"schedule": {"weekdays": ["mo", 5], "month_day": 1.5}, "audience": {"all": "yes", "x": {}}}`, `{"sender": []}`, "{\"name\": \"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
		var got MailingFields
		err := readJSON(httptest.NewRecorder(), r, &got)
		if err != nil {
			if httpd.Status(err) != http.StatusUnprocessableEntity || !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: got %v, want an invalid field", body, err)
			}
			return
		}
		var loose any // without what is said twice
		if json.Unmarshal(body, &loose) != nil || loose == nil {
			return // empty, null
		}
		once, err := json.Marshal(loose)
		if err != nil {
			t.Fatal(err)
		}
		strict := json.NewDecoder(bytes.NewReader(once))
		strict.DisallowUnknownFields()
		var want MailingFields
		if err := strict.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, want %+v, %v", body, got, want, err)
		}
	})
}

func TestReadJSONBounds(t *testing.T) {
	for _, c := range []struct {
		name, body, typ string
		want            int
	}{
		{"empty", "", "text/plain", http.StatusOK},
		{"with a charset", "{}", "application/json; charset=utf-8", http.StatusOK},
		{"a form", "a=b", "application/x-www-form-urlencoded", http.StatusUnprocessableEntity},
		{"too much", strings.Repeat(" ", maxBody+1), "application/json", http.StatusRequestEntityTooLarge},
		{"too deep", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), "application/json", http.StatusUnprocessableEntity},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.typ)
		var into MailingFields
		if got := httpd.Status(readJSON(httptest.NewRecorder(), r, &into)); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}
