package i18n

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// nbsp keeps a number and its unit on one line.
const nbsp = "\u00a0"

// Dash stands where there is no value.
const Dash = "—"

// habits are a language's ways to write numbers and dates (CLDR).
type habits struct {
	group, decimal string
	percent        string
	months         [12]string // short, within a date
	longMonths     [12]string // in full, within a date
	weekdays       [7]string  // from Sunday
	units          [4]string  // of time: day, hour, minute, second
	bytes          [5]string
}

func habitsOf(lang string) *habits {
	if lang == Russian {
		return &habits{
			group: nbsp, decimal: ",", percent: nbsp + "%",
			months: [12]string{"янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"},
			longMonths: [12]string{
				"января", "февраля", "марта", "апреля", "мая", "июня",
				"июля", "августа", "сентября", "октября", "ноября", "декабря",
			},
			weekdays: [7]string{"воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"},
			units:    [4]string{"д", "ч", "мин", "с"},
			bytes:    [5]string{"Б", "кБ", "МБ", "ГБ", "ТБ"},
		}
	}
	return &habits{
		group: ",", decimal: ".", percent: "%",
		months: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		longMonths: [12]string{
			"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December",
		},
		weekdays: [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		units:    [4]string{"d", "h", "min", "s"},
		bytes:    [5]string{"B", "kB", "MB", "GB", "TB"},
	}
}

// Number writes a whole number with its digits in groups: 1,248 or 1 248.
func (l *Localizer) Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range []byte(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(l.habits.group)
		}
		b.WriteByte(d)
	}
	return b.String()
}

// Decimal writes a number with so many digits after the point.
func (l *Localizer) Decimal(x float64, digits int) string {
	text := strconv.FormatFloat(math.Abs(x), 'f', digits, 64)
	integer, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(integer, 10, 64)
	if err != nil {
		return text // beyond any count of ours
	}
	written := l.Number(n)
	if strings.Trim(text, "0.") != "" && x < 0 {
		written = "−" + written
	}
	if fraction != "" {
		written += l.habits.decimal + fraction
	}
	return written
}

// tenths is Decimal with one digit, or none where it would be zero.
func (l *Localizer) tenths(x float64) string {
	x = math.Round(x*10) / 10
	if x == math.Trunc(x) {
		return l.Decimal(x, 0)
	}
	return l.Decimal(x, 1)
}

// Percent is part of whole, with one digit after the point where it isn't
// whole itself. It is never rounded to 0 or 100 % unless it is that: a mailing
// with one failure among a million isn't shown without. Of nothing, it is a
// dash.
func (l *Localizer) Percent(part, whole int64) string {
	if whole <= 0 {
		return Dash
	}
	tenths := int64(math.Round(float64(part) / float64(whole) * 1000))
	switch {
	case part > 0 && tenths == 0:
		tenths = 1
	case part < whole && tenths >= 1000:
		tenths = 999
	}
	return l.tenths(float64(tenths)/10) + l.habits.percent
}

// Bytes is a size in decimal units: 1.5 MB.
func (l *Localizer) Bytes(n int64) string {
	size, unit := float64(n), 0
	for math.Abs(size) >= 999.95 && unit < len(l.habits.bytes)-1 {
		size, unit = size/1000, unit+1
	}
	return l.tenths(size) + nbsp + l.habits.bytes[unit]
}

// Date is a day in a zone: 22 Nov 2026. A zero time is a dash, here and in the
// following.
func (l *Localizer) Date(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return Dash
	}
	t = t.In(zone)
	return fmt.Sprintf("%d%s%s%s%d", t.Day(), nbsp, l.habits.months[t.Month()-1], nbsp, t.Year())
}

// LongDate is a day with its month in full: 22 November 2026.
func (l *Localizer) LongDate(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return Dash
	}
	t = t.In(zone)
	return fmt.Sprintf("%d%s%s%s%d", t.Day(), nbsp, l.habits.longMonths[t.Month()-1], nbsp, t.Year())
}

// Time is the time of the day in a zone: 14:26.
func (l *Localizer) Time(t time.Time, zone *time.Location) string {
	return clock(t, zone, "15:04")
}

// Clock is Time with its seconds: 14:26:08.
func (l *Localizer) Clock(t time.Time, zone *time.Location) string {
	return clock(t, zone, "15:04:05")
}

func clock(t time.Time, zone *time.Location, layout string) string {
	if t.IsZero() {
		return Dash
	}
	return t.In(zone).Format(layout)
}

// DateTime is a moment in a zone: 22 Nov 2026, 14:26.
func (l *Localizer) DateTime(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return Dash
	}
	return l.Date(t, zone) + ", " + l.Time(t, zone)
}

// Moment is a time to the letter, for a title: Sunday, 22 November 2026,
// 14:26:08 (Europe/Moscow, UTC+03:00).
func (l *Localizer) Moment(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return Dash
	}
	local := t.In(zone)
	return fmt.Sprintf("%s, %s, %s (%s, UTC%s)", l.habits.weekdays[local.Weekday()],
		l.LongDate(t, zone), l.Clock(t, zone), zone, local.Format("-07:00"))
}

// Duration is a span in its two largest units: 3 min 40 s. Below ten seconds
// it has tenths, which are what a person compares there.
func (l *Localizer) Duration(d time.Duration) string {
	if d = max(d, 0); d < 10*time.Second-50*time.Millisecond {
		return l.tenths(d.Seconds()) + nbsp + l.habits.units[3]
	}
	sizes := [4]time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	first := 0
	for first < len(sizes)-1 && d < sizes[first] {
		first++
	}
	last := min(first+1, len(sizes)-1)
	d = d.Round(sizes[last])
	// Rounded, 59 min 59.9 s are an hour.
	if first > 0 && d >= sizes[first-1] { //nolint:gosec // first-1 is within sizes
		first, last = first-1, first
	}
	var parts []string
	for i := first; i <= last; i++ {
		n := int64(d / sizes[i])
		d -= time.Duration(n) * sizes[i]
		if n > 0 {
			parts = append(parts, l.Number(n)+nbsp+l.habits.units[i])
		}
	}
	return strings.Join(parts, " ")
}

// Relative says how long ago, or in how long, t is as seen from now: 2 hours
// ago, in 3 minutes, just now.
func (l *Localizer) Relative(t, now time.Time) string {
	if t.IsZero() {
		return Dash
	}
	d := now.Sub(t)
	way := "ago"
	if d < 0 {
		d, way = -d, "ahead"
	}
	units := []struct {
		name string
		size time.Duration
	}{
		{"years", 365 * 24 * time.Hour},
		{"months", 30 * 24 * time.Hour},
		{"days", 24 * time.Hour},
		{"hours", time.Hour},
		{"minutes", time.Minute},
	}
	for _, unit := range units {
		if d >= unit.size {
			return l.T("common."+way+"."+unit.name, "Count", int64(d/unit.size))
		}
	}
	return l.T("common." + way + ".moment")
}
