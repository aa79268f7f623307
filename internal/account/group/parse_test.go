package group_test

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"gonets/internal/account/group"
	"gonets/internal/fault"
)

// grantable knows two permissions, and one that can't be given.
func grantable(name string) string {
	switch name {
	case "article.edit", "audit.view":
		return ""
	case "recipient.view":
		return "group.own_only"
	default:
		return "group.unknown"
	}
}

func TestParse(t *testing.T) {
	got, err := group.Parse([]byte(`[
		{"name": "editors", "permissions": ["audit.view", "article.edit", "audit.view"]},
		{"permissions": [], "name": "readers"}
	]`), grantable)
	if err != nil {
		t.Fatal(err)
	}
	want := []group.Group{
		{Name: "editors", Permissions: []string{"article.edit", "audit.view"}},
		{Name: "readers"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseSaysWhere(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"empty", ``, `1 group.syntax`},
		{"no list", `{"name": "a"}`, `1 group.syntax`},
		{"cut off", "[\n{\"name\": \"a\"", `2 group.syntax`},
		{"another list behind", "[]\n[]", `2 group.syntax`},
		{"a number", "[\n\n{\"name\": 7}]", `3 group.syntax`},
		{"an unknown field", "[\n{\"name\": \"a\", \"members\": []}]", `2 group.syntax`},
		{"a name with spaces", "[\n{\"name\": \"my group\"}]", `2 group.name`},
		{"no name", "[\n{}]", `2 group.nameless`},
		{"twice", "[\n{\"name\": \"a\"},\n{\"name\": \"a\"}]", `3 group.twice`},
		{
			"all at once", "[\n{\"name\": \"a\",\n\"permissions\": [\n\"recipient.view\",\n\"audit.view\",\n\"audit.veiw\"]}]",
			`4 group.own_only; 6 group.unknown`,
		},
		{"too many", "[" + many(101) + "]", `1 group.too_many`},
		{"too large", strings.Repeat(" ", 1<<20+1), `<nil> group.too_large`},
	} {
		_, err := group.Parse([]byte(tt.file), grantable)
		e, _ := errors.AsType[*fault.Error](err)
		if e == nil {
			t.Errorf("%s: got %v", tt.name, err)
			continue
		}
		var got []string
		for _, f := range e.Fields {
			got = append(got, fmt.Sprint(f.Args["Line"], " ", f.Key))
		}
		if strings.Join(got, "; ") != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func many(n int) string {
	groups := make([]string, n)
	for i := range groups {
		groups[i] = fmt.Sprintf(`{"name": "g%d"}`, i)
	}
	return strings.Join(groups, ",")
}

func FuzzParse(f *testing.F) {
	fixture, err := os.ReadFile("groups.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(fixture)
	f.Add([]byte(`[{"name": "a", "permissions": ["recipient.view"]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		groups, err := group.Parse(data, grantable)
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatalf("got %v", err)
		}
		for _, g := range groups {
			for _, name := range g.Permissions {
				if grantable(name) != "" {
					t.Errorf("%s was let in", name)
				}
			}
		}
	})
}
