package recipient

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonets/internal/fault"
)

// rows turns the records of a file into entries.
type rows struct {
	columns []column
	tags    []string // given to every row
	order   []int    // columns of attributes, by key
	keys    []string // these columns' keys as JSON, with the colon
	checker checker
}

func newRows(columns []column, tags []string) *rows {
	p := &rows{columns: columns, tags: tags}
	for i, c := range columns {
		if c.attribute != "" {
			p.order = append(p.order, i)
		}
	}
	slices.SortFunc(p.order, func(a, b int) int { return strings.Compare(columns[a].attribute, columns[b].attribute) })
	for _, i := range p.order {
		p.keys = append(p.keys, string(appendJSON(nil, columns[i].attribute))+":")
	}
	return p
}

// blank says that a record has no content: Excel leaves such rows behind.
func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

// entry checks a record. An empty cell says nothing: it is neither an error,
// but for the address, nor does it clear what is there.
func (p *rows) entry(cells []string) (entry, fault.Fields) {
	var e entry
	var fields fault.Fields
	if len(cells) != len(p.columns) && !(len(cells) > len(p.columns) && blank(cells[len(p.columns):])) {
		fields.Add("", "import.columns", fault.Args{"Want": len(p.columns), "Got": len(cells)})
		return e, fields
	}
	for i, c := range p.columns {
		switch cell := cells[i]; c.field {
		case "email":
			e.email, e.key = p.checker.email(&fields, cell)
		case "name":
			e.name = line(&fields, "name", cell, MaxName)
		case "comment":
			e.comment = text(&fields, "comment", cell, MaxComment)
		case "tags":
			if cell != "" {
				e.tags = checkTags(&fields, "tags", strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(tagSeparators, r) }))
			}
		case "time_zone":
			e.zone = p.checker.zone(&fields, cell)
		case "locale":
			e.locale = p.checker.locale(&fields, cell)
		case "mail_status":
			e.refused = refused(&fields, cell)
		}
	}
	e.attributes = p.attributes(&fields, cells)
	if len(p.tags) > 0 {
		if e.tags = union(e.tags, p.tags); len(e.tags) > MaxTags {
			fields.Add("tags", "recipient.tags_many", fault.Args{"Max": MaxTags})
		}
	}
	return e, fields
}

// addressed says that a record has an address where the file has them.
func (p *rows) addressed(cells []string) bool {
	var fields fault.Fields
	p.checker.email(&fields, p.cell(cells, "email"))
	return len(fields) == 0
}

// refused reads a status. An import can only take mail away: "active" says
// nothing.
func refused(fields *fault.Fields, cell string) Status {
	switch s := Status(strings.ToLower(strings.TrimSpace(cell))); s {
	case "", Active:
	case Unsubscribed, Suppressed:
		return s
	default:
		fields.Add("mail_status", "error.choice", nil)
	}
	return ""
}

// attributes writes the JSON straight from the cells, as encodeAttributes
// would.
func (p *rows) attributes(fields *fault.Fields, cells []string) string {
	if len(p.order) == 0 {
		return "{}"
	}
	buf := append(make([]byte, 0, 64), '{')
	filled := 0
	for i, column := range p.order {
		cell := strings.TrimSpace(cells[column])
		if cell == "" {
			continue
		}
		value := typed(cell)
		if s, ok := value.(string); ok {
			clean, err := cleanString(s)
			if err != nil {
				key := p.columns[column].attribute
				fields.Add("attributes."+key, "recipient.attribute_value", fault.Args{"Key": key})
				continue
			}
			value = clean
		}
		if len(buf) > 1 {
			buf = append(buf, ',')
		}
		buf = append(buf, p.keys[i]...)
		buf = appendJSON(buf, value)
		filled++
	}
	buf = append(buf, '}')
	if filled > MaxAttributes {
		fields.Add("attributes", "recipient.attributes_many", fault.Args{"Max": MaxAttributes})
		return "{}"
	}
	if len(buf) > MaxAttributesBytes {
		fields.Add("attributes", "recipient.attributes_large", fault.Args{"Max": MaxAttributesBytes >> 10})
		return "{}"
	}
	return string(buf)
}

// cell returns what stands in the column of a field, for a report.
func (p *rows) cell(cells []string, field string) string {
	for i, c := range p.columns {
		if i < len(cells) && (c.field != "" && c.field == field || c.attribute != "" && "attributes."+c.attribute == field) {
			return cells[i]
		}
	}
	return strings.Join(cells, " ")
}

// typed reads the cell of an attribute. Numbers, true, false and JSON lists
// are what they look like, if they would be written just so: 007 and +7 stay
// texts. A text that looks like one of these stands in JSON's quotes.
func typed(cell string) any {
	switch first := cell[0]; {
	case cell == "true" || cell == "false":
		return cell == "true"
	case first == '-' || first >= '0' && first <= '9':
		return typedNumber(cell)
	case first == '[' || first == '"':
		value, err := decodeValue(cell)
		if err == nil {
			return value
		}
	}
	return cell
}

func typedNumber(cell string) any {
	if whole, err := strconv.ParseInt(cell, 10, 64); err == nil && strconv.FormatInt(whole, 10) == cell {
		return whole
	}
	f, err := strconv.ParseFloat(cell, 64)
	if err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) && strings.ContainsAny(cell, ".e") && formatFloat(f) == cell {
		return f
	}
	return cell
}

// formatFloat writes a fraction plainly, and what is no fraction or too long
// with an exponent, so that it can't be taken for a whole number.
func formatFloat(f float64) string {
	if plain := strconv.FormatFloat(f, 'f', -1, 64); strings.Contains(plain, ".") && len(plain) <= 24 {
		return plain
	}
	return strconv.FormatFloat(f, 'e', -1, 64)
}

// decodeValue reads one JSON value that an attribute may have.
func decodeValue(encoded string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(encoded))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if decoder.InputOffset() != int64(len(encoded)) {
		return nil, errValue
	}
	return cleanValue(value, true)
}

// appendJSON appends an attribute's value.
func appendJSON(buf []byte, value any) []byte {
	switch v := value.(type) {
	case bool:
		return strconv.AppendBool(buf, v)
	case int64:
		return strconv.AppendInt(buf, v, 10)
	case string:
		if !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == '\u2028' || r == '\u2029' }) {
			buf = append(buf, '"')
			buf = append(buf, v...)
			return append(buf, '"')
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return append(buf, "null"...) // cleanValue admits nothing that can fail
	}
	return append(buf, bytes.TrimSuffix(b.Bytes(), []byte{'\n'})...)
}
