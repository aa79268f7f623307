package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"gonets/internal/blog"
	"gonets/internal/fault"
	"gonets/internal/web/layout"
)

// articlePage is an article as everybody reads it.
type articlePage struct {
	layout.Page
	blog.Article

	HTML         string // sanitised
	Older, Newer *blog.Article
	Writes       bool // whoever looks may edit it
}

func (s *Web) articlePage(v *visit) error {
	slug := chi.URLParam(v.Request, "slug")
	a, err := s.Articles.Published(v.Context(), slug)
	if err != nil {
		return err
	}
	if a.Slug != slug {
		http.Redirect(v.w, v.Request, postURL(a.Slug), http.StatusMovedPermanently)
		return nil
	}
	p := articlePage{Page: v.page(a.Title, layout.NoItem), Article: a, Writes: v.writes()}
	if p.HTML, err = s.Articles.HTML(&a); err != nil {
		return err
	}
	if p.Older, p.Newer, err = s.Articles.Neighbours(v.Context(), &a); err != nil {
		return err
	}
	p.Summary, p.Feed = a.Lead(), feedURL
	if a.Cover.Name != "" {
		p.Picture = s.o.BaseURL + a.Cover.URL(blog.Large)
	}
	return v.render(http.StatusOK, articleTempl(p))
}

// articleEdition is that of every article, since its page names others, and
// the count of views that it shows. An article that is asked for is opened,
// also where its page is kept; by those who write it, that is no reading.
func (s *Web) articleEdition(v *visit) (string, error) {
	id, views, err := s.Articles.Glance(v.Context(), chi.URLParam(v.Request, "slug"))
	if fault.Is(err, fault.NotFound) {
		return "", nil // a former address, or none
	}
	if err != nil {
		return "", err
	}
	if !v.writes() && !strings.Contains(v.Header.Get("Sec-Purpose"), "prefetch") {
		if err := s.Articles.View(v.Context(), id); err != nil {
			s.Log.Warn("count the view of an article", "article", id, "error", err)
		}
	}
	state, err := s.blogEdition(v)
	return fmt.Sprint(state, " ", views), err
}

// cover is the small picture of an article, as wide as a card.
func cover(a *blog.Article) string { return a.Cover.URL(blog.Small) }
