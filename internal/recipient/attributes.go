package recipient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"gonets/internal/fault"
)

// Limits of the attributes.
const (
	MaxAttributes      = 100
	MaxAttributesBytes = 16 << 10 // of the JSON object
	maxAttributeKey    = 60       // characters
)

// fieldNames are the recipient's own variables in a template and columns in a
// file, so that no attribute can have these names.
var fieldNames = []string{"id", "email", "name", "comment", "tags", "time_zone", "locale", "mail_status"}

// attributeKey reports whether a template can name the attribute: letters of
// any script, digits, _ and -, no digit or dash in front.
func attributeKey(key string) bool {
	if key == "" || utf8.RuneCountInString(key) > maxAttributeKey {
		return false
	}
	for i, r := range key {
		if !unicode.IsLetter(r) && r != '_' && (i == 0 || !keyTail(r)) {
			return false
		}
	}
	return true
}

// keyTail admits marks besides digits: in several scripts a letter is
// written with them.
func keyTail(r rune) bool {
	return r == '-' || unicode.IsDigit(r) || unicode.IsMark(r)
}

// checkAttributes answers the attributes as canonical JSON: keys in order.
func checkAttributes(fields *fault.Fields, attributes map[string]any) string {
	if len(attributes) == 0 {
		return "{}"
	}
	if len(attributes) > MaxAttributes {
		fields.Add("attributes", "recipient.attributes_many", fault.Args{"Max": MaxAttributes})
		return "{}"
	}
	failed := len(*fields)
	clean := make(map[string]any, len(attributes))
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		if attributes[key] == nil {
			continue // JSON's null: not there
		}
		name := "attributes." + cut(key)
		value, err := cleanValue(attributes[key], true)
		switch {
		case !attributeKey(key):
			fields.Add(name, "recipient.attribute_key", fault.Args{"Key": cut(key)})
		case slices.Contains(fieldNames, key):
			fields.Add(name, "recipient.attribute_reserved", fault.Args{"Key": key})
		case err != nil:
			fields.Add(name, "recipient.attribute_value", fault.Args{"Key": key})
		default:
			clean[key] = value
		}
	}
	if len(*fields) > failed {
		return "{}"
	}
	encoded, err := encodeAttributes(clean)
	if err != nil || len(encoded) > MaxAttributesBytes {
		fields.Add("attributes", "recipient.attributes_large", fault.Args{"Max": MaxAttributesBytes >> 10})
		return "{}"
	}
	return encoded
}

var errValue = errors.New("neither text, number, boolean nor a list of these")

// cleanValue admits what a template can print: strings, numbers, booleans,
// and one level of lists of them.
func cleanValue(value any, list bool) (any, error) {
	switch v := value.(type) {
	case string:
		return cleanString(v)
	case bool, int64:
		return v, nil
	case int:
		return int64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errValue
		}
		return v, nil
	case json.Number:
		return number(v)
	case []string:
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		return cleanValue(items, list)
	case []any:
		if !list {
			return nil, errValue
		}
		items := make([]any, len(v))
		for i := range v {
			item, err := cleanValue(v[i], false)
			if err != nil {
				return nil, err
			}
			items[i] = item
		}
		return items, nil
	default:
		return nil, errValue
	}
}

// cleanString trims and refuses what a text of several lines must not have;
// NUL above all, which PostgreSQL can't store.
func cleanString(s string) (string, error) {
	var fields fault.Fields
	s = text(&fields, "", s, MaxAttributesBytes)
	if len(fields) > 0 {
		return "", errValue
	}
	return s, nil
}

// number keeps whole numbers whole.
func number(n json.Number) (any, error) {
	if whole, err := n.Int64(); err == nil {
		return whole, nil
	}
	return n.Float64()
}

func encodeAttributes(attributes map[string]any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(attributes); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// decodeAttributes reads what checkAttributes has encoded.
func decodeAttributes(encoded string) (map[string]any, error) {
	object := gjson.Parse(encoded)
	if !object.IsObject() || !gjson.Valid(encoded) {
		return nil, fmt.Errorf("read attributes: %w", errValue)
	}
	attributes := map[string]any{}
	var err error
	object.ForEach(func(key, value gjson.Result) bool {
		attributes[key.Str], err = readValue(value, true)
		return err == nil
	})
	if err != nil {
		return nil, fmt.Errorf("read attributes: %w", err)
	}
	return attributes, nil
}

func readValue(value gjson.Result, list bool) (any, error) {
	switch {
	case value.Type == gjson.String:
		return value.Str, nil
	case value.Type == gjson.Number:
		return number(json.Number(value.Raw))
	case value.IsBool():
		return value.Bool(), nil
	case value.IsArray() && list:
		items := []any{}
		var err error
		value.ForEach(func(_, item gjson.Result) bool {
			var one any
			one, err = readValue(item, false)
			items = append(items, one)
			return err == nil
		})
		return items, err
	default:
		return nil, errValue
	}
}
