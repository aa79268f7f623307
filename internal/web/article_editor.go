package web

import (
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"gonets/internal/account"
	"gonets/internal/blog"
	"gonets/internal/fault"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// articleEditor is the page on which an article is written.
type articleEditor struct {
	layout.Page
	articleForm

	ui.Form

	Saved blog.Article // as it is without the form; zero: a new one
	Zone  string
}

// mayWrite keeps others away before their upload is read.
func (v *visit) mayWrite() error {
	return account.Check(v.actor, account.ArticleEdit, account.Object{Kind: "article"})
}

// articleAt is the article that the path names.
func (s *Web) articleAt(v *visit) (blog.Article, error) {
	if err := v.mayWrite(); err != nil {
		return blog.Article{}, err
	}
	id, err := v.id()
	if err != nil {
		return blog.Article{}, err
	}
	return s.Articles.Get(v.Context(), v.actor, id)
}

func (s *Web) articleNew(v *visit) error {
	if err := v.mayWrite(); err != nil {
		return err
	}
	return s.showArticle(v, nil, blog.Article{}, articleForm{Locale: v.view.Lang(), State: string(blog.StateDraft)})
}

func (s *Web) articleCreate(v *visit) error {
	if err := v.mayWrite(); err != nil {
		return err
	}
	return s.saveArticle(v, blog.Article{}, func(d blog.Draft, _ int64) (blog.Article, error) {
		return s.Articles.Create(v.Context(), v.actor, d)
	})
}

func (s *Web) articleEdit(v *visit) error {
	a, err := s.articleAt(v)
	if err != nil {
		return err
	}
	return s.showArticle(v, nil, a, articleFormOf(&a, v.view.Zone))
}

func (s *Web) articleUpdate(v *visit) error {
	a, err := s.articleAt(v)
	if err != nil {
		return err
	}
	return s.saveArticle(v, a, func(d blog.Draft, version int64) (blog.Article, error) {
		return s.Articles.Update(v.Context(), v.actor, a.ID, version, d)
	})
}

// saveArticle reads the form, and saves what it says.
func (s *Web) saveArticle(v *visit, saved blog.Article, save func(blog.Draft, int64) (blog.Article, error)) error {
	f, refused := s.readArticle(v)
	if refused != nil && !fault.Is(refused, fault.Invalid) {
		return refused
	}
	d, wrong := f.draft(v, &saved)
	if err := s.wholeProblem(v, d, wrong, refused); err != nil {
		return s.showArticle(v, err, saved, f)
	}
	version, err := strconv.ParseInt(f.Version, 10, 64)
	if err != nil {
		version = 0 // of no article
	}
	a, err := save(d, version)
	if err != nil {
		return s.showArticle(v, err, saved, f)
	}
	state := a.State(v.view.Now)
	v.flash(ui.Green, "blog.saved_"+string(state), "Time", v.view.DateTime(a.PublishedAt, v.view.Zone))
	return v.redirect(articleURL(a.ID, ""))
}

// showArticle answers with the editor, and what problem says is wrong.
func (s *Web) showArticle(v *visit, problem error, saved blog.Article, f articleForm) error {
	p := articleEditor{articleForm: f, Saved: saved, Zone: v.view.Zone.String()}
	title := v.t("blog.new")
	if saved.ID != 0 {
		title = v.t("blog.edit")
	}
	p.Page = v.page(title, layout.AdminArticles)
	p.Scripts = []string{"editor.js"}
	page := func(form ui.Form) templ.Component {
		p.Form = form
		return articleEditorTempl(p)
	}
	if problem == nil {
		return v.render(http.StatusOK, page(ui.NewForm(v.view, nil)))
	}
	return v.invalid(problem, page)
}

// action is where the form is saved.
func (p *articleEditor) action() string {
	if p.Saved.ID == 0 {
		return articlesURL + "/new"
	}
	return articleURL(p.Saved.ID, "")
}

// state is the article's, as it is saved.
func (p *articleEditor) state() blog.State { return p.Saved.State(p.Now) }

// choices are who may read the article.
func (p *articleEditor) choices() []ui.Option {
	var options []ui.Option
	for _, state := range []blog.State{blog.StateDraft, blog.StatePublished} {
		options = append(options, ui.Option{
			Value: string(state), Label: p.T("blog.choice." + string(state)), Hint: p.T("blog.choice." + string(state) + "_hint"),
		})
	}
	return options
}

// coverNow is the picture that the form holds, saved or not.
func (p *articleEditor) coverNow() blog.Cover { return blog.Cover{Name: p.Cover} }

// titleField has the cursor where a new article is written.
func (p *articleEditor) titleField() ui.Field {
	f := p.Field("title", "blog.field.title", p.articleForm.Title).Need().Complete("off").Length(blog.MaxTitle)
	if p.Saved.ID == 0 {
		return f.Focus()
	}
	return f
}
