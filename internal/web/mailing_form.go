package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// mailingForm is a mailing as a person types it.
type mailingForm struct {
	Name        string
	MessageID   string
	Audience    audienceForm
	SenderName  string
	SenderEmail string
	Schedule    scheduleForm
	OnUncertain string
}

// mailingFormPage is the page to make a mailing, or to change one.
type mailingFormPage struct {
	layout.Page
	mailingForm

	ui.Form

	ID       int64 // 0: a new one
	Parent   string
	Open     bool // a run is open, which goes on as it was
	Messages []ui.Option
	Tags     []recipient.Tag
	Picks    picks
	Preview  preview
}

// readMailingForm takes what was sent.
func readMailingForm(r *http.Request) mailingForm {
	return mailingForm{
		Name:        r.FormValue("name"),
		MessageID:   r.FormValue("message_id"),
		Audience:    readAudience(r),
		SenderName:  r.FormValue("sender.name"),
		SenderEmail: r.FormValue("sender.email"),
		Schedule:    readSchedule(r),
		OnUncertain: r.FormValue("on_uncertain"),
	}
}

// input is what the form says, and what of it can't be read.
func (f *mailingForm) input() (in mailing.Input, wrong fault.Fields) {
	in = mailing.Input{
		Name:        f.Name,
		Audience:    f.Audience.audience(),
		Sender:      mailing.Sender{Name: f.SenderName, Email: f.SenderEmail},
		OnUncertain: mailing.OnUncertain(f.OnUncertain),
	}
	in.Schedule, wrong = f.Schedule.schedule()
	if f.MessageID != "" {
		id, err := strconv.ParseInt(f.MessageID, 10, 64)
		if err != nil || id <= 0 {
			wrong.Add("message_id", "mailing.message_missing", nil)
		}
		in.MessageID = id
	}
	return in, wrong
}

// formOf is a mailing as a person would type it.
func formOf(m *mailing.Mailing) mailingForm {
	return mailingForm{
		Name:        m.Name,
		MessageID:   strconv.FormatInt(m.MessageID, 10),
		Audience:    audienceFormOf(m.Audience),
		SenderName:  m.Sender.Name,
		SenderEmail: m.Sender.Email,
		Schedule:    scheduleFormOf(m.Schedule),
		OnUncertain: string(m.OnUncertain),
	}
}

func (s *Web) mailingNew(v *visit) error {
	f := mailingForm{
		MessageID:   v.URL.Query().Get("message"),
		Audience:    audienceForm{Whom: whomAll},
		SenderEmail: v.actor.Email,
		Schedule:    newSchedule(v.actor.TimeZone),
		OnUncertain: string(mailing.Resend),
	}
	return s.mailingForm(v, http.StatusOK, f, nil, nil)
}

func (s *Web) mailingCreate(v *visit) error {
	f := readMailingForm(v.Request)
	if f.Audience.finds(v.Request) {
		return s.mailingForm(v, http.StatusOK, f, nil, nil)
	}
	in, wrong := f.input()
	var made mailing.Mailing
	err := unreadable(in, wrong, v)
	if err == nil {
		made, err = s.Mailings.Create(v.Context(), v.actor, in)
	}
	if err != nil {
		return s.mailingForm(v, 0, f, nil, err)
	}
	v.flash(ui.Green, "mailings.did.create")
	return v.redirect(mailingURL(made.ID, ""))
}

// unreadable is every failing field of a form of which some could not even be
// read; nil where all could.
func unreadable(in mailing.Input, wrong fault.Fields, v *visit) error {
	if len(wrong) == 0 {
		return nil
	}
	for _, f := range in.Problems(v.view.Now) {
		if !slices.ContainsFunc(wrong, func(w fault.Field) bool { return w.Name == f.Name }) {
			wrong = append(wrong, f)
		}
	}
	return wrong.Err()
}

// mailingToEdit is the mailing of the path, if the visitor may change it.
func (s *Web) mailingToEdit(v *visit) (mailing.Mailing, error) {
	id, err := v.id()
	if err != nil {
		return mailing.Mailing{}, err
	}
	m, err := s.Mailings.Get(v.Context(), v.actor, id)
	if err != nil {
		return mailing.Mailing{}, err
	}
	return m, account.Check(v.actor, account.MailingEdit, account.Object{Kind: "mailing", Owner: m.UserID})
}

func (s *Web) mailingEdit(v *visit) error {
	m, err := s.mailingToEdit(v)
	if err != nil {
		return err
	}
	return s.mailingForm(v, http.StatusOK, formOf(&m), &m, nil)
}

func (s *Web) mailingUpdate(v *visit) error {
	m, err := s.mailingToEdit(v)
	if err != nil {
		return err
	}
	f := readMailingForm(v.Request)
	if f.Audience.finds(v.Request) {
		return s.mailingForm(v, http.StatusOK, f, &m, nil)
	}
	in, wrong := f.input()
	if err = unreadable(in, wrong, v); err == nil {
		_, err = s.Mailings.Update(v.Context(), v.actor, m.ID, in)
	}
	if err != nil {
		return s.mailingForm(v, 0, f, &m, err)
	}
	v.flash(ui.Green, "common.saved")
	return v.redirect(mailingURL(m.ID, ""))
}

// mailingForm answers with the form, as it was typed; m is nil for a new
// mailing, err what is wrong with it.
func (s *Web) mailingForm(v *visit, status int, f mailingForm, m *mailing.Mailing, err error) error {
	p := mailingFormPage{
		Page:        v.page(v.t("mailings.new"), layout.Mailings),
		mailingForm: f,
		Form:        ui.NewForm(v.view, nil),
		Parent:      "/mailings",
	}
	if m != nil {
		p.Title, p.ID, p.Parent = m.Name, m.ID, mailingURL(m.ID, "")
		p.Open = m.LastRun != nil && m.LastRun.Open()
	}
	if failed := s.fillMailingForm(v, &p, m); failed != nil {
		return failed
	}
	if err == nil {
		return v.render(status, mailingFormTempl(p))
	}
	return v.invalid(err, func(form ui.Form) templ.Component {
		p.Form = form
		return mailingFormTempl(p)
	})
}

// fillMailingForm reads what the form offers.
func (s *Web) fillMailingForm(v *visit, p *mailingFormPage, m *mailing.Mailing) (err error) {
	if p.Messages, err = s.messageOptions(v.Context(), v.actor, v.t("mailings.choose_message"), m); err != nil {
		return err
	}
	if p.Tags, err = s.Recipients.Tags(v.Context(), v.actor); err != nil {
		return err
	}
	if p.Picks, err = s.picks(v, p.Audience, p.Tags); err != nil {
		return err
	}
	p.Preview = previewOf(v.view, p.Schedule)
	return nil
}

// messagesOffered are the newest ones: the form is no archive.
const messagesOffered = 500

func (s *Web) messageOptions(ctx context.Context, actor account.Actor, none string, m *mailing.Mailing) ([]ui.Option, error) {
	list, _, err := s.Messages.List(ctx, actor, message.Filter{Limit: messagesOffered})
	if err != nil {
		return nil, err
	}
	options := []ui.Option{{Label: none}}
	for i := range list {
		options = append(options, ui.Option{Value: strconv.FormatInt(list[i].ID, 10), Label: list[i].Subject})
	}
	if m != nil {
		id := strconv.FormatInt(m.MessageID, 10)
		if !slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == id }) {
			options = append(options, ui.Option{Value: id, Label: m.MessageSubject})
		}
	}
	return options, nil
}

// uncertain are the choices for a delivery whose end is not known.
func (p *mailingFormPage) uncertain() []ui.Option {
	return []ui.Option{
		{Value: string(mailing.Resend), Label: p.T("mailing.on_uncertain.resend"), Hint: p.T("mailings.uncertain.resend_hint")},
		{Value: string(mailing.Hold), Label: p.T("mailing.on_uncertain.hold"), Hint: p.T("mailings.uncertain.hold_hint")},
	}
}

// has says that a list of typed values holds one.
func has(list []string, value string) bool {
	return slices.ContainsFunc(list, func(v string) bool { return strings.EqualFold(v, value) })
}

// idOfFirst is a field's id for the first of its choices, to which the summary
// of errors links.
func idOfFirst(i int, f ui.Field) string {
	if i == 0 {
		return f.ID()
	}
	return ""
}
