package i18n

import (
	"math"
	"strings"
	"testing"
	"time"
)

func bundle(t *testing.T) *Bundle {
	t.Helper()
	b, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// plain writes no-break spaces as spaces, so that tables can be read.
func plain(s string) string { return strings.ReplaceAll(s, nbsp, " ") }

func TestMatch(t *testing.T) {
	cases := []struct{ accept, preferred, want string }{
		{"", "", "en"},
		{"ru", "", "ru"},
		{"ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "", "ru"},
		{"en-GB,en;q=0.9,ru;q=0.8", "", "en"},
		{"de-DE,de;q=0.9,ru;q=0.5,en;q=0.3", "", "ru"},
		{"en;q=0.2, ru;q=0.8", "", "ru"},
		{"ru;q=0, en", "", "en"},
		{"uk", "", "en"},
		{"*", "", "en"},
		{"ru", "en", "en"},
		{"en", "ru", "ru"},
		{"ru", "de", "ru"},
		{"not a header;;;", "", "en"},
	}
	for _, c := range cases {
		if got := Match(c.accept, c.preferred); got != c.want {
			t.Errorf("Match(%q, %q) = %q, want %q", c.accept, c.preferred, got, c.want)
		}
	}
}

func TestSentences(t *testing.T) {
	b := bundle(t)
	cases := []struct {
		lang, key string
		args      []any
		want      string
	}{
		{"en", "common.recipients", []any{"Count", 1}, "1 recipient"},
		{"en", "common.recipients", []any{"Count", 1248}, "1,248 recipients"},
		{"ru", "common.recipients", []any{"Count", 1}, "1 клиент"},
		{"ru", "common.recipients", []any{"Count", 3}, "3 клиента"},
		{"ru", "common.recipients", []any{"Count", 11}, "11 клиентов"},
		{"ru", "common.recipients", []any{"Count", int64(21)}, "21 клиент"},
		{"ru", "common.recipients", []any{"Count", 1248}, "1 248 клиентов"},
		{"ru", "common.done_of", []any{"Done", 786, "Total", 1248}, "786 из 1 248"},
		{"ru", "delivery.retry_at", []any{"Time", "14:47"}, "Повтор в 14:47"},
		{"en", "common.select", []any{"Name", "<b>&"}, "Select: <b>&"}, // pages escape
		{"en", "no.such_key", nil, "no.such_key"},
		{"ru", "no.such_key", []any{"Count", 3}, "no.such_key"},
		{"de", "common.yes", nil, "Yes"},
	}
	for _, c := range cases {
		if got := plain(b.For(c.lang).T(c.key, c.args...)); got != c.want {
			t.Errorf("%s: T(%q, %v) = %q, want %q", c.lang, c.key, c.args, got, c.want)
		}
	}
	if got := b.For("ru").Sentence("error.too_long", map[string]any{"Max": 200}); !strings.Contains(got, "200") {
		t.Errorf("Sentence = %q, want it to name 200", got)
	}
	if l := b.For("ru"); !l.Has("common.yes") || l.Has("no.such_key") {
		t.Error("Has doesn't tell a key that exists from one that does not")
	}
}

func TestNumbers(t *testing.T) {
	b := bundle(t)
	en, ru := b.For("en"), b.For("ru")
	for n, want := range map[int64][2]string{
		0: {"0", "0"}, 999: {"999", "999"}, 1248: {"1,248", "1 248"}, -1248: {"−1,248", "−1 248"},
		1000000: {"1,000,000", "1 000 000"}, math.MaxInt64: {"9,223,372,036,854,775,807", "9 223 372 036 854 775 807"},
	} {
		if got := [2]string{en.Number(n), plain(ru.Number(n))}; got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
	percents := []struct {
		part, whole int64
		en, ru      string
	}{
		{977, 1000, "97.7%", "97,7 %"},
		{0, 10, "0%", "0 %"},
		{10, 10, "100%", "100 %"},
		{5, 10, "50%", "50 %"},
		{999_999, 1_000_000, "99.9%", "99,9 %"},
		{1, 1_000_000, "0.1%", "0,1 %"},
		{1, 0, "—", "—"},
	}
	for _, c := range percents {
		if got := en.Percent(c.part, c.whole); got != c.en {
			t.Errorf("en: Percent(%d, %d) = %q, want %q", c.part, c.whole, got, c.en)
		}
		if got := plain(ru.Percent(c.part, c.whole)); got != c.ru {
			t.Errorf("ru: Percent(%d, %d) = %q, want %q", c.part, c.whole, got, c.ru)
		}
	}
	for n, want := range map[int64]string{0: "0 Б", 999: "999 Б", 1500: "1,5 кБ", 999_960: "1 МБ", 1 << 30: "1,1 ГБ", 2_000_000: "2 МБ"} {
		if got := plain(ru.Bytes(n)); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
	for x, want := range map[float64]string{2.1: "2,1", -0.04: "0,0", 1234.56: "1 234,6", -1.25: "−1,2"} {
		if got := plain(ru.Decimal(x, 1)); got != want {
			t.Errorf("Decimal(%v) = %q, want %q", x, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	b := bundle(t)
	en, ru := b.For("en"), b.For("ru")
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 22, 26, 8, 0, time.UTC)
	cases := []struct{ name, got, want string }{
		{"en date", en.Date(at, moscow), "23 Nov 2026"},
		{"ru date", ru.Date(at, moscow), "23 ноя 2026"},
		{"ru long date", ru.LongDate(at, moscow), "23 ноября 2026"},
		{"ru time", ru.Time(at, moscow), "01:26"},
		{"ru clock", ru.Clock(at, moscow), "01:26:08"},
		{"en moment", en.DateTime(at, time.UTC), "22 Nov 2026, 22:26"},
		{"ru moment", ru.DateTime(at, moscow), "23 ноя 2026, 01:26"},
		{"ru in full", ru.Moment(at, moscow), "понедельник, 23 ноября 2026, 01:26:08 (Europe/Moscow, UTC+03:00)"},
		{"no date", ru.Date(time.Time{}, moscow), "—"},
		{"no moment", ru.DateTime(time.Time{}, moscow), "—"},
	}
	for _, c := range cases {
		if plain(c.got) != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestSpans(t *testing.T) {
	b := bundle(t)
	en, ru := b.For("en"), b.For("ru")
	for d, want := range map[time.Duration]string{
		-time.Second:                           "0 с",
		400 * time.Millisecond:                 "0,4 с",
		2 * time.Second:                        "2 с",
		9960 * time.Millisecond:                "10 с",
		42 * time.Second:                       "42 с",
		3*time.Minute + 40*time.Second:         "3 мин 40 с",
		59*time.Minute + 59900*1e6:             "1 ч",
		2 * time.Hour:                          "2 ч",
		26*time.Hour + 10*time.Minute:          "1 д 2 ч",
		23*time.Hour + 59*time.Minute + 31*1e9: "1 д",
	} {
		if got := plain(ru.Duration(d)); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
	if got := plain(en.Duration(220 * time.Second)); got != "3 min 40 s" {
		t.Errorf("en: Duration = %q", got)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration][2]string{
		10 * time.Second:     {"just now", "только что"},
		time.Minute:          {"1 minute ago", "1 минуту назад"},
		2 * time.Hour:        {"2 hours ago", "2 часа назад"},
		5 * 24 * time.Hour:   {"5 days ago", "5 дней назад"},
		-3 * time.Minute:     {"in 3 minutes", "через 3 минуты"},
		400 * 24 * time.Hour: {"1 year ago", "1 год назад"},
	} {
		got := [2]string{plain(en.Relative(now.Add(-ago), now)), plain(ru.Relative(now.Add(-ago), now))}
		if got != want {
			t.Errorf("Relative(%v ago) = %q, want %q", ago, got, want)
		}
	}
}
