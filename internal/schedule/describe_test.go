package schedule

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// translator speaks with the translations of the product.
func translator(t testing.TB, lang string) Translate {
	t.Helper()
	path := filepath.Join("..", "i18n", "locales", lang, "schedule.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	if _, err := bundle.ParseMessageFileBytes(raw, lang+".json"); err != nil {
		t.Fatal(err)
	}
	localizer := i18n.NewLocalizer(bundle, lang)
	return func(key string, args map[string]any) string {
		s, err := localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: args, PluralCount: args["Count"]})
		if err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if strings.Contains(s, "<no value>") {
			t.Errorf("%s: got %q from %v", key, s, args)
		}
		return s
	}
}

func TestDescribe(t *testing.T) {
	start := time.Date(2025, 6, 4, 6, 0, 0, 0, time.UTC) // a Wednesday, 09:00 in Moscow
	rule := func(text string) Schedule { return Schedule{Frequency: RRule, RRule: text} }
	for _, tt := range []struct {
		s      Schedule
		en, ru string // without the zone
	}{
		{Schedule{Frequency: Once}, "Once, on 4 June 2025 at 09:00", "Один раз, 4 июня 2025 г. в 09:00"},
		{Schedule{Frequency: Daily}, "Every day at 09:00", "Каждый день в 09:00"},
		{Schedule{Frequency: Weekly}, "Every Wednesday at 09:00", "Каждую среду в 09:00"},
		{Schedule{Frequency: Weekly, Weekdays: []time.Weekday{0, 3, 1}}, "On Mondays, Wednesdays and Sundays at 09:00", "По понедельникам, средам и воскресеньям в 09:00"},
		{Schedule{Frequency: Weekly, Weekdays: []time.Weekday{1, 2, 3, 4, 5}}, "From Monday to Friday at 09:00", "С понедельника по пятницу в 09:00"},
		{Schedule{Frequency: Weekly, Weekdays: []time.Weekday{0, 1, 2, 3, 4, 5, 6}}, "Every day at 09:00", "Каждый день в 09:00"},
		{Schedule{Frequency: Monthly}, "Every month on day 4 at 09:00", "Каждый месяц 4-го числа в 09:00"},
		{Schedule{Frequency: Monthly, MonthDay: -1}, "Every month on the last day at 09:00", "Каждый месяц последнего числа в 09:00"},
		{Schedule{Frequency: Daily, End: start.AddDate(1, 0, 0)}, "Every day at 09:00 *, until 4 June 2026", "Каждый день в 09:00 *, до 4 июня 2026 г. включительно"},
		{rule("FREQ=DAILY;INTERVAL=2"), "Every 2 days at 09:00", "Каждые 2 дня в 09:00"},
		{rule("FREQ=DAILY;INTERVAL=21;BYHOUR=8,20;BYMINUTE=30"), "Every 21 days at 08:30 and 20:30", "Каждый 21 день в 08:30 и 20:30"},
		{rule("FREQ=DAILY;BYDAY=SA,SU"), "On Saturdays and Sundays at 09:00", "По субботам и воскресеньям в 09:00"},
		{rule("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"), "Every 2 weeks on Fridays at 09:00", "Каждые 2 недели по пятницам в 09:00"},
		{rule("FREQ=WEEKLY;INTERVAL=5"), "Every 5 weeks on Wednesdays at 09:00", "Каждые 5 недель по средам в 09:00"},
		{rule("FREQ=MONTHLY;BYMONTHDAY=-1,15,1"), "Every month on day 1, day 15 and the last day at 09:00", "Каждый месяц 1-го, 15-го и последнего числа в 09:00"},
		{rule("FREQ=MONTHLY;INTERVAL=3"), "Every 3 months on day 4 at 09:00", "Каждые 3 месяца 4-го числа в 09:00"},
		{rule("FREQ=MONTHLY;BYDAY=2TU,-1FR"), "Every month on the second Tuesday and the last Friday at 09:00", "Каждый месяц во второй вторник и в последнюю пятницу в 09:00"},
		{rule("FREQ=YEARLY"), "Every year on 4 June at 09:00", "Каждый год 4 июня в 09:00"},
		{rule("FREQ=HOURLY"), "Every hour, counted from 09:00", "Каждый час, считая от 09:00"},
		{rule("FREQ=HOURLY;INTERVAL=6;COUNT=3"), "Every 6 hours, counted from 09:00 *, 3 times in all", "Каждые 6 часов, считая от 09:00 *, всего 3 раза"},
		{rule("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1"), "By the rule FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1", "По правилу FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1"},
		{rule("FREQ=WEEKLY;BYMONTH=6"), "By the rule FREQ=WEEKLY;BYMONTH=6", "По правилу FREQ=WEEKLY;BYMONTH=6"},
	} {
		t.Run(tt.en, func(t *testing.T) {
			tt.s.Start, tt.s.Zone = start, "Europe/Moscow"
			for lang, want := range map[string]string{"en": tt.en, "ru": tt.ru} {
				if !strings.Contains(want, "*") {
					want += " *"
				}
				want = strings.Replace(want, "*", "(Europe/Moscow)", 1)
				if got := tt.s.Describe().Sentence(translator(t, lang)); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
		})
	}
	// The day of the end counts only where something is due on it.
	end := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tt := range []struct {
		s    Schedule
		want string
	}{
		{Schedule{Frequency: Daily, End: end("2025-12-03T08:59:59+03:00")}, "2 December 2025"},
		{Schedule{Frequency: Daily, End: end("2025-12-03T09:00:00+03:00")}, "3 December 2025"},
		{Schedule{Frequency: Weekly, End: end("2025-07-01T12:00:00+03:00")}, "25 June 2025"},
		{Schedule{Frequency: Monthly, MonthDay: 31, End: end("2025-10-30T12:00:00+03:00")}, "31 August 2025"},
		{rule("FREQ=DAILY;UNTIL=20270101T000000Z"), "31 December 2026"},
		{rule("FREQ=DAILY;UNTIL=20270101"), "1 January 2027"},
		{rule("FREQ=DAILY;BYHOUR=8,20;UNTIL=20270101T120000Z"), "1 January 2027"},
		{rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;UNTIL=20310101"), "29 February 2028"},
		{rule("FREQ=HOURLY;BYMONTH=6;BYMONTHDAY=5;BYHOUR=7;UNTIL=20310605T000000Z"), "5 June 2030"},
		{rule("FREQ=DAILY;UNTIL=20250604T000000Z"), "4 June 2025"}, // never due
	} {
		tt.s.Start, tt.s.Zone = start, "Europe/Moscow"
		if got := tt.s.Describe().Sentence(translator(t, "en")); !strings.HasSuffix(got, ", until "+tt.want) {
			t.Errorf("%v: got %q, want until %s", tt.s, got, tt.want)
		}
	}
	for lang, want := range map[string]string{"en": "Once, as soon as it is started", "ru": "Один раз, сразу после запуска"} {
		s := Schedule{Frequency: Once, Zone: "UTC"}
		if got := s.Describe().Sentence(translator(t, lang)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
