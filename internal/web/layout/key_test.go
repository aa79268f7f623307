package layout_test

import (
	"reflect"
	"testing"
	"time"

	"gonets/internal/i18n"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// A page that is kept is shown again to whom has the same key, so each field
// of the frame must be part of it.
func TestKeyTellsEveryFieldApart(t *testing.T) {
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	seen := func(lang string, zone *time.Location) ui.View {
		return ui.View{Localizer: bundle.For(lang), Zone: zone, Now: time.Unix(1, 0)}
	}
	base := layout.Page{View: seen("en", time.UTC)}
	moscow := time.FixedZone("Europe/Moscow", 3*60*60)
	for name, other := range map[string]layout.Page{"language": {View: seen("ru", time.UTC)}, "zone": {View: seen("en", moscow)}} {
		if other.Key() == base.Key() {
			t.Errorf("another %s has the same key", name)
		}
	}
	later := base
	if later.Now = time.Unix(2, 0); later.Key() != base.Key() {
		t.Error("a second later the key is another one")
	}
	if n := reflect.TypeFor[ui.View]().NumField(); n != 3 {
		t.Errorf("a view has %d fields: is the new one part of the key?", n)
	}
	kind := reflect.TypeFor[layout.Page]()
	for i := range kind.NumField() {
		if field := kind.Field(i).Name; field != "View" && field != "Assets" {
			for j := range parts(kind.Field(i).Type) {
				other := base
				value := reflect.ValueOf(&other).Elem().Field(i)
				if value.Kind() == reflect.Struct {
					value = value.Field(j)
				}
				fill(value)
				if other.Key() == base.Key() {
					t.Errorf("another %s (part %d) has the same key", field, j)
				}
			}
		}
	}
}

// parts is how many fields there are to be told apart.
func parts(t reflect.Type) int {
	if t.Kind() == reflect.Struct {
		return t.NumField()
	}
	return 1
}

// fill sets a value to another than its zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint64:
		v.SetUint(1)
	case reflect.Struct:
		fill(v.Field(0))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	default:
		panic("fill a " + v.Kind().String())
	}
}
