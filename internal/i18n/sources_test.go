package i18n

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// aKey is the shape of a key.
var aKey = regexp.MustCompile(`^[a-z_]+(\.[a-z0-9_]+)+$`)

// takers are the functions that take keys, and which of their arguments is
// one: those of a Localizer, of package fault, and of the pages' components.
var takers = map[string]int{
	"T": 0, "Sentence": 0,
	"fault.New": 1, "fault.Because": 2, "Add": 1,
	"Field": 1, "Hint": 0,
}

// TestEveryKeyExists reads the project's sources and looks up each key that
// they name: where a key is given to one of the takers, and where it is the
// Key of an error or a part of a page.
func TestEveryKeyExists(t *testing.T) {
	known := sentencesOf(t, English)
	found := 0
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		var keys map[string]string
		switch {
		case strings.HasSuffix(name, "_test.go"), strings.HasSuffix(name, "_templ.go"):
		case strings.HasSuffix(name, ".go"):
			keys = keysOfGo(t, name)
		case strings.HasSuffix(name, ".templ"):
			keys = keysOfTemplate(t, name)
		}
		for key, at := range keys {
			found++
			if _, ok := known[key]; !ok {
				t.Errorf("%s: %q has no sentence in locales", at, key)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("the sources name no key at all: does the test still find them?")
	}
}

// keysOfGo finds the keys of a Go file, with where each stands.
func keysOfGo(t *testing.T, name string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Logf("%v", err) // someone is writing it; the compiler says more
		return nil
	}
	keys := make(map[string]string)
	note := func(e ast.Expr) {
		if text, ok := e.(*ast.BasicLit); ok && text.Kind == token.STRING {
			if key, err := strconv.Unquote(text.Value); err == nil && aKey.MatchString(key) {
				keys[key] = files.Position(text.Pos()).String()
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if i, ok := takers[callee(n)]; ok && i < len(n.Args) {
				note(n.Args[i])
			}
		case *ast.KeyValueExpr:
			if field, ok := n.Key.(*ast.Ident); ok && field.Name == "Key" {
				note(n.Value)
			}
		}
		return true
	})
	return keys
}

// callee is the name by which takers knows a function: with its package for
// those of package fault, alone for methods.
func callee(call *ast.CallExpr) string {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "fault" {
		return "fault." + selector.Sel.Name
	}
	return selector.Sel.Name
}

var inTemplate = regexp.MustCompile(`\b(?:T|Sentence|Hint)\("([^"]+)"|\bField\("[^"]*", "([^"]+)"|\bKey:\s*"([^"]+)"`)

func keysOfTemplate(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]string)
	for _, m := range inTemplate.FindAllStringSubmatch(string(text), -1) {
		if key := m[1] + m[2] + m[3]; aKey.MatchString(key) {
			keys[key] = name
		}
	}
	return keys
}
