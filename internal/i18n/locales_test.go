package i18n

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// forms are the plural forms that a language needs for whole numbers and
// fractions (CLDR).
var forms = map[string][]string{
	English: {"one", "other"},
	Russian: {"few", "many", "one", "other"},
}

// sentence is a sentence as its file has it: one text, or one per plural form.
type sentence struct {
	file  string
	texts map[string]string // by plural form; "" where there is only one
}

// sentencesOf reads the files of a language, which must be flat, and must not
// name a key twice.
func sentencesOf(t *testing.T, lang string) map[string]sentence {
	t.Helper()
	files, err := fs.Glob(locales, "locales/"+lang+"/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("locales of %s: %d files, %v", lang, len(files), err)
	}
	all := make(map[string]sentence)
	for _, name := range files {
		text, err := locales.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var entries map[string]any
		if err := json.Unmarshal(text, &entries); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for key, value := range entries {
			if other, twice := all[key]; twice {
				t.Errorf("%s: %q is in %s as well", name, key, other.file)
			}
			all[key] = sentence{file: name, texts: textsOf(t, name, key, value)}
		}
	}
	return all
}

func textsOf(t *testing.T, file, key string, value any) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	switch v := value.(type) {
	case string:
		texts[""] = v
	case map[string]any:
		for form, text := range v {
			s, ok := text.(string)
			if !ok {
				t.Errorf("%s: %q: the form %q is no text", file, key, form)
			}
			texts[form] = s
		}
	default:
		t.Errorf("%s: %q is neither a text nor plural forms", file, key)
	}
	return texts
}

// TestLanguagesSayTheSame compares the languages: the same keys in files of
// the same name, the same arguments, every plural form, nothing empty.
func TestLanguagesSayTheSame(t *testing.T) {
	english, russian := sentencesOf(t, English), sentencesOf(t, Russian)
	for key, en := range english {
		ru, ok := russian[key]
		if !ok {
			t.Errorf("%s: %q has no Russian", en.file, key)
			continue
		}
		if path.Base(en.file) != path.Base(ru.file) {
			t.Errorf("%q is in %s, but in %s", key, en.file, ru.file)
		}
		if got, want := argumentsOf(ru), argumentsOf(en); !slices.Equal(got, want) {
			t.Errorf("%q: the Russian takes %q, the English %q", key, got, want)
		}
		if (len(en.texts) == 1) != (len(ru.texts) == 1) {
			t.Errorf("%q has plural forms in one language only", key)
		}
		checkForms(t, English, key, en)
		checkForms(t, Russian, key, ru)
	}
	for key, ru := range russian {
		if _, ok := english[key]; !ok {
			t.Errorf("%s: %q has no English", ru.file, key)
		}
	}
}

func checkForms(t *testing.T, lang, key string, s sentence) {
	t.Helper()
	var got []string
	for form, text := range s.texts {
		got = append(got, form)
		if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
			t.Errorf("%s: %q is empty or begins or ends with a space", s.file, key)
		}
	}
	slices.Sort(got)
	if len(got) == 1 && got[0] == "" {
		return
	}
	if !slices.Equal(got, forms[lang]) {
		t.Errorf("%s: %q has the forms %q, want %q", s.file, key, got, forms[lang])
	}
}

var argument = regexp.MustCompile(`\{\{\s*\.(\w+)`)

// argumentsOf lists the arguments of a sentence, of all its forms together.
func argumentsOf(s sentence) []string {
	var names []string
	for _, text := range s.texts {
		for _, m := range argument.FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestRussianIsRussian finds Latin letters that look like Russian ones inside
// Russian words, which no reader sees and every search stumbles over.
func TestRussianIsRussian(t *testing.T) {
	mixed := regexp.MustCompile(`[а-яёА-ЯЁ][a-zA-Z]|[a-zA-Z][а-яёА-ЯЁ]`)
	for key, s := range sentencesOf(t, Russian) {
		for _, text := range s.texts {
			if m := mixed.FindString(text); m != "" {
				t.Errorf("%s: %q mixes alphabets at %q: %s", s.file, key, m, text)
			}
		}
	}
}
