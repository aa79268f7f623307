package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"gonets/internal/fault"
)

// maxBody is room for a message's body and text of 1 MiB each, also where every
// character is escaped.
const maxBody = 16 << 20

// Payload is the JSON body of a request, embedded in what an operation is
// asked. T is a struct whose fields are all optional: pointers, or what null
// leaves empty. An empty body is an empty object.
type Payload[T any] struct {
	Data T

	err error
}

// Resolve reads the body; huma calls it. What is wrong with it is kept for
// handle, which knows how to say it.
func (p *Payload[T]) Resolve(ctx huma.Context) []error {
	r, w := humachi.Unwrap(ctx)
	p.err = readJSON(w, r, &p.Data)
	return nil
}

func (p *Payload[T]) fault() error { return p.err }

// describe is the body in the API's description.
func (p *Payload[T]) describe(registry huma.Registry, required []string) *huma.RequestBody {
	schema := registry.Schema(reflect.TypeFor[T](), true, "")
	if len(required) > 0 {
		schema = &huma.Schema{AllOf: []*huma.Schema{schema, {Required: required}}}
	}
	return &huma.RequestBody{
		Required: len(required) > 0,
		Content:  map[string]*huma.MediaType{"application/json": {Schema: schema}},
	}
}

// mediaTypeError refuses a body of another type than the operation's (415).
type mediaTypeError struct{ fault *fault.Error }

func (e *mediaTypeError) Error() string { return e.fault.Error() }
func (e *mediaTypeError) Unwrap() error { return e.fault }

// expectType checks a Content-Type; a missing one is what was expected.
func expectType(r *http.Request, wanted ...string) error {
	header := r.Header.Get("Content-Type")
	if header == "" {
		return nil
	}
	got, _, err := mime.ParseMediaType(header)
	if err != nil || !slices.Contains(wanted, got) {
		return &mediaTypeError{fault.New(fault.Invalid, "api.media_type", fault.Args{"Type": wanted[0]})}
	}
	return nil
}

// readJSON reads a body into a struct. The error is Invalid with every field
// that is unknown or of the wrong type, or TooLarge.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	if err := expectType(r, "application/json"); err != nil {
		return err
	}
	var fields fault.Fields
	switch {
	case !utf8.Valid(data):
		fields.Add("", "error.not_text", nil)
	case !json.Valid(data):
		fields.Add("", "api.not_json", nil)
	default:
		decode(data, "", reflect.ValueOf(into).Elem(), &fields)
	}
	return fields.Err()
}

// decode reads a valid JSON value into v, which is at path. It goes on after a
// field that fails.
func decode(data []byte, path string, v reflect.Value, fields *fault.Fields) {
	switch {
	case string(data) == "null":
		v.SetZero()
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		decode(data, path, v.Elem(), fields)
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		decodeObject(data, path, v, fields)
	default:
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber() // an attribute that is a whole number stays one
		if d.Decode(v.Addr().Interface()) != nil {
			fields.Add(path, expected(v.Type()), nil)
		}
	}
}

func decodeObject(data []byte, path string, v reflect.Value, fields *fault.Fields) {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		fields.Add(path, "api.expected_object", nil)
		return
	}
	at := map[string]int{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		at[name] = i
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		full := strings.TrimPrefix(path+"."+short(name), ".")
		if i, known := at[name]; known {
			decode(members[name], full, v.Field(i), fields)
		} else {
			fields.Add(full, "error.unknown_field", nil)
		}
	}
}

// short bounds a name that comes from outside.
func short(name string) string {
	const limit = 60
	if utf8.RuneCountInString(name) <= limit {
		return name
	}
	return string([]rune(name)[:limit]) + "…"
}

// expected is the key that says which type a field has.
func expected(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "api.expected_time"
	case t.Kind() == reflect.Bool:
		return "api.expected_boolean"
	case t.Kind() == reflect.Int:
		return "error.not_a_number"
	case t.Kind() == reflect.Slice:
		return "api.expected_list"
	case t.Kind() == reflect.Map:
		return "api.expected_object"
	default:
		return "api.expected_text"
	}
}
