package web

import (
	"cmp"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strconv"
	"time"

	"gonets/internal/blog"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/httpd"
)

// articleForm is an article as a person types it.
type articleForm struct {
	Title, Slug, Locale, Summary, Body string
	Cover, CoverAlt                    string // the picture's name
	CoverRemove                        string // "on": it is to go
	State                              string // blog.StateDraft or blog.StatePublished
	At                                 string // on the wall clock of the author's zone; empty: now
	Version                            string // that the author saw
}

func articleFormOf(a *blog.Article, zone *time.Location) articleForm {
	f := articleForm{
		Title: a.Title, Slug: a.Slug, Locale: a.Locale, Summary: a.Summary, Body: a.Body,
		Cover: a.CoverName, CoverAlt: a.CoverAlt,
		State: string(blog.StatePublished), At: wall(a.PublishedAt, zone), Version: strconv.FormatInt(a.Version, 10),
	}
	if a.PublishedAt.IsZero() {
		f.State = string(blog.StateDraft)
	}
	return f
}

func articleFormFrom(values url.Values) articleForm {
	f := articleForm{
		Title: values.Get("title"), Slug: values.Get("slug"), Locale: values.Get("locale"), Summary: values.Get("summary"),
		Body: values.Get("body"), Cover: values.Get("cover"), CoverAlt: values.Get("cover_alt"), CoverRemove: values.Get("cover_remove"),
		State: values.Get("state"), At: values.Get("published_at"), Version: values.Get("version"),
	}
	if f.CoverRemove != "" {
		f.Cover, f.CoverAlt = "", ""
	}
	return f
}

// draft is what the form says. A moment that was only shown keeps its seconds.
func (f *articleForm) draft(v *visit, saved *blog.Article) (d blog.Draft, wrong fault.Fields) {
	d = blog.Draft{
		Title: f.Title, Slug: f.Slug, Locale: f.Locale, Summary: f.Summary, Body: f.Body, CoverName: f.Cover, CoverAlt: f.CoverAlt,
	}
	zone := v.view.Zone
	switch {
	case f.State != string(blog.StatePublished):
	case f.At == "":
		d.PublishedAt = v.view.Now
	case f.At == wall(saved.PublishedAt, zone):
		d.PublishedAt = saved.PublishedAt
	default:
		at, err := time.ParseInLocation(wallClock, f.At[:min(len(f.At), len(wallClock))], zone)
		if err != nil {
			wrong.Add("published_at", "error.time", nil)
		}
		d.PublishedAt = at
	}
	return d, wrong
}

// Bounds of a form with a picture.
const (
	articleFields = 40                // parts of the form
	articleField  = blog.MaxBody + 10 // bytes of one: one that is cut is too large
)

// readArticle reads the form as it comes, and takes its picture, which stands
// behind everything else: if that is refused, what was typed is there.
func (s *Web) readArticle(v *visit) (articleForm, error) {
	if kind, _, _ := mime.ParseMediaType(v.Header.Get("Content-Type")); kind != "multipart/form-data" {
		return articleFormFrom(v.PostForm), nil
	}
	v.Body = io.NopCloser(httpd.Upload(v.w, v.Request))
	parts, err := v.MultipartReader()
	if err != nil {
		return articleForm{}, fault.Because(err, fault.Invalid, "blog.broken_upload", nil)
	}
	values := url.Values{}
	var refused error
	for range articleFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && part.FormName() == "picture" {
			err = s.takePicture(v, part, values)
			if fault.Is(err, fault.Invalid) {
				// A browser that is still sending hears no answer before it has finished.
				_, _ = io.CopyN(io.Discard, v.Body, patientBytes)
				refused = err
				break
			}
		} else if err == nil {
			err = takeField(part, values)
		}
		if err != nil {
			return articleFormFrom(values), fault.Because(err, fault.Invalid, "blog.broken_upload", nil)
		}
	}
	return articleFormFrom(values), refused
}

func takeField(part *multipart.Part, values url.Values) error {
	value, err := io.ReadAll(io.LimitReader(part, articleField))
	values.Set(part.FormName(), db.Text(string(value)))
	return err
}

// takePicture keeps a picture, in place of the one that the form names.
func (s *Web) takePicture(v *visit, part *multipart.Part, values url.Values) error {
	if part.FileName() == "" {
		return nil
	}
	cover, err := s.Articles.AddPicture(v.Context(), v.actor, part)
	if err == nil {
		values.Set("cover", cover.Name)
		values.Del("cover_remove")
	}
	return err
}

// whole is every field that fails: those of the picture and those of the rest.
func (s *Web) wholeProblem(v *visit, d blog.Draft, wrong fault.Fields, refused error) error {
	if len(wrong) == 0 && refused == nil {
		return nil
	}
	_, err := s.Articles.Preview(v.actor, d)
	for _, e := range []error{err, refused} {
		if f, ok := errors.AsType[*fault.Error](e); ok {
			wrong = append(wrong, f.Fields...)
		}
	}
	return cmp.Or(wrong.Err(), refused)
}
