package liquid

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// special is a literal that is only good for comparing with it.
type special int

const (
	blank special = iota + 1 // equals nil, false, white space and empty lists and maps
	empty                    // equals empty text, lists and maps
)

// known is v where its type is one of the language, and nil otherwise.
func known(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case bool, int64, float64, string, Safe, []any, map[string]any, time.Time, special, *loop:
		return v
	}
	return nil
}

func truthy(v any) bool { return v != nil && v != false }

// textOf is the text of a text value.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Safe:
		return string(v), true
	}
	return "", false
}

// weight is about how many bytes a filter has to read of v.
func weight(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case Safe:
		return len(v)
	case []any:
		return 16 * len(v)
	case map[string]any:
		return 64 * len(v)
	}
	return 0
}

// lookup is v.key or v['key']; only the dotted one knows size, first and last.
func lookup(v any, key string, dotted bool) any {
	switch v := v.(type) {
	case map[string]any:
		if inner, ok := v[key]; ok {
			return known(inner)
		}
		if dotted && key == "size" {
			return sizeOf(v)
		}
	case *loop:
		return v.field(key)
	case []any:
		switch {
		case !dotted:
		case key == "size":
			return sizeOf(v)
		case key == "first":
			return at(v, int64(0))
		case key == "last":
			return at(v, int64(-1))
		}
	case string, Safe:
		if dotted && key == "size" {
			return sizeOf(v)
		}
	}
	return nil
}

// sizeOf is the number of characters or items; nil where v has neither.
func sizeOf(v any) any {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v))
	case Safe:
		return int64(utf8.RuneCountInString(string(v)))
	case []any:
		return int64(len(v))
	case map[string]any:
		return int64(len(v))
	}
	return nil
}

// at is v[index]. Negative indices count from the end.
func at(v, index any) any {
	if key, ok := textOf(index); ok {
		return lookup(v, key, false)
	}
	list, _ := v.([]any)
	i, ok := index.(int64)
	if i < 0 {
		i += int64(len(list))
	}
	if !ok || i < 0 || i >= int64(len(list)) {
		return nil
	}
	return known(list[i])
}

// isEmpty reports whether v equals empty.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case Safe:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// is reports whether v equals the special.
func (s special) is(v any) bool {
	if other, ok := v.(special); ok {
		return s == other
	}
	if s == empty {
		return isEmpty(v)
	}
	t, ok := textOf(v)
	return !truthy(v) || isEmpty(v) || ok && strings.Trim(t, space) == ""
}

// equal reports whether a == b. Each value it looks at costs a step.
func (r *run) equal(offset int, a, b any, depth int) (bool, error) {
	if s, ok := b.(special); ok {
		a, b = s, a
	}
	if err := r.step(offset, 1+weight(a)/128); err != nil || depth > MaxDepth {
		return false, err
	}
	switch a := a.(type) {
	case nil:
		return b == nil, nil
	case special:
		return a.is(b), r.read(offset, weight(b))
	case bool:
		return b == a, nil
	case *loop:
		return b == a, nil
	case string, Safe:
		s, _ := textOf(a)
		t, ok := textOf(b)
		return ok && s == t, nil
	case []any:
		list, ok := b.([]any)
		if !ok || len(a) != len(list) {
			return false, nil
		}
		return r.equalLists(offset, a, list, depth+1)
	case map[string]any:
		other, ok := b.(map[string]any)
		if !ok || len(a) != len(other) {
			return false, nil
		}
		return r.equalMaps(offset, a, other, depth+1)
	}
	order, ok := compare(a, b)
	return ok && order == 0, nil
}

func (r *run) equalLists(offset int, a, b []any, depth int) (bool, error) {
	for i := range a {
		if same, err := r.equal(offset, known(a[i]), known(b[i]), depth); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (r *run) equalMaps(offset int, a, b map[string]any, depth int) (bool, error) {
	for key, v := range a {
		other, ok := b[key]
		if !ok {
			return false, nil
		}
		if same, err := r.equal(offset, known(v), known(other), depth); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

// compare orders numbers, texts and times; ok is false for anything else.
func compare(a, b any) (order int, ok bool) {
	switch a := a.(type) {
	case int64:
		switch b := b.(type) {
		case int64:
			return cmp.Compare(a, b), true
		case float64:
			return compareFloats(float64(a), b)
		}
	case float64:
		switch b := b.(type) {
		case int64:
			return compareFloats(a, float64(b))
		case float64:
			return compareFloats(a, b)
		}
	case string, Safe:
		s, _ := textOf(a)
		t, ok := textOf(b)
		return cmp.Compare(s, t), ok
	case time.Time:
		t, ok := b.(time.Time)
		return a.Compare(t), ok
	}
	return 0, false
}

// compareFloats knows that a NaN is not ordered.
func compareFloats(a, b float64) (int, bool) {
	return cmp.Compare(a, b), !math.IsNaN(a) && !math.IsNaN(b)
}

// text is v as text, as it would be printed without escaping.
func (r *run) text(offset int, v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case Safe:
		return string(v), nil
	case []any:
		flat, err := r.flatten(offset, nil, v, 0)
		if err != nil {
			return "", err
		}
		return r.join(offset, flat, "")
	}
	var buffer [64]byte
	return string(appendScalar(buffer[:0], v, r.zone)), nil
}

// flatten appends to dst the values of list and of the lists in it.
func (r *run) flatten(offset int, dst, list []any, depth int) ([]any, error) {
	if depth > MaxDepth {
		return dst, nil
	}
	for _, v := range list {
		if err := r.step(offset, 1); err != nil {
			return nil, err
		}
		inner, ok := v.([]any)
		if !ok {
			dst = append(dst, known(v))
			continue
		}
		var err error
		if dst, err = r.flatten(offset, dst, inner, depth+1); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// join is the texts of a flat list with glue between them.
func (r *run) join(offset int, flat []any, glue string) (string, error) {
	var b strings.Builder
	for i, v := range flat {
		s, err := r.text(offset, v)
		if err != nil {
			return "", err
		}
		if i > 0 {
			s = glue + s
		}
		if err := r.make(offset, len(s)); err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// appendScalar appends numbers, booleans and times; any other value is nothing.
func appendScalar(dst []byte, v any, zone *time.Location) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return appendFloat(dst, v)
	case time.Time:
		v = v.In(zone)
		if name, shift := v.Zone(); shift == 0 && name == "UTC" {
			return v.AppendFormat(dst, "2006-01-02 15:04:05 UTC")
		}
		return v.AppendFormat(dst, "2006-01-02 15:04:05 -0700")
	}
	return dst
}

// sequence is what a loop goes over: a list, or the numbers from first on.
type sequence struct {
	list   []any
	first  int64
	length int64
	whole  bool // text: limit and offset take nothing from it
}

// at is an item; i is within the length.
func (s sequence) at(i int64) any {
	if s.list != nil {
		return known(s.list[i])
	}
	return s.first + i
}

// span is the numbers first..last, or none where last is the smaller.
func span(first, last int64) sequence {
	if last < first {
		return sequence{}
	}
	length, ok := subInt(last, first)
	if !ok || length == math.MaxInt64 {
		return sequence{first: first, length: math.MaxInt64}
	}
	return sequence{first: first, length: length + 1}
}

// sequence is what a loop over v goes over: a list, the pairs of a map in the
// order of its keys, text as one item, nothing for anything else.
func (r *run) sequence(offset int, v any) (sequence, error) {
	var list []any
	switch v := v.(type) {
	case []any:
		list = v
	case string, Safe:
		if isEmpty(v) {
			return sequence{whole: true}, nil
		}
		return sequence{list: []any{v}, length: 1, whole: true}, nil
	case map[string]any:
		if err := r.step(offset, len(v)); err != nil {
			return sequence{}, err
		}
		if err := r.make(offset, 64*len(v)); err != nil {
			return sequence{}, err
		}
		for key, inner := range v {
			list = append(list, []any{key, inner})
		}
		slices.SortFunc(list, func(a, b any) int {
			return cmp.Compare(a.([]any)[0].(string), b.([]any)[0].(string))
		})
	}
	return sequence{list: list, length: int64(len(list))}, nil
}
