package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"gonets/internal/fault"
	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// recipientForm is a recipient as a person types it.
type recipientForm struct {
	Email, Name, Comment string
	Tags                 string // with commas between them
	TimeZone, Locale     string
	Attributes           []attributeRow
}

// attributeRow is a name and a value; an empty row is none.
type attributeRow struct{ Name, Value string }

// spareRows are offered for further attributes.
const spareRows = 3

// recipientFormPage is the page to add a recipient, or to change one.
type recipientFormPage struct {
	layout.Page
	recipientForm

	ui.Form

	ID         int64 // 0: a new one
	Known      []ui.Option
	OtherNames []string // of attributes that other recipients have
	Back       string
}

func readRecipientForm(r *http.Request) recipientForm {
	f := recipientForm{
		Email: r.FormValue("email"), Name: r.FormValue("name"), Comment: r.FormValue("comment"),
		Tags: r.FormValue("tags"), TimeZone: r.FormValue("time_zone"), Locale: r.FormValue("locale"),
	}
	values := r.Form["attribute_value"]
	for i, name := range r.Form["attribute_name"] {
		if i >= len(values) || i > recipient.MaxAttributes+spareRows {
			break
		}
		row := attributeRow{strings.TrimSpace(name), values[i]}
		if row.Name != "" || strings.TrimSpace(row.Value) != "" {
			f.Attributes = append(f.Attributes, row)
		}
	}
	return f
}

// draft is what the form says; wrong is what can't be said so.
func (f *recipientForm) draft() (d recipient.Draft, wrong fault.Fields) {
	d = recipient.Draft{
		Email: f.Email, Name: f.Name, Comment: f.Comment, TimeZone: f.TimeZone, Locale: f.Locale,
		Tags:       strings.FieldsFunc(f.Tags, func(r rune) bool { return r == ',' || r == ';' }),
		Attributes: make(map[string]any, len(f.Attributes)),
	}
	for _, row := range f.Attributes {
		if _, twice := d.Attributes[row.Name]; twice {
			wrong.Add("attributes."+row.Name, "recipient.attribute_twice", fault.Args{"Key": row.Name})
		}
		d.Attributes[row.Name] = recipient.ReadAttribute(strings.TrimSpace(row.Value))
	}
	return d, wrong
}

// recipientFormOf is a recipient as a person would type it.
func recipientFormOf(d recipient.Draft) recipientForm {
	f := recipientForm{
		Email: d.Email, Name: d.Name, Comment: d.Comment, Tags: strings.Join(d.Tags, ", "),
		TimeZone: d.TimeZone, Locale: d.Locale,
	}
	for _, name := range slices.Sorted(maps.Keys(d.Attributes)) {
		f.Attributes = append(f.Attributes, attributeRow{name, recipient.WriteAttribute(d.Attributes[name])})
	}
	return f
}

// rows are the attributes, and empty ones below them.
func (f *recipientForm) rows() []attributeRow {
	return append(slices.Clone(f.Attributes), make([]attributeRow, spareRows)...)
}

func (s *Web) recipientNew(v *visit) error {
	q := v.URL.Query()
	return s.showRecipientForm(v, nil, 0, recipientForm{Email: q.Get("email"), Tags: q.Get("tag")})
}

func (s *Web) recipientCreate(v *visit) error {
	f := readRecipientForm(v.Request)
	d, wrong := f.draft()
	err := wrong.Err()
	if err == nil {
		var made recipient.Recipient
		if made, err = s.Recipients.Create(v.Context(), v.actor, d); err == nil {
			v.flash(ui.Green, "recipient.created", "Email", made.Email)
			if v.FormValue("do") == "another" {
				return v.redirect("/recipients/new")
			}
			return v.redirect(recipientURL(made.ID, ""))
		}
	}
	return s.showRecipientForm(v, err, 0, f)
}

func (s *Web) recipientEdit(v *visit) error {
	r, err := s.recipientAt(v)
	if err != nil {
		return err
	}
	return s.showRecipientForm(v, nil, r.ID, recipientFormOf(r.Draft()))
}

func (s *Web) recipientUpdate(v *visit) error {
	r, err := s.recipientAt(v)
	if err != nil {
		return err
	}
	f := readRecipientForm(v.Request)
	d, wrong := f.draft()
	if err = wrong.Err(); err == nil {
		_, err = s.Recipients.Update(v.Context(), v.actor, r.ID, d)
	}
	if err == nil {
		v.flash(ui.Green, "common.saved")
		return v.redirect(recipientURL(r.ID, ""))
	}
	return s.showRecipientForm(v, err, r.ID, f)
}

// recipientAt is the recipient that the path names.
func (s *Web) recipientAt(v *visit) (recipient.Recipient, error) {
	id, err := v.id()
	if err != nil {
		return recipient.Recipient{}, err
	}
	return s.Recipients.Get(v.Context(), v.actor, id)
}

// showRecipientForm answers with the form, and what err says is wrong with it.
func (s *Web) showRecipientForm(v *visit, problem error, id int64, f recipientForm) error {
	p := recipientFormPage{recipientForm: f, ID: id, Back: "/recipients"}
	title := v.t("recipient.new")
	if id != 0 {
		p.Back, title = recipientURL(id, ""), v.t("recipient.edit")
	}
	known, err := v.tagOptions()
	if err != nil {
		return err
	}
	p.Known = known
	attributes, err := s.attributesOf(v)
	if err != nil {
		return err
	}
	for _, a := range attributes {
		p.OtherNames = append(p.OtherNames, a.Name)
	}
	p.Page = v.page(title, layout.Recipients)
	page := func(form ui.Form) templ.Component {
		p.Form = form
		return recipientFormTempl(p)
	}
	if problem == nil {
		return v.render(http.StatusOK, page(ui.NewForm(v.view, nil)))
	}
	return v.invalid(problem, page)
}

// attributesSeen is of how many recipients the attributes are looked at, to
// tell which ones there are.
const attributesSeen = 200

// attributesOf are the attributes that a person's newest recipients have, each
// with a value for an example.
func (s *Web) attributesOf(v *visit) ([]attributeRow, error) {
	newest, _, err := s.Recipients.List(v.Context(), v.actor, recipient.Filter{Limit: attributesSeen})
	if err != nil {
		return nil, err
	}
	examples := map[string]string{}
	for i := range newest {
		for name, value := range newest[i].Attributes {
			if examples[name] == "" {
				examples[name] = recipient.WriteAttribute(value)
			}
		}
	}
	rows := make([]attributeRow, 0, len(examples))
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		rows = append(rows, attributeRow{name, examples[name]})
	}
	return rows, nil
}

// emailField has the cursor where a new recipient is typed.
func (p *recipientFormPage) emailField() ui.Field {
	f := p.Field("email", "recipient.email", p.Email).As("email").Need().Complete("off")
	if p.ID == 0 {
		return f.Focus()
	}
	return f
}

// attributeField is the field of a row. A reason to refuse an attribute stands
// below the row of its name.
func (p *recipientFormPage) attributeField(row attributeRow) ui.Field {
	if row == (attributeRow{}) {
		return ui.Field{}
	}
	return p.Field("attributes."+row.Name, "recipient.attribute_name", row.Name)
}

// recipientLanguages are offered where a language is typed; any other tag will do.
func recipientLanguages() []ui.Option {
	var options []ui.Option
	for _, tag := range strings.Fields("ru en uk be kk uz az hy ka de fr es it pt pl cs tr zh ja ko ar he") {
		options = append(options, ui.Option{Value: tag})
	}
	return options
}

// rowProblem says that the attributes' problem stands at one of the rows.
func (p *recipientFormPage) rowProblem() bool {
	return slices.ContainsFunc(p.Problems, func(f ui.Problem) bool { return strings.HasPrefix(f.Field, "attributes.") })
}

func (p *recipientFormPage) parent() string {
	if p.ID == 0 {
		return p.T("recipient.title")
	}
	return p.Email
}

func (p *recipientFormPage) submit() string {
	if p.ID == 0 {
		return p.T("recipient.create")
	}
	return p.T("common.save")
}

// guard tells the page's script whether the form has changes from the start:
// one that was refused has.
func guard(f ui.Form) string {
	if f.Summary != "" {
		return "changed"
	}
	return "clean"
}
