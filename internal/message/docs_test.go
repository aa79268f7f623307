package message_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"gonets/internal/message"
	"gonets/internal/recipient"
)

// The reference for users must be true: its examples say what they promise to
// a recipient who was imported, and its table has no value that is missing.
func TestReference(t *testing.T) {
	data, err := os.ReadFile("../../docs/personalisation.md")
	if err != nil {
		t.Fatal(err)
	}
	reference := string(data)
	in := ivan
	in.Recipient.Name, in.Recipient.Locale, in.Recipient.TimeZone = "Ann", "fr-BE", "Europe/Moscow"
	in.Recipient.Attributes = map[string]any{}
	for name, cell := range map[string]string{
		"city": "Tula", "points": "120", "level": "3", "price": "10.50", "postcode": "12345", "colours": "red, green",
		"orders": `["tea", "coffee", "milk", "salt"]`, "date_of_birth": "1990-02-01",
	} {
		in.Recipient.Attributes[name] = recipient.ReadAttribute(cell)
	}
	messages := newMessages(t, nil)
	compose := func(source string) string {
		compiled, err := messages.Compile(message.Draft{Subject: "s", Format: message.Text, Body: source})
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		content, err := compiled.Compose(in)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		text, _, _ := strings.Cut(content.Text, "\n-- \n")
		return strings.Join(strings.Fields(text), " ")
	}

	wants := []string{
		"Hello Ann! See you at our shop in Tula. Unsubscribe: https://example.com/u/t?a=1&b=2",
		"… Dear Ann, Bonjour",
		"Delivery is free.",
		"1. tea 2. coffee 3. milk",
		"red green",
	}
	examples := regexp.MustCompile(`(?m)(?:^ {4}.*\n+)+`).FindAllString(reference, -1)
	if len(examples) != len(wants) {
		t.Fatalf("got %d examples, want %d", len(examples), len(wants))
	}
	for i, want := range wants {
		if got := compose(examples[i]); got != want {
			t.Errorf("%s got %q, want %q", examples[i], got, want)
		}
	}

	_, values, _ := strings.Cut(reference, "\n## Values\n")
	values, _, _ = strings.Cut(values, "\n\nA value that is missing")
	for _, output := range regexp.MustCompile(`\{\{[^}]*\}\}`).FindAllString(values, -1) {
		if compose(output) == "" {
			t.Errorf("%s prints nothing", output)
		}
	}
	for _, name := range []string{"email", "name", "locale", "time_zone", "tags"} {
		if !strings.Contains(values, "{{ recipient."+name+" }}") {
			t.Errorf("recipient.%s is left out", name)
		}
	}

	for condition, want := range map[string]string{
		`recipient.level == 3`: "yes", `recipient.level == "3"`: "no", `recipient.price > 5`: "no",
		`recipient.orders contains "tea"`: "yes", `recipient.postcode == 12345`: "yes",
	} {
		if got := compose("{% if " + condition + " %}yes{% else %}no{% endif %}"); got != want {
			t.Errorf("%s: got %s, want %s", condition, got, want)
		}
	}
}
