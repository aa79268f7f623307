package ui

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"gonets/internal/fault"
)

// Form is what went wrong with a form that a person sent, in his language. A
// form that was only opened has nothing wrong.
type Form struct {
	Summary  string    // the sentence of the whole; empty where nothing is wrong
	Problems []Problem // in the form's order
	view     View
}

// Problem is one failing field.
type Problem struct {
	Field string // its name
	Text  string
}

// NewForm reads what is wrong from an error; nil is nothing. The error of a
// broken machine is the handler's, not the form's: it gets the sentence of its
// kind here.
func NewForm(v View, err error) Form {
	form := Form{view: v}
	if err == nil {
		return form
	}
	form.Summary = Sentence(v, err)
	if e, ok := errors.AsType[*fault.Error](err); ok {
		for _, f := range e.Fields {
			form.Problems = append(form.Problems, Problem{Field: f.Name, Text: v.Sentence(f.Key, f.Args)})
		}
	}
	return form
}

// Sentence is what a person reads of an error: its own sentence, or that of
// its kind. The cause stays in the log.
func Sentence(v View, err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Key != "" {
		return v.Sentence(e.Key, e.Args)
	}
	return v.T("error." + string(fault.KindOf(err)))
}

// problem is what is wrong with a field, or within it: an error at
// "audience.tags" shows at the field "audience" too, if the form has no field
// of the longer name.
func (f Form) problem(name string) string {
	for _, p := range f.Problems {
		if p.Field == name || strings.HasPrefix(p.Field, name+".") || strings.HasPrefix(p.Field, name+"[") {
			return p.Text
		}
	}
	return ""
}

// Field is the field of a name, with the label of a key, what was typed, and
// what is wrong with it.
func (f Form) Field(name, labelKey, value string) Field {
	return Field{
		Name:    name,
		Label:   f.view.T(labelKey),
		Value:   value,
		Problem: f.problem(name),
		kind:    "text",
		view:    f.view,
	}
}

// Field is one field of a form. Its methods return a changed copy, to be
// strung together:
//
//	form.Field("password", "account.password", "").As("password").Need().Complete("new-password")
type Field struct {
	Name    string
	Label   string
	Value   string
	Problem string
	Values  []string // of Checks: which are chosen
	Options []Option // of Select, Radios and Checks

	kind         string
	hint         string
	placeholder  string
	autocomplete string
	min, max     string
	rows, length int
	required     bool
	focus        bool
	code         bool
	off          bool
	data         string
	view         View
}

// Option is one choice.
type Option struct {
	Value string
	Label string
	Hint  string // below a radio button or check box; may be empty
}

// As sets the type of an input: email, password, number, datetime-local, date,
// time, url, file.
func (f Field) As(kind string) Field { f.kind = kind; return f }

// Need marks the field as one that must be filled in.
func (f Field) Need() Field { f.required = true; return f }

// Hint explains the field, by a key.
func (f Field) Hint(key string, args ...any) Field { f.hint = f.view.T(key, args...); return f }

// Placeholder shows an example.
func (f Field) Placeholder(example string) Field { f.placeholder = example; return f }

// Complete names what browsers may fill in: email, current-password, …
func (f Field) Complete(autocomplete string) Field { f.autocomplete = autocomplete; return f }

// Focus puts the cursor here when the page opens.
func (f Field) Focus() Field { f.focus = true; return f }

// Range bounds a number or a time.
func (f Field) Range(lowest, highest string) Field { f.min, f.max = lowest, highest; return f }

// Length bounds a text, in characters.
func (f Field) Length(n int) Field { f.length = n; return f }

// Rows is the height of a text area.
func (f Field) Rows(n int) Field { f.rows = n; return f }

// Code writes a text area in a type of even width.
func (f Field) Code() Field { f.code = true; return f }

// Off shows the field and takes nothing.
func (f Field) Off() Field { f.off = true; return f }

// Data marks the field for a script: with "insertable" it has the attribute
// data-insertable.
func (f Field) Data(name string) Field { f.data = name; return f }

// Among offers choices.
func (f Field) Among(options []Option) Field { f.Options = options; return f }

// Chosen says which of several choices are made.
func (f Field) Chosen(values []string) Field { f.Values = values; return f }

// ID is the field's id in the page; the error summary links to it.
func (f Field) ID() string { return fieldID(f.Name) }

func fieldID(name string) string {
	return "field-" + strings.NewReplacer(".", "-", "[", "-", "]", "", "_", "-").Replace(name)
}

// describedBy names the elements that explain the field: its problem first.
func (f Field) describedBy() string {
	var ids []string
	if f.Problem != "" {
		ids = append(ids, f.ID()+"-problem")
	}
	if f.hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	return strings.Join(ids, " ")
}

// optionID is the id of a choice; the first has the id of the field, to which
// the summary links.
func (f Field) optionID(i int) string {
	if i == 0 {
		return f.ID()
	}
	return f.ID() + "-" + strconv.Itoa(i)
}

func (f Field) chosen(value string) bool { return slices.Contains(f.Values, value) }

func (f Field) labelClass() string {
	if f.required {
		return "form-label required"
	}
	return "form-label"
}

func (f Field) class(base string) string {
	if f.Problem != "" {
		base += " is-invalid"
	}
	if f.code {
		base += " code"
	}
	return base
}

// attributes are what inputs, text areas and selects have in common.
func (f Field) attributes() templ.Attributes {
	a := templ.Attributes{"id": f.ID(), "name": f.Name}
	set := func(name, value string) {
		if value != "" {
			a[name] = value
		}
	}
	set("aria-describedby", f.describedBy())
	set("placeholder", f.placeholder)
	set("autocomplete", f.autocomplete)
	set("min", f.min)
	set("max", f.max)
	if f.length > 0 {
		a["maxlength"] = strconv.Itoa(f.length)
	}
	if f.Problem != "" {
		a["aria-invalid"] = "true"
	}
	if f.required {
		a["required"] = true
	}
	if f.focus {
		a["autofocus"] = true
	}
	if f.off {
		a["disabled"] = true
	}
	if f.data != "" {
		a["data-"+f.data] = true
	}
	return a
}
