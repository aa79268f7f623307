package web

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/blog"
	"gonets/internal/fault"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// blogRoutes are the articles, for everybody, and the desk at which they are
// written.
func (s *Web) blogRoutes(r chi.Router) {
	r.Get("/blog", s.open(s.kept(s.blogEdition, s.blogList)))
	r.Get("/blog/feed.xml", s.open(s.blogFeed))
	r.Get("/blog/pictures/{name}/{file}", s.open(s.blogPicture))
	r.Get("/blog/{slug}", s.open(s.kept(s.articleEdition, s.articlePage)))

	r.Get(articlesURL, s.member(s.articleList))
	r.Get(articlesURL+"/new", s.member(s.articleNew))
	r.Post(articlesURL+"/preview", s.member(s.articlePreview))
	r.Get(articlesURL+"/{id}", s.member(s.articleEdit))
	r.Get(articlesURL+"/{id}/preview", s.member(s.articleSaved))
	r.Post(articlesURL+"/{id}/delete", s.member(s.articleDelete))
}

// articleUploads bring a picture with the article.
func (s *Web) articleUploads(r chi.Router) {
	r.Post(articlesURL+"/new", s.member(s.articleCreate))
	r.Post(articlesURL+"/{id}", s.member(s.articleUpdate))
}

// articlesURL is the desk at which articles are written.
const articlesURL = "/admin/articles"

// articleURL is where an article is edited.
func articleURL(id int64, rest string) string { return fmt.Sprint(articlesURL, "/", id, rest) }

const feedURL = "/blog/feed.xml"

// postURL is where everybody reads an article.
func postURL(slug string) string { return "/blog/" + slug }

// blogPage is a page of the blog.
type blogPage struct {
	layout.Page
	Articles []blog.Article
	Pages    ui.Pages
	Writes   bool // whoever looks may write articles
}

// blogLimit is how many articles a page of the blog has.
const blogLimit = 13

func (s *Web) blogList(v *visit) error {
	articles, next, err := s.Articles.Latest(v.Context(), v.after(), blogLimit)
	if err != nil {
		return err
	}
	p := blogPage{Page: v.page(v.t("blog.title"), layout.NoItem), Articles: articles, Pages: v.pages(next), Writes: v.writes()}
	p.Summary, p.Feed = p.T("blog.note"), feedURL
	return v.render(http.StatusOK, blogTempl(p))
}

// writes says that the visitor may write articles.
func (v *visit) writes() bool {
	return account.Can(v.actor, account.ArticleEdit, account.Object{Kind: "article"})
}

// blogPicture is a picture of an article. Its address tells its contents, so
// whoever has it never asks again.
func (s *Web) blogPicture(v *visit) error {
	size, jpg := strings.CutSuffix(chi.URLParam(v.Request, "file"), ".jpg")
	if !jpg {
		return fault.Missing()
	}
	data, err := s.Articles.Picture(v.Context(), chi.URLParam(v.Request, "name"), blog.Size(size))
	if err != nil {
		return err
	}
	header := v.w.Header()
	header.Set("Content-Type", "image/jpeg")
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin") // shown by readers of the feed, and in a preview, whose frame has no origin
	v.w.WriteHeader(http.StatusOK)
	v.write(data)
	return nil
}

// blogName is what the blog is called where nothing else says whose it is.
func (v *visit) blogName() string {
	return v.t("blog.of", "Service", cmp.Or(v.service().Title(), v.t("common.app")))
}
