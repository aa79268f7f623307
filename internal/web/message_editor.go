package web

import (
	"net/http"

	"github.com/a-h/templ"

	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// messageForm is a message as a person types it, and how it is previewed.
type messageForm struct {
	Subject string
	Format  string
	Body    string
	Text    string
	To      string // the address to preview for; empty: a sample
	As      string // how: see previewAs
}

// messageEditor is the page on which a message is written.
type messageEditor struct {
	layout.Page
	messageForm

	ui.Form

	Saved      message.Message // as it is without the form; zero: a new one
	Readers    []recipient.Recipient
	Attributes []attributeRow
	CanTest    bool
}

func readMessageForm(v *visit) messageForm {
	return messageForm{
		Subject: v.FormValue("subject"), Format: v.FormValue("format"), Body: v.FormValue("body"),
		Text: v.FormValue("text"), To: v.FormValue("to"), As: v.FormValue("as"),
	}
}

func (f *messageForm) draft() message.Draft {
	return message.Draft{Subject: f.Subject, Format: message.Format(f.Format), Body: f.Body, Text: f.Text}
}

// messageFormOf is a message as a person would type it.
func messageFormOf(d message.Draft) messageForm {
	return messageForm{Subject: d.Subject, Format: string(d.Format), Body: d.Body, Text: d.Text}
}

func (s *Web) messageNew(v *visit) error {
	return s.showEditor(v, nil, message.Message{}, messageForm{Format: string(message.Markdown)})
}

func (s *Web) messageCreate(v *visit) error {
	f := readMessageForm(v)
	m, err := s.Messages.Create(v.Context(), v.actor, f.draft())
	if err != nil {
		return s.showEditor(v, err, message.Message{}, f)
	}
	v.flash(ui.Green, "message.created")
	return v.redirect(messageURL(m.ID, ""))
}

func (s *Web) messageEdit(v *visit) error {
	m, err := s.messageAt(v)
	if err != nil {
		return err
	}
	return s.showEditor(v, nil, m, messageFormOf(m.Draft))
}

func (s *Web) messageUpdate(v *visit) error {
	m, err := s.messageAt(v)
	if err != nil {
		return err
	}
	f := readMessageForm(v)
	if _, err := s.Messages.Update(v.Context(), v.actor, m.ID, f.draft()); err != nil {
		return s.showEditor(v, err, m, f)
	}
	v.flash(ui.Green, "common.saved")
	return v.redirect(messageURL(m.ID, ""))
}

// showEditor answers with the editor, and what err says is wrong.
func (s *Web) showEditor(v *visit, problem error, saved message.Message, f messageForm) error {
	p := messageEditor{messageForm: f, Saved: saved, CanTest: s.Tester != nil}
	var err error
	if p.Readers, err = s.readers(v, ""); err != nil {
		return err
	}
	if p.Attributes, err = s.attributesOf(v); err != nil {
		return err
	}
	title := v.t("message.new")
	if saved.ID != 0 {
		title = v.t("message.edit")
	}
	p.Page = v.page(title, layout.Messages)
	p.Scripts = []string{"editor.js"}
	page := func(form ui.Form) templ.Component {
		p.Form = form
		return messageEditorTempl(p)
	}
	if problem == nil {
		return v.render(http.StatusOK, page(ui.NewForm(v.view, nil)))
	}
	return v.invalid(problem, page)
}

// action is where the form is saved.
func (p *messageEditor) action() string {
	if p.Saved.ID == 0 {
		return "/messages/new"
	}
	return messageURL(p.Saved.ID, "")
}

// textOpen says that the plain-text part is in sight.
func (p *messageEditor) textOpen() bool {
	return p.Text != "" || p.Field("text", "message.text", "").Problem != ""
}

// variable is what a message may hold in place of a value.
type variable struct {
	Code    string // as it is typed
	Meaning string
}

// variables are all that there are: those of every recipient, and the
// attributes of this person's.
func (p *messageEditor) variables() []variable {
	list := []variable{
		{"{{ recipient.name }}", p.T("message.variable_name")},
		{"{{ recipient.email }}", p.T("message.variable_email")},
		{"{{ mailing.name }}", p.T("message.variable_mailing")},
		{"{{ sender.name }}", p.T("message.variable_sender")},
		{"{{ unsubscribe_url }}", p.T("message.variable_unsubscribe")},
	}
	for _, a := range p.Attributes {
		list = append(list, variable{"{{ recipient." + a.Name + " }}", p.T("message.variable_attribute", "Example", a.Value)})
	}
	return list
}

// examples are what else Liquid can do.
func (p *messageEditor) examples() []variable {
	return []variable{
		{`{{ recipient.name | default: "` + p.T("message.example_friend") + `" }}`, p.T("message.example_default")},
		{`{% if recipient.city %}…{% else %}…{% endif %}`, p.T("message.example_if")},
		{`{% for tag in recipient.tags %}{{ tag }}{% endfor %}`, p.T("message.example_for")},
		{`{{ "now" | date: "%d.%m.%Y" }}`, p.T("message.example_date")},
	}
}

// subjectField has the cursor where a new message is written.
func (p *messageEditor) subjectField() ui.Field {
	f := p.Field("subject", "message.subject", p.Subject).Need().Complete("off").Data("insertable")
	if p.Saved.ID == 0 {
		return f.Focus()
	}
	return f
}
