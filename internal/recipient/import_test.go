package recipient

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

// load imports a text in this process.
func (b *bench) load(text string, o ImportOptions) Import {
	b.t.Helper()
	i, err := b.ImportReader(b.t.Context(), b.anna, strings.NewReader(text), int64(len(text)), o, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if i.State != ImportDone || i.FinishedAt.IsZero() || i.ErrorKey != "" {
		b.t.Errorf("got %+v, want done", i)
	}
	return i
}

// dump is every recipient of anna's, as an export has them but in the order
// of their addresses.
func (b *bench) dump() []string {
	b.t.Helper()
	var out bytes.Buffer
	if err := b.Export(b.t.Context(), b.anna, Filter{}, &out); err != nil {
		b.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	slices.Sort(lines[1:])
	return lines
}

// report is "line field key value" of each error.
func (b *bench) report(id int64) []string {
	b.t.Helper()
	var list []string
	for after := ""; ; {
		page, next, err := b.ImportErrors(b.t.Context(), b.anna, id, after, 2)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, e := range page {
			list = append(list, fmt.Sprintf("%d %s %s %.20q", e.Line, e.Field, e.Key, e.Value))
		}
		if after = next; next == "" {
			return list
		}
	}
}

func encoded(t testing.TB, set charset, text string) string {
	t.Helper()
	var out string
	var err error
	switch set {
	case windows1251:
		out, err = charmap.Windows1251.NewEncoder().String(text)
	case windows1252:
		out, err = charmap.Windows1252.NewEncoder().String(text)
	case "utf-16":
		out, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestImportReadsFiles(t *testing.T) {
	russian := "E-mail;Имя;Комментарий;Теги;Часовой пояс;Язык;Город\r\nivan@пример.рф;Иван Ёлкин;постоянный;vip,Москва;Europe/Moscow;ru;Москва\r\n"
	want := []string{"email,name,comment,tags,time_zone,locale,mail_status,Город", "ivan@пример.рф,Иван Ёлкин,постоянный,vip|Москва,Europe/Moscow,ru,active,Москва"}
	plain := []string{"email,name,comment,tags,time_zone,locale,mail_status", "a@b.test,A,,,,,active"}
	for name, tt := range map[string]struct {
		text     string
		want     []string
		rejected []string
	}{
		"UTF-8":              {russian, want, nil},
		"byte order mark":    {"\ufeff" + russian, want, nil},
		"Windows-1251":       {encoded(t, windows1251, russian), want, nil},
		"UTF-16":             {encoded(t, "utf-16", russian), want, nil},
		"Windows-1252":       {encoded(t, windows1252, "email;name;comment\r\na@b.test;Jürgen Müller;5 € – groß\r\n"), []string{plain[0], "a@b.test,Jürgen Müller,5 € – groß,,,,active"}, nil},
		"tabs":               {strings.ReplaceAll(russian, ";", "\t"), want, nil},
		"sep=":               {"sep=;\r\n" + russian, want, nil},
		"Windows-1251, late": {"email,name\n" + strings.Repeat("\n", sampleSize) + encoded(t, windows1251, "a@b.test,Щукин\n"), []string{plain[0], "a@b.test,Щукин,,,,,active"}, nil},
		"Windows-1252, late": {"email,name\n" + strings.Repeat("\n", sampleSize) + encoded(t, windows1252, "a@b.test,Jürgen Müller\n"), []string{plain[0], "a@b.test,Jürgen Müller,,,,,active"}, nil},
		"no last line end":   {"name,email\nA,a@b.test", plain, nil},
		"quotes":             {"email,name,\n\"a@b.test\",\"A \"\"B\"\", C\",\n", []string{plain[0], `a@b.test,"A ""B"", C",,,,,active`}, nil},
		"CRLF in quotes":     {"email,comment\r\na@b.test,\"one\r\ntwo\"\r\n", []string{plain[0], "a@b.test,,\"one", "two\",,,,active"}, nil},
		"line end in a name": {"email,name\nx@b.test,\"A\r\nB\"\na@b.test,A\n", plain, []string{"2 name error.control_characters \"A\\nB\""}},
		"long name":          {"email,name\nx@b.test," + strings.Repeat("я", 50_000) + "\na@b.test,A\n", plain, []string{"2 name error.too_long \"яяяяяяяяяяяяяяяяяяяя\""}},
		"stray quote":        {"email,name\nx@b.test,\"X\na@b.test,A\n", plain, []string{"2  import.quote \"x@b.test,\\\"X\""}},
		"two stray quotes":   {"email,name\nx@b.test,\"X\na@b.test,A\ny@b.test,Y\"\n", plain, []string{"2  import.quote \"x@b.test X\\na@b.test,\"", "4  import.quote \"y@b.test,Y\\\"\""}},
		"swallowed rows":     {"email,name\nx@b.test,\"X\na@b.test,A\ny@b.test,\"\n", plain, []string{"2  import.quote \"x@b.test X\\na@b.test,\"", "4  import.quote \"y@b.test,\\\"\""}},
		"rows in a comment":  {"email,comment\na@b.test,\"regular\nb@b.test,big\nc@b.test,VIP\"\nd@b.test,x\n", []string{plain[0], "b@b.test,,big,,,,active", "d@b.test,,x,,,,active"}, []string{"2  import.quote \"a@b.test regular\\nb@b\"", "4  import.quote \"c@b.test,VIP\\\"\""}},
		"commas in comments": {"email,comment\na@b.test,\"regular\nbig, VIP\"\n", []string{plain[0], "a@b.test,,\"regular", "big, VIP\",,,,active"}, nil},
		"cells":              {"email,name\nx@b.test\ny@b.test,Y,Z\na@b.test,A,,\n,\n", plain, []string{"2  import.columns \"x@b.test\"", "3  import.columns \"y@b.test Y Z\""}},
		"many faults":        {"email,name,time_zone\nx,\x01,Mars\na@b.test,A,\n", plain, []string{"2 email mail.address_no_at \"x\"", "2 name error.control_characters \"\\x01\"", "2 time_zone error.time_zone \"Mars\""}},
		"formula":            {"email,name\na@b.test,=1+1\n", []string{plain[0], "a@b.test,=1+1,,,,,active"}, nil},
		"statuses":           {"email,mail_status\na@b.test,unsubscribed\nb@b.test,Active\nc@b.test,gone\n", []string{plain[0], "a@b.test,,,,,,unsubscribed", "b@b.test,,,,,,active"}, []string{"4 mail_status error.choice \"gone\""}},
		"odd headers":        {"email, Дата рождения ,1st,id,Name!\na@b.test,1990,x,7,A\n", []string{plain[0] + ",_1st,id_,Дата_рождения", "a@b.test,A,,,,,active,x,7,1990"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "odd headers" {
				tt.text = strings.Replace(tt.text, "Name!", "Full Name", 1)
			}
			b := newBench(t, dbtest.SQLite(t))
			i := b.load(tt.text, ImportOptions{})
			if got := b.dump(); !slices.Equal(got, slices.Concat(tt.want[:1], slices.Sorted(slices.Values(tt.want[1:])))) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := b.report(i.ID); !slices.Equal(got, tt.rejected) {
				t.Errorf("rejected %q, want %q", got, tt.rejected)
			}
			if want := int64(len(tt.text)); name != "UTF-16" && i.Position != want {
				t.Errorf("position %d, want %d", i.Position, want)
			}
		})
	}
}

func TestSniff(t *testing.T) {
	for _, tt := range []struct {
		text string
		want charset
	}{
		{"email,name", ascii},
		{"имя", utf8Text},
		{"имя"[:5], utf8Text},
		{strings.Repeat("имя ", 20) + "\xff", utf8Text},
		{encoded(t, windows1251, "почта;имя\nivan@b.test;Иван"), windows1251},
		{encoded(t, windows1251, "email,name\nivan@b.test,Ёж"), windows1251},
		{encoded(t, windows1251, "email;Имя\na@b.test;И. Ivanov\nb@b.test;Cергей, Bорис"), windows1251}, // C and B are Latin
		{encoded(t, windows1251, "email;name;city\na@b.test;Олена Їжак;Київ\nb@b.test;Я;и"), windows1251},
		{encoded(t, windows1251, "email;name\na@b.test;Я\n"), windows1251},
		{encoded(t, windows1252, "email;name\na@b.test;Jürgen Müller"), windows1252},
		{encoded(t, windows1252, "E-Mail;Name;Straße\na@b.test;JÜRGEN GROß;Große Öllöcher 3–5"), windows1252},
		{encoded(t, windows1252, "email;nom;ville\na@b.test;Zoé L’Été;Œuilly\nb@b.test;François Çéà;Besançon"), windows1252},
		{encoded(t, windows1252, "email;nombre\na@b.test;¿José Ñúñez?\nb@b.test;Mª Ángeles Muñoz"), windows1252},
		{encoded(t, windows1252, "email;namn;ort\na@b.test;Åsa Öberg;Malmö\nb@b.test;Pär Hägg;Åååå"), windows1252},
	} {
		if got := sniff([]byte(tt.text)); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

func TestImportRefusesFiles(t *testing.T) {
	b := newBench(t, dbtest.SQLite(t))
	for text, want := range map[string]string{
		"":                                    "import.empty",
		"email,name\ra@b.test,A\r":            "import.line_ends",
		"\ufeff\n":                            "import.empty",
		"name,city\nA,B\n":                    "import.header_email",
		"a@b.test,A\n":                        "import.header_email",
		"email,email\n":                       "import.header_duplicate",
		"email,x,x\n":                         "import.header_duplicate",
		"email,\"x\n":                         "import.quote",
		"email," + strings.Repeat("x", 1<<19): "import.row_long",
	} {
		i, err := b.ImportReader(t.Context(), b.anna, strings.NewReader(text), 0, ImportOptions{}, nil)
		if got := failing(t, err); !slices.Equal(got, []string{"file: " + want}) {
			t.Errorf("%.20q: got %v, want %s", text, got, want)
		}
		if got, err := b.Import(t.Context(), b.anna, i.ID); err != nil || got.State != ImportFailed || got.ErrorKey != want {
			t.Errorf("%.20q: got %+v, %v", text, got, err)
		}
		if _, err := b.Upload(t.Context(), b.anna, strings.NewReader(text), ImportOptions{}); !slices.Equal(failing(t, err), []string{"file: " + want}) {
			t.Errorf("upload %.20q: got %v, want %s", text, err, want)
		}
	}
	_, err := b.ImportReader(t.Context(), b.anna, strings.NewReader("email\n"), 0, ImportOptions{Name: "a\nb", Policy: "x", Tags: []string{"a|b"}}, nil)
	want := []string{"name: error.control_characters", "tags: recipient.tag_characters", "policy: error.choice"}
	if got := failing(t, err); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestImportPolicies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		old := b.create(Draft{Email: "Old@b.test", Name: "Old", Comment: "kept", Tags: []string{"One"}, Attributes: map[string]any{"a": "1", "b": 2}})
		file := "email,name,tags,b,c\n" +
			"old@b.test,,two|one,3,\n" + // name and c say nothing
			"new@b.test,New,,1,x\n" +
			"NEW@b.test,Newer,three,,y\n" +
			"old@B.test,Older,,,z\n"
		head := "email,name,comment,tags,time_zone,locale,mail_status,a,b"

		i := b.load(file, ImportOptions{Policy: PolicySkip, Tags: []string{"file"}})
		if i.Created != 1 || i.Skipped != 3 || i.Rows != 4 {
			t.Errorf("skip: got %+v", i.Progress)
		}
		want := []string{head + ",c", "Old@b.test,Old,kept,One,,,active,\"\"\"1\"\"\",2,", "new@b.test,New,,file,,,active,,1,x"}
		if got := b.dump(); !slices.Equal(got, want) {
			t.Errorf("skip: got %q, want %q", got, want)
		}

		want = []string{head + ",c", "Old@b.test,Older,kept,file|One|two,,,active,\"\"\"1\"\"\",3,z", "new@b.test,Newer,,file|three,,,active,,1,y"}
		for range 2 { // once more does no harm
			i = b.load(file, ImportOptions{Tags: []string{"File"}})
			if i.Created != 0 || i.Updated != 4 || i.Rows != 4 {
				t.Errorf("update: got %+v", i.Progress)
			}
			if got := b.dump(); !slices.Equal(got, want) {
				t.Errorf("update: got %q, want %q", got, want)
			}
		}

		// An import takes mail away, and never gives it back.
		i = b.load("email,mail_status\nold@b.test,unsubscribed\n", ImportOptions{})
		if got, err := b.Get(t.Context(), b.anna, old.ID); err != nil || got.Status != Unsubscribed || b.ledger.skipped[old.ID] != "unsubscribed" || i.Updated != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
		b.load("email,mail_status\nold@b.test,active\n", ImportOptions{})
		if got, _ := b.Get(t.Context(), b.anna, old.ID); got.Status != Unsubscribed {
			t.Errorf("brought back: %+v", got)
		}

		// Too many tags reject the row, not the recipient.
		many := make([]string, MaxTags)
		for n := range many {
			many[n] = fmt.Sprint("t", n)
		}
		i = b.load("email,tags,name\nold@b.test,"+strings.Join(many, "|")+",Never\n", ImportOptions{})
		if got := b.report(i.ID); i.Rejected != 1 || !slices.Equal(got, []string{`2 tags recipient.tags_many "Old@b.test"`}) && !slices.Equal(got, []string{`2 tags recipient.tags_many "old@b.test"`}) {
			t.Errorf("got %+v, %q", i.Progress, got)
		}
		if got := b.dump()[1]; !strings.HasPrefix(got, "Old@b.test,Older,") {
			t.Errorf("got %q", got)
		}
	})
}

// file is a CSV of n rows with every kind of trouble in it.
func file(n int) string {
	var text strings.Builder
	text.WriteString("email;name;tags;comment;city\n")
	for i := range n {
		switch i % 50 {
		case 7:
			fmt.Fprintf(&text, "broken%d;\"x\n", i)
		case 8:
			fmt.Fprintf(&text, "no address;%d;;;\n", i)
		case 9:
			fmt.Fprintf(&text, "user%d@b.test;Again %d;more;;\n", i-20, i)
		case 10:
			fmt.Fprintf(&text, "user%d@b.test;U;x;\"line\nline;\"\"quoted\"\"\";Тверь\n", i)
		default:
			fmt.Fprintf(&text, "user%d@b.test;Иван %d;t%d|all;;%d\n", i, i, i%7, i)
		}
	}
	return text.String()
}

func TestExportRoundTrips(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		b.create(Draft{Email: "a@b.test", Name: "=cmd", Comment: "one\n\"two\", three", Tags: []string{"x", "y z"}, TimeZone: "UTC", Locale: "en"})
		b.create(Draft{Email: "b@b.test", Attributes: map[string]any{
			"Name": "x", "фио": "y", "s": "42", "n": 42, "f": 1e300, "l": []any{"a", true}, "e": "", "t": "two\nlines", "q": `"q"`,
		}})
		gone := b.create(Draft{Email: "c@b.test"})
		if err := b.Unsubscribe(ctx, b.UnsubscribeToken(gone.ID, 0)); err != nil {
			t.Fatal(err)
		}
		want := b.dump()
		var out bytes.Buffer
		if err := b.Export(ctx, b.anna, Filter{}, &out); err != nil {
			t.Fatal(err)
		}
		if _, err := b.ImportReader(ctx, b.boris, &out, 0, ImportOptions{}, nil); err != nil {
			t.Fatal(err)
		}
		b.anna, b.boris = b.boris, b.anna
		if got := b.dump(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		out.Reset()
		if err := b.Export(ctx, b.anna, Filter{Tag: "none"}, &out); err != nil || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("got %q, %v; want the header alone", out.String(), err)
		}
	})
}

// TestAttributesAreBoundedForEachRecipient, not for a file: an export has a
// column for whatever any of them has.
func TestAttributesAreBoundedForEachRecipient(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		b.create(Draft{Email: "a@b.test", Attributes: numbered("a", MaxAttributes)})
		b.create(Draft{Email: "b@b.test", Attributes: numbered("b", MaxAttributes)})
		want := b.dump()
		var out bytes.Buffer
		if err := b.Export(ctx, b.anna, Filter{}, &out); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second lies over the first
			if _, err := b.ImportReader(ctx, b.boris, bytes.NewReader(out.Bytes()), 0, ImportOptions{}, nil); err != nil {
				t.Fatal(err)
			}
		}
		b.anna, b.boris = b.boris, b.anna
		if got := b.dump(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}

		keys := slices.Sorted(maps.Keys(numbered("c", MaxAttributes+1)))
		i := b.load("email,"+strings.Join(keys, ",")+"\n"+
			"c@b.test"+strings.Repeat(",x", MaxAttributes+1)+"\n"+
			"a@b.test,x"+strings.Repeat(",", MaxAttributes)+"\n"+
			"d@b.test"+strings.Repeat(",x", MaxAttributes)+",\n", ImportOptions{})
		if got := b.report(i.ID); i.Created != 1 || !slices.Equal(got, []string{
			"2 attributes recipient.attributes_many \"c@b.test x x x x x x\"", "3 attributes recipient.attributes_many \"a@b.test\"",
		}) {
			t.Errorf("got %+v, %q", i.Progress, got)
		}
	})
}

// numbered are n attributes whose keys begin alike.
func numbered(prefix string, n int) map[string]any {
	attributes := make(map[string]any, n)
	for i := range n {
		attributes[fmt.Sprintf("%s%03d", prefix, i)] = int64(i)
	}
	return attributes
}

// TestImportsAtOnce imports the same addresses twice at the same time, in
// opposite orders.
func TestImportsAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		var there, back []string
		for i := range 2_000 {
			there = append(there, fmt.Sprintf("user%d@b.test,tag%d\n", i, i%3))
		}
		back = slices.Clone(there)
		slices.Reverse(back)
		ended := make(chan Import, 2)
		for _, rows := range [][]string{there, back} {
			go func() {
				i, err := b.ImportReader(t.Context(), b.anna, strings.NewReader("email,tags\n"+strings.Join(rows, "")), 0, ImportOptions{}, nil)
				if err != nil {
					t.Error(err)
				}
				ended <- i
			}()
		}
		one, other := <-ended, <-ended
		if one.Created+other.Created != 2_000 || one.Updated+other.Updated != 2_000 {
			t.Errorf("got %+v and %+v, want 2000 created and 2000 updated in all", one.Progress, other.Progress)
		}
	})
}
