package web

import (
	"net/http"
	"strconv"
	"strings"

	"gonets/internal/blog"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// articleListPage is a page of the articles, for those who write them.
type articleListPage struct {
	layout.Page
	Filter blog.Filter
	States []ui.Option
	Rows   []blog.Article
	Pages  ui.Pages
}

func (s *Web) articleList(v *visit) error {
	q := v.URL.Query()
	p := articleListPage{Filter: blog.Filter{Search: strings.TrimSpace(q.Get("q")), State: blog.State(q.Get("state")), After: v.after()}}
	if err := s.Articles.Flush(v.Context()); err != nil {
		return err
	}
	rows, next, err := s.Articles.List(v.Context(), v.actor, p.Filter)
	if err != nil {
		return err
	}
	p.Rows, p.Pages = rows, v.pages(next)
	p.States = []ui.Option{{Label: v.t("blog.all_states")}}
	for _, state := range []blog.State{blog.StatePublished, blog.StateScheduled, blog.StateDraft} {
		p.States = append(p.States, ui.Option{Value: string(state), Label: v.t("blog.state." + string(state))})
	}
	p.Page = v.page(v.t("layout.admin_articles"), layout.AdminArticles)
	return v.render(http.StatusOK, articleListTempl(p))
}

// unfiltered says that there are no articles, rather than none that fit.
func (p *articleListPage) unfiltered() bool {
	return p.Filter.Search == "" && p.Filter.State == "" && p.Filter.After == 0
}

// articleTone is how the badge of a state looks.
func articleTone(state blog.State) ui.Tone {
	switch state {
	case blog.StatePublished:
		return ui.Green
	case blog.StateScheduled:
		return ui.Blue
	default:
		return ui.Grey
	}
}

func (s *Web) articleDelete(v *visit) error {
	a, err := s.articleAt(v)
	if err != nil {
		return err
	}
	if err := s.Articles.Delete(v.Context(), v.actor, a.ID); err != nil {
		return err
	}
	v.flash(ui.Green, "blog.deleted", "Title", a.Title)
	return v.redirect(articlesURL)
}

// askDeleteArticle asks before an article is deleted.
func askDeleteArticle(v ui.View, a *blog.Article) ui.Ask {
	return ui.Ask{
		ID: "delete-" + strconv.FormatInt(a.ID, 10), Action: articleURL(a.ID, "/delete"), Label: v.T("common.delete"), Icon: ui.IconTrash,
		Question: v.T("blog.delete_question", "Title", a.Title), Text: v.T("blog.delete_text"), Danger: true,
	}
}
