package recipient

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode"

	"gonets/internal/db"
	"gonets/internal/fault"
)

// front is what the beginning of a file says about the rest.
type front struct {
	charset  charset
	comma    byte
	columns  []column
	position int64 // behind the header
	line     int64
}

// column says what the cells of a column are: a field of the recipient, or
// an attribute. Neither: the column has no name, and is passed over.
type column struct {
	field     string
	attribute string
}

// sampleSize is how much of a file its front is found out from.
const sampleSize = 64 << 10

// headings are the fields' names in a header, besides their own, folded and
// with _ for spaces, dashes and dots.
var headings = map[string][]string{
	"email": {
		"e_mail", "mail", "email_address", "e_mail_address", "почта", "эл_почта", "электронная_почта", "адрес",
		"адрес_электронной_почты", "адрес_эл_почты", "е_mail", "емейл", "имейл", "емайл", "мейл",
	},
	"name":        {"full_name", "имя", "фио", "полное_имя", "имя_и_фамилия", "фамилия_и_имя", "фамилия_имя_отчество", "клиент"},
	"comment":     {"comments", "note", "notes", "комментарий", "комментарии", "примечание", "примечания", "заметка", "заметки"},
	"tags":        {"tag", "labels", "теги", "тег", "тэги", "тэг", "метки", "метка"},
	"time_zone":   {"timezone", "tz", "часовой_пояс", "временная_зона", "таймзона"},
	"mail_status": {}, // an export's
	"locale":      {"language", "lang", "язык", "локаль"},
}

// readFront reads the beginning of a file. The error tells the person why
// the file can't be imported.
func readFront(sample []byte) (front, error) {
	var f front
	rest, marked := bytes.CutPrefix(sample, byteOrderMark)
	f.charset = utf8Text
	if !marked {
		f.charset = sniff(sample)
	}
	f.position, f.line = int64(len(sample)-len(rest)), 1
	if len(bytes.TrimSpace(rest)) == 0 {
		return front{}, badFile("import.empty", nil)
	}
	candidates := []byte{';', ',', '\t'}
	// Excel's own way to tell the separator.
	if len(rest) > 5 && strings.EqualFold(string(rest[:4]), "sep=") && bytes.IndexByte([]byte("\r\n"), rest[5]) >= 0 {
		candidates = []byte{rest[4]}
		end := bytes.IndexByte(rest, '\n') + 1
		rest, f.position, f.line = rest[end:], f.position+int64(end), f.line+1
	}
	return f.readHeader(rest, candidates)
}

// readHeader takes the separator under which the header has a column of
// addresses, and the most columns.
func (f front) readHeader(rest []byte, candidates []byte) (front, error) {
	if bytes.IndexByte(rest, '\n') < 0 && bytes.IndexByte(bytes.TrimSuffix(rest, []byte("\r")), '\r') >= 0 {
		return front{}, badFile("import.line_ends", nil)
	}
	var best front
	problem := badFile("import.header_email", nil)
	for _, comma := range candidates {
		s := newScanner(bytes.NewReader(rest), comma, f.charset, f.position, f.line)
		header, err := s.next()
		if e, ok := errors.AsType[*rowError](err); ok {
			problem = badFile(e.Key, e.Args)
			continue
		}
		if end := s.position - f.position; end == int64(len(rest)) && s.position == sampleSize && rest[end-1] != '\n' {
			problem = badFile("import.row_long", fault.Args{"Max": sampleSize >> 10})
			continue
		}
		if err != nil || len(header.cells) <= len(best.columns) {
			continue
		}
		columns, err := nameColumns(header.cells)
		if err != nil {
			if _, duplicate := errors.AsType[*fault.Error](err); duplicate {
				problem = err
			}
			continue
		}
		best = f
		best.comma, best.columns, best.position, best.line = comma, columns, s.position, s.line
	}
	if best.columns == nil {
		return front{}, problem
	}
	return best, nil
}

var errNoEmail = errors.New("no column of addresses")

// nameColumns says what each cell of the header heads. A field goes by its
// own name, or else by the first of its other names; what is left are
// attributes. Each recipient has but a few of these, so there may be more than
// one can have: the columns are bounded by the header's size alone.
func nameColumns(cells []string) ([]column, error) {
	columns := make([]column, len(cells))
	taken := map[string]bool{}
	for i, cell := range cells {
		if name := strings.TrimSpace(cell); headings[name] != nil {
			if taken[name] {
				return nil, badFile("import.header_duplicate", fault.Args{"Name": name})
			}
			columns[i].field, taken[name] = name, true
		}
	}
	for i, cell := range cells {
		if columns[i].field != "" {
			continue
		}
		if field := fieldOf(heading(cell)); field != "" && !taken[field] {
			columns[i].field, taken[field] = field, true
			continue
		}
		key := attributeName(cell)
		if key == "" {
			continue
		}
		if taken["="+key] {
			return nil, badFile("import.header_duplicate", fault.Args{"Name": key})
		}
		columns[i].attribute, taken["="+key] = key, true
	}
	if !taken["email"] {
		return nil, errNoEmail
	}
	return columns, nil
}

// heading is a cell of the header as headings has it.
func heading(cell string) string {
	words := strings.FieldsFunc(db.Fold(cell), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("_-.:*", r)
	})
	return strings.Join(words, "_")
}

// fieldOf is the field that has a heading among its other names.
func fieldOf(heading string) string {
	for field, names := range headings {
		if field == heading || slices.Contains(names, heading) {
			return field
		}
	}
	return ""
}

// attributeName makes a key of a heading that a template can name: what can't
// be in it becomes _.
func attributeName(cell string) string {
	cell = strings.TrimSpace(cell)
	if !attributeKey(cell) {
		words := strings.FieldsFunc(cell, func(r rune) bool {
			return !unicode.IsLetter(r) && r != '_' && !keyTail(r)
		})
		cell = strings.Join(words, "_")
		if cell == "" {
			return ""
		}
		if runes := []rune(cell); len(runes) >= maxAttributeKey {
			cell = string(runes[:maxAttributeKey-1])
		}
		if !attributeKey(cell) { // it begins with a digit, say
			cell = "_" + cell
		}
	}
	if slices.Contains(fieldNames, cell) {
		return cell + "_"
	}
	return cell
}

// badFile is the refusal of a whole file.
func badFile(key string, args fault.Args) error {
	return &fault.Error{Kind: fault.Invalid, Key: key, Args: args, Fields: []fault.Field{{Name: "file", Key: key, Args: args}}}
}
