package blog

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Slug writes a title in the letters of URLs: "Доставка без потерь" becomes
// "dostavka-bez-poter". It is empty where the title has no letter that it knows.
func Slug(title string) string {
	var slug strings.Builder
	gap := false
	for _, r := range norm.NFC.String(strings.ToLower(title)) {
		letters, known := latin[r]
		switch {
		case known:
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			letters = string(r)
		default:
			letters = base(r)
		}
		if letters == "" {
			gap = gap || !known
			continue
		}
		if gap && slug.Len() > 0 {
			slug.WriteByte('-')
		}
		gap = false
		slug.WriteString(letters)
		if slug.Len() > longSlug {
			return whole(slug.String())
		}
	}
	return slug.String()
}

// longSlug is from where on a title's words are left out.
const longSlug = MaxSlug - 10

// whole leaves out a last word that may have been cut.
func whole(slug string) string {
	if end := strings.LastIndexByte(slug, '-'); end > 0 {
		return slug[:end]
	}
	return slug
}

// base is the Latin letter below an accent: "e" of "é"; empty for others.
func base(r rune) string {
	b := norm.NFD.String(string(r))[0]
	if b >= 'a' && b <= 'z' {
		return string(b)
	}
	return ""
}

// latin writes Cyrillic as Russian passports do. The signs have no sound.
var latin = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'е': "e", 'ё': "e", 'ж': "zh", 'з': "z", 'и': "i", 'й': "i",
	'к': "k", 'л': "l", 'м': "m", 'н': "n", 'о': "o", 'п': "p", 'р': "r", 'с': "s", 'т': "t", 'у': "u", 'ф': "f",
	'х': "kh", 'ц': "ts", 'ч': "ch", 'ш': "sh", 'щ': "shch", 'ъ': "", 'ы': "y", 'ь': "", 'э': "e", 'ю': "iu", 'я': "ia",
	'і': "i", 'ї': "i", 'є': "e", 'ґ': "g", 'ў': "u", 'ß': "ss", 'æ': "ae", 'ø': "o", 'ł': "l",
	'\'': "", '’': "",
}
