// Package ui is the components of the pages: what a list, a form or a report
// is made of, so that all of them look and behave alike, with a keyboard, a
// phone, a screen reader and without JavaScript.
//
// A component that says something takes the View first, which knows the
// person's language, zone and now. Keys of sentences are translated here only
// where a parameter is called a key; every other text comes translated.
//
// A list page:
//
//	@ui.Head(ui.Heading{Title: p.T("recipient.title"), Note: p.T("common.recipients", "Count", total)}) {
//		@ui.LinkButton(ui.Link{URL: "/recipients/new", Label: p.T("recipient.new"), Icon: ui.IconPlus, Primary: true})
//	}
//	@ui.Card("") {
//		@ui.Filters(p.View, "/recipients") {
//			@ui.Search(p.View, "q", filter.Search, p.T("recipient.search"))
//			@ui.FilterSelect("tag", p.T("recipient.tag"), filter.Tag, tags)
//		}
//		if len(items) == 0 {
//			@ui.Empty(ui.Nothing{Icon: ui.IconUsers, Title: p.T("common.nothing_found")})
//		} else {
//			@ui.Table(p.T("recipient.title"), columns) {
//				for _, r := range items {
//					<tr>
//						@columns.Cell(0) { <a class="table-link" href={ r.URL }>{ r.Email }</a> }
//						@columns.Cell(1) { @ui.RecipientBadge(p.View, r.Status) }
//					</tr>
//				}
//			}
//		}
//		@ui.Pager(p.View, ui.Pages{First: first, Next: next})
//	}
//
// A form page, where err is what the noun's method answered (nil at first):
//
//	{{ form := ui.NewForm(p.View, err) }}
//	<form method="post" class="form-body">
//		@ui.ErrorSummary(form)
//		@ui.Input(form.Field("email", "recipient.email", draft.Email).As("email").Need())
//		@ui.Textarea(form.Field("comment", "recipient.comment", draft.Comment).Hint("recipient.comment_hint"))
//		@ui.Submit(p.View, p.T("common.save"), "/recipients")
//	</form>
package ui

import (
	"context"
	"io"
	"time"

	"github.com/a-h/templ"

	"gonets/internal/i18n"
)

// View is how one person sees a page: in which language and zone, and when.
// It speaks by its Localizer: v.T("common.save").
type View struct {
	*i18n.Localizer
	Zone *time.Location
	Now  time.Time
}

// Link is a link that looks like a button.
type Link struct {
	URL     string
	Label   string
	Icon    IconName // may be empty
	Primary bool     // the page's main action: one at most
	Danger  bool
	Small   bool
}

func (l Link) class() string { return buttonClass(l.Primary, l.Danger, l.Small) }

func buttonClass(primary, danger, small bool) string {
	class := "btn"
	switch {
	case danger:
		class += " btn-outline-danger"
	case primary:
		class += " btn-primary"
	}
	if small {
		class += " btn-sm"
	}
	return class
}

// Heading is the top of a page.
type Heading struct {
	Title     string
	Note      string // a line below it; may be empty
	ParentURL string // the page above it; may be empty
	Parent    string // that page's title
}

// Nothing is what a page says in place of rows.
type Nothing struct {
	Icon   IconName
	Title  string
	Text   string // may be empty
	URL    string // where the first one is made; may be empty
	Action string // and what that link says
}

// Tab is one of several views of an object, each at an address of its own.
type Tab struct {
	URL    string
	Label  string
	Count  string // written; may be empty
	Active bool
}

// Tile is one number of a report. It opens the rows that it counts.
type Tile struct {
	ID    string // for live updates; may be empty
	Label string
	Value string // written
	Note  string // may be empty
	URL   string // the rows; may be empty where there are none to open
	Tone  Tone   // Red where a number is bad news
}

// IconName is the name of an icon's symbol.
type IconName string

// Icon draws an icon beside a text that says the same; it means nothing to a
// screen reader. A button without a text needs an aria-label.
//
// The symbols are in a file that browsers keep: drawn in full, the icons were
// the larger part of a list.
func Icon(name IconName) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<svg class="icon" aria-hidden="true"><use href="`+iconsURL+`#`+string(name)+`"/></svg>`)
		return err
	})
}
