package recipient

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll reads every record of a text; broken ones are "line: key".
func readAll(t testing.TB, text string, in io.Reader) (list [][]string, broken []string) {
	t.Helper()
	s := newScanner(in, ',', utf8Text, 0, 1)
	for {
		line := s.line
		rec, err := s.next()
		if e, ok := errors.AsType[*rowError](err); ok {
			broken = append(broken, fmt.Sprintf("%d: %s", e.line, e.Key))
			continue
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.line < line {
			t.Fatalf("record at line %d before line %d", rec.line, line)
		}
		list = append(list, rec.cells)
	}
	if s.position != int64(len(text)) {
		t.Fatalf("position %d at the end of %d bytes", s.position, len(text))
	}
	return list, broken
}

func TestScanner(t *testing.T) {
	long := strings.Repeat("x", maxRecord+1)
	for name, tt := range map[string]struct {
		text   string
		want   [][]string
		broken []string
	}{
		"plain":            {"a,b\nc,d", [][]string{{"a", "b"}, {"c", "d"}}, nil},
		"CRLF, blank":      {"a,b\r\n\r\n\nc,\r\n", [][]string{{"a", "b"}, {"c", ""}}, nil},
		"quotes":           {`"a","b,""c""",""` + "\n" + `"",x`, [][]string{{"a", `b,"c"`, ""}, {"", "x"}}, nil},
		"lines in quotes":  {"\"a\r\nb\n\",c\nd", [][]string{{"a\nb\n", "c"}, {"d"}}, nil},
		"commas":           {",\n,,", [][]string{{"", ""}, {"", "", ""}}, nil},
		"bare quote":       {"a\"b,c\nd,e\n", [][]string{{"d", "e"}}, []string{"1: import.quote"}},
		"after a quote":    {"\"a\"b,c\nd,e\n", [][]string{{"d", "e"}}, []string{"1: import.quote"}},
		"never closed":     {"a,\"b\nc,d\ne,f\n", [][]string{{"c", "d"}, {"e", "f"}}, []string{"1: import.quote"}},
		"closed far below": {"a,\"b\nc,d\ne,\"f\"\n", [][]string{{"c", "d"}, {"e", "f"}}, []string{"1: import.quote"}},
		"swallowing much":  {"a,\"b\n" + strings.Repeat("c,d\n", maxRecord/4) + "e,\"f\"\n", append(repeat([]string{"c", "d"}, maxRecord/4), []string{"e", "f"}), []string{"1: import.quote"}},
		"long line":        {"a\n" + long + "\nb\n" + long + long, [][]string{{"a"}, {"b"}}, []string{"2: import.row_long", "4: import.row_long"}},
		"not UTF-8":        {"a\n\xff\nb", [][]string{{"a"}, {"b"}}, []string{"2: import.encoding"}},
	} {
		for _, in := range []io.Reader{strings.NewReader(tt.text), iotest.DataErrReader(iotest.HalfReader(strings.NewReader(tt.text)))} {
			got, broken := readAll(t, tt.text, in)
			if !reflect.DeepEqual(got, tt.want) || !reflect.DeepEqual(broken, tt.broken) {
				t.Errorf("%s: got %.200q %q, want %.200q %q", name, got, broken, tt.want, tt.broken)
			}
		}
	}
}

// TestScannerShowsWhatItRejects in the file's own charset.
func TestScannerShowsWhatItRejects(t *testing.T) {
	for name, tt := range map[string]struct {
		set  charset
		row  string
		want string
	}{
		"a byte that is none of UTF-8's": {utf8Text, "Иван \xff Ёлкин", "Иван \uFFFD Ёлкин"},
		"Windows-1252":                   {windows1252, encoded(t, windows1252, `Jürgen "Müller"`), `Jürgen "Müller"`},
		"Windows-1251":                   {windows1251, encoded(t, windows1251, `ООО "Ёлка"`), `ООО "Ёлка"`},
		"UTF-8 behind much of ASCII":     {ascii, `"` + strings.Repeat("я", 1000), `"` + strings.Repeat("я", 499)},
		"long line":                      {utf8Text, "." + strings.Repeat("я", maxRecord), "." + strings.Repeat("я", 499)},
	} {
		_, err := newScanner(strings.NewReader(tt.row), ';', tt.set, 0, 1).next()
		e, ok := errors.AsType[*rowError](err)
		if !ok {
			t.Fatalf("%s: got %v, want a rejected row", name, err)
		}
		if e.value != tt.want {
			t.Errorf("%s: got %q, want %q", name, e.value, tt.want)
		}
	}
}

func repeat(row []string, n int) (list [][]string) {
	for range n {
		list = append(list, row)
	}
	return list
}

// FuzzScanner compares the scanner with encoding/csv wherever that finds
// nothing wrong.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{"a,b\nc,d", "\"a\r\nb\",c\r\n", "a,\"b\nc", "\"\"\"\"\n", ",\r\n\r,\n", "\"\r\n\",\r"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, broken := readAll(t, text, iotest.OneByteReader(strings.NewReader(text)))
		reader := csv.NewReader(strings.NewReader(text))
		reader.FieldsPerRecord = -1
		want, err := reader.ReadAll()
		if err != nil || strings.ToValidUTF8(text, "") != text {
			return
		}
		if len(broken) > 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("got %q %q, want %q", got, broken, want)
		}
	})
}

// FuzzImportFront reads any file to its end: whatever it is, every row is an
// entry with an address, or has a reason; and reading from any position that
// an import stops at gives the same rows.
func FuzzImportFront(f *testing.F) {
	for _, seed := range []string{
		"email,name\na@b.test,A\n", "\xef\xbb\xbfпочта;имя\r\na@b.test;Иван\r\n", "sep=|\nemail|x\n\"a@b.test|",
		"email\tтеги\tage\na@b.test\ta|b\t42\n", "\xef\xee\xf7\xf2\xe0;\xe8\xec\xff\na@b.test;\xc8\xe2\xe0\xed\n", "email,x,x\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		front, err := readFront(file[:min(len(file), sampleSize)])
		if err != nil {
			failing(t, err)
			return
		}
		if int(front.position) > len(file) {
			t.Fatalf("the header ends at %d of %d bytes", front.position, len(file))
		}
		rows := newRows(front.columns, []string{"imported"})
		s := newScanner(strings.NewReader(string(file[front.position:])), front.comma, front.charset, front.position, front.line)
		for {
			from, line := s.position, s.line
			rec, err := s.next()
			again, againErr := newScanner(strings.NewReader(string(file[from:])), front.comma, front.charset, from, line).next()
			if !reflect.DeepEqual(rec, again) || fmt.Sprint(err) != fmt.Sprint(againErr) {
				t.Fatalf("from %d: %q %v, then %q %v", from, rec.cells, err, again.cells, againErr)
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil || blank(rec.cells) {
				continue
			}
			e, fields := rows.entry(rec.cells)
			if len(fields) == 0 && (e.key == "" || len(e.tags) == 0) {
				t.Fatalf("%q became %+v", rec.cells, e)
			}
			if len(fields) == 0 {
				if _, err := decodeAttributes(e.attributes); err != nil {
					t.Fatalf("%q: attributes %s: %v", rec.cells, e.attributes, err)
				}
			}
		}
	})
}

func TestTypedRoundTrips(t *testing.T) {
	for cell, want := range map[string]any{
		"42": int64(42), "-7": int64(-7), "007": "007", "+7": "+7", "4.5": 4.5, "4.50": "4.50", "1e5": "1e5", "1e+21": 1e21,
		"99999999999999999999": "99999999999999999999", "true": true, "True": "True", "[1,\"a\"]": []any{int64(1), "a"},
		"[1": "[1", `"42"`: "42", `"a`: `"a`, "=1+1": "=1+1", "null": "null", "[[1]]": "[[1]]", "-": "-", "-Inf": "-Inf", "0x10": "0x10",
	} {
		got := typed(cell)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", cell, got, want)
		}
		if back := typed(untyped(got)); !reflect.DeepEqual(back, got) {
			t.Errorf("%s: %#v came back as %#v by %s", cell, got, back, untyped(got))
		}
	}
	for _, value := range []any{"", "true", "[1]", `"x"`, 1e300, -0.000001, 5e-324, 1e20, "a\nb", []any{}} {
		if back := typed(untyped(value)); !reflect.DeepEqual(back, value) {
			t.Errorf("%#v came back as %#v by %s", value, back, untyped(value))
		}
	}
}
