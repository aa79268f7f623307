package cli

import (
	"bytes"
	"strings"
	"testing"
)

// TestMistakes holds our sentences against kong's: a version of it that says
// something else would let its own through.
func TestMistakes(t *testing.T) {
	for _, tt := range []struct{ args, en, ru string }{
		{"frob", "“frob” has no place here.", "«frob» здесь не к месту."},
		{"user lst", "“lst” has no place here. Did you mean list?", "«lst» здесь не к месту. Может быть, list?"},
		{"mailing start 1 2", "“2” has no place here.", "«2» здесь не к месту."},
		{"serve --frob", "There is no flag --frob.", "Флага --frob нет."},
		{"user list --jsn", "There is no flag --jsn. Did you mean --json?", "Флага --jsn нет. Может быть, --json?"},
		{"user", "Say which: create, list, block, unblock, delete.", "Уточните: create, list, block, unblock, delete."},
		{"stats", "Say which: rebuild.", "Уточните: rebuild."},
		{"user create", "Missing: --email=E-MAIL.", "Не хватает: --email=E-MAIL."},
		{"mailing start", "Missing: <id>.", "Не хватает: <id>."},
		{"mailing start x", "<id>: “x” is not a number.", "<id>: «x» — не число."},
		{"user create --email", "--email needs a value.", "--email: нужно значение."},
		{"user list --json=5", "--json: “5” is neither true nor false.", "--json: «5» — ни true, ни false."},
		{"group load /nowhere", "<file>: there is no file /nowhere.", "<file>: файла /nowhere нет."},
		{"group load /", "<file>: / is a directory.", "<file>: / — каталог."},
	} {
		for lang, want := range map[string]string{"en": tt.en, "ru": tt.ru} {
			var out, said bytes.Buffer
			code := Run(t.Context(), Process{
				Args: strings.Fields(tt.args), In: strings.NewReader(""), Out: &out, Err: &said,
				Env: func(name string) (string, bool) { return lang, name == "LANG" },
			})
			if code != exitUsage || !strings.Contains(said.String(), want) || out.Len() > 0 {
				t.Errorf("gonets %s: exit code %d, got %s%s, want %s", tt.args, code, said.String(), out.String(), want)
			}
		}
	}
}
