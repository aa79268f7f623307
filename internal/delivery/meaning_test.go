package delivery

import (
	"slices"
	"testing"
)

func TestMeanings(t *testing.T) {
	for _, test := range []struct {
		code     int64
		enhanced string
		want     []string
	}{
		{550, "5.1.1", []string{"delivery.code.5.1.1", "delivery.code.550", "delivery.code.5"}},
		{499, "", []string{"delivery.code.499", "delivery.code.4"}},
		{0, "4.2.2", []string{"delivery.code.4.2.2", "delivery.code.4"}},
		{250, "2.0.0", nil},
		{0, "", nil},
	} {
		if got := Meanings(test.code, test.enhanced); !slices.Equal(got, test.want) {
			t.Errorf("%d %s: got %q, want %q", test.code, test.enhanced, got, test.want)
		}
	}
}
