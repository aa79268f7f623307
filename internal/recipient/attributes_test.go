package recipient

import (
	"reflect"
	"testing"

	"gonets/internal/fault"
)

func TestAttributesRoundTrip(t *testing.T) {
	given := map[string]any{
		"город": "Орёл \"на Оке\" <&>\u2028\t😀", "orders": int64(9007199254740993), "share": 0.25, "vip": true,
		"sizes": []any{"XL", int64(42), false}, "none": []any{}, "gone": nil,
	}
	var fields fault.Fields
	encoded := checkAttributes(&fields, given)
	if len(fields) > 0 {
		t.Fatal(fields)
	}
	delete(given, "gone")
	if got, err := decodeAttributes(encoded); err != nil || !reflect.DeepEqual(got, given) {
		t.Errorf("%s became %#v, %v; want %#v", encoded, got, err, given)
	}
}

func TestAttributesThatNobodyEncoded(t *testing.T) {
	for _, encoded := range []string{``, `null`, `[]`, `{"a":`, `{"a":1}}`, `{"a":{"b":1}}`, `{"a":[[1]]}`, `{"a":null}`, `{"a":1e999}`} {
		if got, err := decodeAttributes(encoded); err == nil {
			t.Errorf("%q: got %v, want an error", encoded, got)
		}
	}
}
