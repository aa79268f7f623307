//go:build soak

package web

import "testing"

// TestSoakScreens shows every screen in all eight ways.
func TestSoakScreens(t *testing.T) {
	var all []look
	for _, size := range [][2]int64{{1280, 900}, {390, 844}} {
		for _, theme := range []string{"light", "dark"} {
			for _, lang := range []string{"ru", "en"} {
				all = append(all, look{size[0], size[1], theme, lang})
			}
		}
	}
	showScreens(t, all)
}
