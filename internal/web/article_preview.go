package web

import (
	"net/http"

	"gonets/internal/blog"
	"gonets/internal/fault"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// articleLook is the frame beside the editor.
type articleLook struct {
	layout.Page
	blog.Draft

	HTML string
	Form ui.Form // what is wrong with the article
}

// articlePreview shows what the editor holds, saved or not.
func (s *Web) articlePreview(v *visit) error {
	if err := v.mayWrite(); err != nil {
		return err
	}
	f := articleFormFrom(v.PostForm)
	d, _ := f.draft(v, &blog.Article{})
	return s.showLook(v, d)
}

// articleSaved shows an article as it was saved.
func (s *Web) articleSaved(v *visit) error {
	a, err := s.articleAt(v)
	if err != nil {
		return err
	}
	return s.showLook(v, a.Draft)
}

// showLook answers with a page for the frame. An article that can't be shown
// is no failure of the page: 200.
func (s *Web) showLook(v *visit, d blog.Draft) error {
	p := articleLook{Page: v.frame(v.t("blog.preview")), Draft: d}
	var err error
	p.HTML, err = s.Articles.Preview(v.actor, d)
	if err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	p.Form = ui.NewForm(v.view, err)
	v.w.Header().Set("Content-Security-Policy", previewPolicy)
	v.w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	return v.render(http.StatusOK, articleLookTempl(p))
}

// look is the article as its cover is drawn.
func (p *articleLook) look() *blog.Article {
	return &blog.Article{Draft: p.Draft, Cover: blog.Cover{Name: p.CoverName, Width: 1600, Height: 900}}
}
