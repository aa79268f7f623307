package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"gonets/internal/fault"
	"gonets/internal/httpd"
	"gonets/internal/i18n"
)

const problemType = "application/problem+json"

// Problem is an error, as RFC 9457 has it.
type Problem struct {
	Type    string       `json:"type" doc:"Always about:blank: the status says what kind of problem it is."`
	Title   string       `json:"title" doc:"What kind of problem it is, in words."`
	Status  int          `json:"status"`
	Detail  string       `json:"detail" doc:"What went wrong, in the caller's language."`
	Key     string       `json:"key" doc:"The same for machines." example:"error.not_found"`
	Request string       `json:"request,omitempty" doc:"The request's name in the service's log."`
	Errors  []FieldError `json:"errors,omitempty" nullable:"false" doc:"Every failing field (422)."`
}

// FieldError is one failing field.
type FieldError struct {
	Field   string `json:"field" doc:"Its name; empty: the body as a whole." example:"schedule.start_at"`
	Message string `json:"message" doc:"The reason, in the caller's language."`
	Key     string `json:"key" doc:"The same for machines." example:"error.required"`
}

// Error makes a Problem an error for huma.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the type of the answer.
func (p *Problem) ContentType(string) string { return problemType }

// problemOf says an error in somebody's language.
func problemOf(err error, words *i18n.Localizer) *Problem {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind == fault.Internal {
		f = fault.New(fault.KindOf(err), "error.internal", nil)
		if httpd.Status(err) == http.StatusRequestEntityTooLarge {
			f = fault.New(fault.TooLarge, "error.too_large", nil)
		}
	}
	p := &Problem{
		Type:   "about:blank",
		Title:  words.T("error.title." + string(f.Kind)),
		Status: httpd.Status(f),
		Detail: words.Sentence(f.Key, f.Args),
		Key:    f.Key,
	}
	if _, ok := errors.AsType[*mediaTypeError](err); ok {
		p.Status = http.StatusUnsupportedMediaType
	}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, FieldError{Field: field.Name, Message: words.Sentence(field.Key, field.Args), Key: field.Key})
	}
	return p
}

// translate turns huma's own errors, which are about parameters, into ours.
// They would tell the caller what was sent, in English.
func (a *API) translate(ctx huma.Context, _ string, v any) (any, error) {
	theirs, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	var fields fault.Fields
	for _, e := range theirs.Errors {
		_, name, _ := strings.Cut(e.Location, ".")
		key, args := parameterReason(ctx.Operation(), name, e.Message)
		fields.Add(name, key, args)
	}
	err := fields.Err()
	if theirs.Status != http.StatusUnprocessableEntity {
		err = fmt.Errorf("huma: %d %s", theirs.Status, theirs.Detail)
	}
	p := problemOf(err, callerOf(ctx.Context()).words)
	p.Status = theirs.Status
	p.Request = httpd.RequestID(ctx.Context())
	return p, nil
}

// parameterReason is the key of huma's reason for refusing a parameter.
func parameterReason(op *huma.Operation, name, message string) (key string, args fault.Args) {
	i := slices.IndexFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == name })
	if i < 0 {
		return "error.unknown_field", nil
	}
	schema := op.Parameters[i].Schema
	switch {
	case strings.Contains(message, "one of"):
		return "error.choice", nil
	case schema.Minimum != nil && schema.Maximum != nil && strings.HasPrefix(message, "expected number"):
		return "error.out_of_range", fault.Args{"Min": int64(*schema.Minimum), "Max": int64(*schema.Maximum)}
	case schema.Type == huma.TypeInteger:
		return "error.not_a_number", nil
	default:
		return "error.required", nil
	}
}

// fail answers outside of any operation, to nobody in particular.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err, a.wordsFor(r, ""))
	if p.Status >= http.StatusInternalServerError {
		a.Log.ErrorContext(r.Context(), "request failed", "request", httpd.RequestID(r.Context()), "error", err)
	}
	a.write(w, r, p)
}

func (a *API) write(w http.ResponseWriter, r *http.Request, p *Problem) {
	p.Request = httpd.RequestID(r.Context())
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may be gone
}

func (a *API) notFound(w http.ResponseWriter, r *http.Request) {
	a.write(w, r, problemOf(fault.New(fault.NotFound, "api.no_such_path", nil), a.wordsFor(r, "")))
}

func (a *API) notAllowed(w http.ResponseWriter, r *http.Request) {
	p := problemOf(fault.New(fault.Conflict, "api.method", fault.Args{"Method": r.Method}), a.wordsFor(r, ""))
	p.Title, p.Status = http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed
	w.Header().Set("Allow", strings.Join(allowed(r), ", "))
	a.write(w, r, p)
}

// atField says of an object that a body names, and that is not there, which
// field names it: the path's own object is.
func atField(err error, field, key string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Fields{{Name: field, Key: key}}.Err()
	}
	return err
}
