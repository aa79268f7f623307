package recipient

// ReadAttribute is the value that a person means by a text: a number, true or
// false, a list in JSON, or the text itself, as in an imported file. Texts that
// only look like one of these stand in quotation marks.
func ReadAttribute(text string) any {
	if text == "" {
		return ""
	}
	return typed(text)
}

// WriteAttribute is the text that ReadAttribute reads as the value.
func WriteAttribute(value any) string { return untyped(value) }
