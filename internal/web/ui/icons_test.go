package ui

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"gonets/internal/web/assets"
)

// TestIcons holds what Icon draws against the file that is served.
func TestIcons(t *testing.T) {
	files, err := assets.New()
	if err != nil {
		t.Fatal(err)
	}
	if got := files.URL("icons.svg"); got != iconsURL {
		t.Fatalf("the symbols are served at %s, pages ask for %s", got, iconsURL)
	}
	answer := httptest.NewRecorder()
	files.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", iconsURL, nil))
	symbols, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var drawn strings.Builder
	if err := Icon(IconTrash).Render(t.Context(), &drawn); err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(drawn.String(), "#")
	id, _, _ = strings.Cut(id, `"`)
	if !strings.Contains(string(symbols), `<symbol id="`+id+`" viewBox="0 0 24 24"><path`) {
		t.Errorf("%s has no symbol %q", iconsURL, id)
	}
}
