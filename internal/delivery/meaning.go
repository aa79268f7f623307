package delivery

import (
	"strconv"
	"strings"
)

// Meanings are the translation keys of what a server's answer means and what
// to do about it, the most telling one first: of the enhanced code, the basic
// code, and the class of either. Not every code has a sentence; the classes 4
// and 5 have. There are none where the answer is neither.
func Meanings(code int64, enhanced string) (keys []string) {
	const prefix = "delivery.code."
	class := ""
	if enhanced != "" {
		keys = append(keys, prefix+enhanced)
		class, _, _ = strings.Cut(enhanced, ".")
	}
	if code != 0 {
		basic := strconv.FormatInt(code, 10)
		keys = append(keys, prefix+basic)
		if class == "" {
			class = basic[:1]
		}
	}
	if class != "4" && class != "5" {
		return nil
	}
	return append(keys, prefix+class)
}
