package cli

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"time"

	"gonets/internal/account"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
)

// The messages of the example.
//
//go:embed example/newsletter.md
var newsletterBody string

//go:embed example/digest.html
var digestBody string

// person is a name in its own letters and in those of an address.
type person struct{ first, last, firstLatin, lastLatin string }

var firstNames = [][2]string{
	{"Анна", "anna"},
	{"Мария", "maria"},
	{"Екатерина", "ekaterina"},
	{"Ольга", "olga"},
	{"Наталья", "natalia"},
	{"Emma", "emma"},
	{"Olivia", "olivia"},
	{"Grace", "grace"},
	{"Alice", "alice"},
	{"Zoë", "zoe"},
}

var lastNames = [][2]string{
	{"Иванова", "ivanova"},
	{"Смирнова", "smirnova"},
	{"Кузнецова", "kuznetsova"},
	{"Попова", "popova"},
	{"Соколова", "sokolova"},
	{"Smith", "smith"},
	{"O’Connor", "oconnor"},
	{"Müller", "mueller"},
	{"Taylor", "taylor"},
	{"Wright", "wright"},
}

var cities = [][2]string{{"Москва", "Europe/Moscow"}, {"Казань", "Europe/Moscow"}, {"Новосибирск", "Asia/Novosibirsk"}, {"London", "Europe/London"}, {"Dublin", "Europe/Dublin"}}

// named is the n-th person: the first half of each list is Russian.
func named(n int) (p person, russian bool) {
	russian = n%2 == 0
	first, last := n/2%5, n/10%5
	if !russian {
		first, last = first+5, last+5
	}
	return person{firstNames[first][0], lastNames[last][0], firstNames[first][1], lastNames[last][1]}, russian
}

// refusals are the beginnings of addresses that the sandbox refuses, in turn;
// one recipient in refusedEvery has one.
var refusals = []string{"bounce", "full", "reject", "greylist"}

const refusedEvery = 33

// exampleFile is a CSV file as a shop would export it.
func exampleFile(recipients int) ([]byte, error) {
	var file bytes.Buffer
	out := csv.NewWriter(&file)
	rows := [][]string{{"email", "name", "tags", "locale", "time_zone", "city", "points", "vip"}}
	for n := range recipients {
		rows = append(rows, exampleRow(n))
	}
	err := out.WriteAll(rows)
	return file.Bytes(), err
}

func exampleRow(n int) []string {
	p, russian := named(n)
	local := fmt.Sprintf("%s.%s.%d", p.firstLatin, p.lastLatin, n+1)
	if n%refusedEvery == refusedEvery-1 {
		local = fmt.Sprintf("%s.%d", refusals[n/refusedEvery%len(refusals)], n+1)
	}
	locale, tags, city := "en", "News", cities[3+n/2%2]
	if russian {
		locale, tags, city = "ru", "Новости", cities[n/2%3]
	}
	vip := n%10 == 0
	if vip {
		tags += "|VIP"
	}
	return []string{
		local + "@example.com", p.first + " " + p.last, tags, locale, city[1], city[0],
		fmt.Sprint(n * 37 % 1000), fmt.Sprint(vip),
	}
}

func (s *session) importExample(ctx context.Context, a *app, owner account.Actor, recipients int) error {
	file, err := exampleFile(recipients)
	if err != nil {
		return fmt.Errorf("write the example's recipients: %w", err)
	}
	done, err := s.importFile(ctx, a, owner, bytes.NewReader(file), int64(len(file)), recipient.ImportOptions{Name: "example.csv"})
	if err != nil {
		return err
	}
	return s.tellExample(&done)
}

func (s *session) tellExample(i *recipient.Import) error {
	if i.Rejected > 0 {
		return fmt.Errorf("the example has %d wrong rows", i.Rejected)
	}
	s.tell("cli.demo_recipients", "Count", i.Created)
	return nil
}

// exampleMailings makes two messages and two mailings, and answers the one to
// be sent; the other goes every week.
func (s *session) exampleMailings(ctx context.Context, a *app, owner account.Actor) (id int64, err error) {
	newsletter, err := a.messages.Create(ctx, owner, message.Draft{
		Subject: "{{ recipient.name | default: 'Здравствуйте' }}, новости ноября", Format: message.Markdown, Body: newsletterBody,
	})
	if err != nil {
		return 0, err
	}
	digest, err := a.messages.Create(ctx, owner, message.Draft{
		Subject: "Your week in {{ recipient.city | default: 'town' }}", Format: message.HTML, Body: digestBody,
	})
	if err != nil {
		return 0, err
	}
	once, err := a.mailings.Create(ctx, owner, mailing.Input{
		Name: "Новости ноября", MessageID: newsletter.ID, Audience: recipient.Audience{All: true},
		Schedule: schedule.Schedule{Frequency: schedule.Once, Zone: "Europe/Moscow"},
		Sender:   mailing.Sender{Name: "Книжная лавка", Email: "news@example.com"},
	})
	if err != nil {
		return 0, err
	}
	weekly, err := a.mailings.Create(ctx, owner, mailing.Input{
		Name: "Weekly digest", MessageID: digest.ID, Audience: recipient.Audience{Tags: []string{"News"}},
		Schedule: schedule.Schedule{
			Frequency: schedule.Weekly, Zone: "Europe/London",
			Weekdays: []time.Weekday{time.Monday}, Start: nextMorning(s.clock.Now()),
		},
		Sender: mailing.Sender{Name: "The Book Corner", Email: "digest@example.com"},
	})
	if err != nil {
		return 0, err
	}
	if _, err := a.mailings.Start(ctx, owner, weekly.ID); err != nil {
		return 0, err
	}
	return once.ID, nil
}

// nextMorning is tomorrow at nine o'clock UTC.
func nextMorning(now time.Time) time.Time {
	return now.UTC().Truncate(24 * time.Hour).Add(33 * time.Hour)
}
