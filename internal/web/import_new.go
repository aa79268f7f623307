package web

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/httpd"
	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// importForm is what a person chooses besides the file.
type importForm struct {
	Policy string
	Tags   string
}

// importNewPage is the page to upload a file of recipients.
type importNewPage struct {
	layout.Page
	importForm

	ui.Form

	Known  []ui.Option // tags
	Recent []recipient.Import
}

// recentImports are shown below the form.
const recentImports = 5

func (s *Web) importNew(v *visit) error {
	return s.showImportForm(v, nil, importForm{Policy: string(recipient.PolicyUpdate)})
}

func (s *Web) showImportForm(v *visit, problem error, f importForm) error {
	p := importNewPage{importForm: f}
	var err error
	if p.Known, err = v.tagOptions(); err != nil {
		return err
	}
	if p.Recent, _, err = s.Recipients.Imports(v.Context(), v.actor, 0, recentImports); err != nil {
		return err
	}
	p.Page = v.page(v.t("import.title"), layout.Recipients)
	page := func(form ui.Form) templ.Component {
		p.Form = form
		return importNewTempl(p)
	}
	if problem == nil {
		return v.render(http.StatusOK, page(ui.NewForm(v.view, nil)))
	}
	return v.invalid(problem, page)
}

// importUpload takes a file as it comes, however large it is: the choices
// stand before it in the form, and so they do in the body.
func (s *Web) importUpload(v *visit) error {
	v.Body = io.NopCloser(httpd.Upload(v.w, v.Request))
	parts, err := v.MultipartReader()
	if err != nil {
		return fault.Because(err, fault.Invalid, "import.no_file", nil)
	}
	f, i, err := s.upload(v, parts)
	if err == nil {
		return v.redirect(importURL(i.ID, ""))
	}
	// A browser that is still sending hears no answer before it has finished.
	_, _ = io.CopyN(io.Discard, v.Body, patientBytes)
	return s.showImportForm(v, err, f)
}

// patientBytes of a refused file are read on, so that the reason arrives.
const patientBytes = 64 << 20

// upload reads the form up to its file, and stores that.
func (s *Web) upload(v *visit, parts *multipart.Reader) (f importForm, i recipient.Import, err error) {
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, i, noFile()
		}
		if err != nil {
			return f, i, brokenUpload(err)
		}
		if part.FormName() != "file" {
			if err := f.take(part); err != nil {
				return f, i, err
			}
			continue
		}
		if part.FileName() == "" {
			return f, i, noFile()
		}
		i, err = s.Recipients.Upload(v.Context(), v.actor, part, f.options(db.Text(part.FileName())))
		return f, i, err
	}
}

func noFile() error { return fault.Fields{{Name: "file", Key: "import.no_file"}}.Err() }

// brokenUpload says that a body ended before its time, or is no form.
func brokenUpload(err error) error {
	return fault.Because(err, fault.Invalid, "import.broken_upload", nil)
}

// fieldMax bounds a field of the form, in bytes.
const fieldMax = 64 << 10

// take reads a field that stands before the file.
func (f *importForm) take(part *multipart.Part) error {
	value, err := io.ReadAll(io.LimitReader(part, fieldMax))
	if err != nil {
		return brokenUpload(err)
	}
	switch part.FormName() {
	case "policy":
		f.Policy = db.Text(string(value))
	case "tags":
		f.Tags = db.Text(string(value))
	}
	return nil
}

func (f *importForm) options(name string) recipient.ImportOptions {
	return recipient.ImportOptions{
		Name:   name,
		Policy: recipient.Policy(f.Policy),
		Tags:   strings.FieldsFunc(f.Tags, func(r rune) bool { return r == ',' || r == ';' }),
	}
}

// policies are what to do with an address that is there already.
func (p *importNewPage) policies() []ui.Option {
	var options []ui.Option
	for _, policy := range []recipient.Policy{recipient.PolicyUpdate, recipient.PolicySkip} {
		options = append(options, ui.Option{
			Value: string(policy),
			Label: p.T("import.policy." + string(policy)),
			Hint:  p.T("import.policy_hint." + string(policy)),
		})
	}
	return options
}

// importExample is a file to begin with.
func (s *Web) importExample(v *visit) error {
	return v.download(v.t("import.example_file")+".csv", func(w io.Writer) error {
		_, err := io.WriteString(w, v.t("import.example")+"\n")
		return err
	})
}

func importURL(id int64, rest string) string {
	return fmt.Sprintf("/recipients/imports/%d%s", id, rest)
}
