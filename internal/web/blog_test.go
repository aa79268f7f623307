package web_test

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"gonets/internal/account"
)

// multi posts a form with a picture, or without one (nil), as the editor of
// articles does.
func (b *browser) multi(path string, picture []byte, fields ...string) shown {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		b.must(form.WriteField(fields[i], fields[i+1]))
	}
	name := "" // as browsers send a field without a file
	if picture != nil {
		name = "cover.png"
	}
	part, err := form.CreateFormFile("picture", name)
	b.must(err)
	_, err = part.Write(picture)
	b.must(err)
	b.must(form.Close())
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, &body)
	b.must(err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	answer, err := b.client.Do(r)
	b.must(err)
	defer func() { _ = answer.Body.Close() }()
	var page bytes.Buffer
	_, err = page.ReadFrom(answer.Body)
	b.must(err)
	return shown{t: b.t, path: answer.Request.URL.RequestURI(), status: answer.StatusCode, body: page.String()}
}

// From the desk to the reader: written with a cover, hidden as a draft,
// published, read, counted, withdrawn.
func TestAnArticleIsWrittenAndRead(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("admin@example.com", account.RoleAdmin)
		desk, reader := s.in("admin@example.com"), s.browser("ru")
		var picture bytes.Buffer
		s.must(png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 8, 8))))

		fields := []string{"title", "Первая статья", "locale", "ru", "body", "Слово **за слово**.<script>alert(1)</script>", "state", "draft"}
		desk.multi("/admin/articles/new", picture.Bytes(), fields...).at("/admin/articles/1").shows(http.StatusOK, "The draft is saved.", "/blog/pictures/")
		reader.get("/blog").shows(http.StatusOK, "Статей пока нет").lacks("Первая статья")
		reader.get("/blog/pervaia-statia").shows(http.StatusNotFound)

		fields[len(fields)-1] = "published"
		desk.multi("/admin/articles/1", nil, append(fields, "version", "1")...).shows(http.StatusOK, "Everybody can read")
		reader.get("/blog").shows(http.StatusOK, "Первая статья", "Слово за слово.")
		reader.get("/blog/pervaia-statia").shows(http.StatusOK, "<strong>за слово</strong>").lacks("<script>alert", "/admin/")
		reader.get("/blog/pervaia-statia").shows(http.StatusOK, "1 просмотр")
		feed := reader.get("/blog/feed.xml").shows(http.StatusOK, "<title>Первая статья</title>", s.url+"/blog/pervaia-statia")
		s.must(xml.Unmarshal([]byte(feed.body), new(struct{})))

		desk.multi("/admin/articles/1", nil, append(fields, "version", "1")...).shows(http.StatusConflict, "Somebody else saved", "Первая статья")
		fields[len(fields)-1] = "draft"
		desk.multi("/admin/articles/1", nil, append(fields, "version", "2")...).shows(http.StatusOK)
		reader.get("/blog/pervaia-statia").shows(http.StatusNotFound)
		reader.get("/blog/feed.xml").shows(http.StatusOK).lacks("Первая статья")
		desk.post("/admin/articles/1/delete").at("/admin/articles").shows(http.StatusOK, "No articles yet")
	})
}

// A picture that is refused costs nothing of what was typed, and is told with
// everything else that is wrong.
func TestABadCoverIsToldAtItsField(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("admin@example.com", account.RoleAdmin)
		desk := s.in("admin@example.com")
		for name, tt := range map[string]struct {
			file []byte
			want string
		}{
			"no picture": {[]byte("<svg onload=alert(1)>"), "not a JPEG, PNG or WebP"},
			"huge":       {make([]byte, 11<<20), "larger than 10 MB"},
		} {
			page := desk.multi("/admin/articles/new", tt.file, "title", "", "locale", "en", "body", "Typed with care "+name, "state", "draft")
			page.shows(http.StatusUnprocessableEntity, tt.want, "Typed with care "+name, "#field-title", "#field-cover")
		}
		if n := strings.Count(desk.get("/admin/articles").body, "/admin/articles/1"); n != 0 {
			s.t.Error("a refused article was saved")
		}
	})
}
