package api

import (
	"encoding/json"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gonets/internal/fault"
)

// Page is what every list is asked.
type Page struct {
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many items at most."`
	After string `query:"after" doc:"The next of the page before; empty: from the start."`
}

// after is the key after which the page goes on; 0: from the start.
func (p Page) after() (int64, error) {
	if p.After == "" {
		return 0, nil
	}
	key, err := parseID(p.After)
	if err != nil {
		return 0, fault.Fields{{Name: "after", Key: "api.cursor"}}.Err()
	}
	return key, nil
}

// List is a page.
type List[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next" doc:"The after of the next page; empty: this is the last one."`
}

// listOf is a page of what the nouns answered. next is 0 at the end.
func listOf[N, T any](nouns []N, next int64, show func(N) T) List[T] {
	list := List[T]{Items: make([]T, len(nouns))}
	for i := range nouns {
		list.Items[i] = show(nouns[i])
	}
	if next != 0 {
		list.Next = formatID(next)
	}
	return list
}

func formatID(id int64) string { return strconv.FormatInt(id, 10) }

// parseID reads an id; what never was one is nobody's.
func parseID(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || formatID(n) != s {
		return 0, fault.Missing()
	}
	return n, nil
}

// fieldID reads an id in a field of a body or in a filter.
func fieldID(fields *fault.Fields, name, key, s string) int64 {
	n, err := parseID(s)
	if err != nil {
		fields.Add(name, key, fault.Args{"ID": short(s)})
	}
	return n
}

// moment is a time as the API tells it: null where it has not come.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// set lays a field of a body over what is there, if it was given.
func set[T any](to *T, given *T) {
	if given != nil {
		*to = *given
	}
}

// whole is a slice that JSON writes as [], never as null.
func whole[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Null is an object that may be null.
type Null[T any] struct{ Object *T }

// MarshalJSON writes the object or null.
func (n Null[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.Object) }

// Schema describes it.
func (Null[T]) Schema(registry huma.Registry) *huma.Schema {
	null := &huma.Schema{Type: "null", Enum: []any{nil}}
	null.PrecomputeMessages()
	return &huma.Schema{AnyOf: []*huma.Schema{registry.Schema(reflect.TypeFor[T](), true, ""), null}}
}
