package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"gonets/internal/fault"
	"gonets/internal/httpd"
)

// operation is what the description says of one.
type operation struct {
	method, path string // "POST", "/mailings/{id}/start"
	id           string // for generated clients: "startMailing"
	summary      string
	status       int      // of success; 0: 200
	refusals     []int    // besides those that follow from method, path and body
	required     []string // fields of the body
}

// answer is a body as huma wants it.
type answer[O any] struct{ Body O }

// handle registers an operation. do gets what was asked, in order in itself;
// whether it makes sense is the noun's to say.
func handle[I, O any](a *API, op operation, do func(ctx context.Context, c caller, in *I) (O, error)) {
	described := huma.Operation{
		Method: op.method, Path: op.path, OperationID: op.id, Summary: op.summary, DefaultStatus: op.status,
		Tags:      []string{strings.Split(op.path, "/")[1]},
		Responses: a.refusals(op, reflect.TypeFor[I]()),
	}
	huma.Register(a.huma, described, func(ctx context.Context, in *I) (*answer[O], error) {
		c := callerOf(ctx)
		if p, ok := any(in).(interface{ fault() error }); ok && p.fault() != nil {
			return nil, a.refuse(ctx, c, p.fault())
		}
		out, err := do(ctx, c, in)
		if err != nil {
			return nil, a.refuse(ctx, c, err)
		}
		return &answer[O]{out}, nil
	})
	if p, ok := any(new(I)).(interface {
		describe(huma.Registry, []string) *huma.RequestBody
	}); ok {
		a.registered(op).RequestBody = p.describe(a.huma.OpenAPI().Components.Schemas, op.required)
	}
}

// registered is the operation in the description.
func (a *API) registered(op operation) *huma.Operation {
	item := a.huma.OpenAPI().Paths[op.path]
	switch op.method {
	case http.MethodPost:
		return item.Post
	case http.MethodPatch:
		return item.Patch
	default:
		panic("no body in " + op.method)
	}
}

// refusals describes the errors of an operation.
func (a *API) refusals(op operation, in reflect.Type) map[string]*huma.Response {
	statuses := append([]int{
		http.StatusUnauthorized, http.StatusInternalServerError, http.StatusServiceUnavailable,
	}, op.refusals...)
	if strings.Contains(op.path, "{") {
		statuses = append(statuses, http.StatusNotFound)
	}
	statuses = append(statuses, http.StatusUnprocessableEntity)
	if reflect.PointerTo(in).Implements(reflect.TypeFor[huma.Resolver]()) {
		statuses = append(statuses, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	slices.Sort(statuses)
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	responses := map[string]*huma.Response{}
	for _, status := range statuses {
		responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
	return responses
}

// refuse is the answer to an error; what is ours is logged.
func (a *API) refuse(ctx context.Context, c caller, err error) error {
	p := problemOf(err, c.words)
	p.Request = httpd.RequestID(ctx)
	if p.Status >= http.StatusInternalServerError {
		a.Log.ErrorContext(ctx, "request failed", "request", p.Request, "error", err)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.TooMany {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {fmt.Sprint(f.Args["Seconds"])}})
	}
	return p
}

// ByID is what an operation on one object is asked.
type ByID struct {
	ID string `path:"id" doc:"The object's id, as it was answered."`
}

// id is 0 and NotFound where there can be no such object.
func (b ByID) id() (int64, error) { return parseID(b.ID) }

// Deleted is the answer to a DELETE.
type Deleted struct {
	ID string `json:"id" doc:"What is no more."`
}

// remove deletes by id.
func remove(in *ByID, by func(id int64) error) (Deleted, error) {
	id, err := in.id()
	if err != nil {
		return Deleted{}, err
	}
	return Deleted{in.ID}, by(id)
}
