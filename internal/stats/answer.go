package stats

import (
	"strconv"
	"strings"

	"gonets/internal/delivery"
)

// Codes are those of an answer's name: "550 5.1.1" is 550 and "5.1.1". The
// basic one is 0 where there was no reply.
func Codes(name string) (code int64, enhanced string) {
	first, rest, _ := strings.Cut(name, " ")
	code, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0, name
	}
	return code, rest
}

// Meanings are the translation keys of what the answer of a name means, the
// most telling one first. Not every key has a sentence.
func Meanings(name string) []string {
	switch code, enhanced := Codes(name); {
	case name == "":
		return []string{"stats.no_answer_means"}
	case name == delivery.OtherNames:
		return []string{"stats.other_answers_means"}
	case code/100 == 2:
		return []string{"stats.accepted_means"}
	default:
		return delivery.Meanings(code, enhanced)
	}
}
