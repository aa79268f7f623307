package liquid

import (
	"testing"
)

func BenchmarkRender(b *testing.B) {
	vars := map[string]any{
		"recipient": map[string]any{
			"name": "Ann O'Hara", "email": "ann@example.org", "city": "Тула",
			"orders": list("tea", "coffee", "milk"), "points": int64(120),
		},
		"mailing":         map[string]any{"name": "June"},
		"unsubscribe_url": "https://gonets.example/u/0123456789abcdef?a=1&b=2",
	}
	for _, c := range []struct{ name, source string }{
		{"Subject", "{{ recipient.name }}, news of {{ mailing.name }}"},
		{"Small", "<p>Hello {{ recipient.name | default: 'friend' }}!</p><p>You live in {{ recipient.city }}.</p>" +
			"{% if recipient.points > 100 %}<p>You have {{ recipient.points }} points.</p>{% endif %}" +
			`<a href="{{ unsubscribe_url }}">Unsubscribe</a>`},
		{"Loop", "{% for o in recipient.orders %}<li>{{ forloop.index }}. {{ o | capitalize }}</li>{% endfor %}"},
	} {
		template, err := Parse(c.source)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				if dst, err = template.Render(dst[:0], HTML, vars, Limits{}, at20, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("<p>Hello {{ recipient.name | default: 'friend' }}!</p>{% if a > 1 %}{{ a }}{% endif %}"); err != nil {
			b.Fatal(err)
		}
	}
}
