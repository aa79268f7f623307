package api

import (
	"context"
	"net/http"
	"time"

	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/stats"
)

// Statistics are what became of attempts over time.
type Statistics struct {
	From     *time.Time     `json:"from" doc:"From here on; null: of a run, which is a whole."`
	To       *time.Time     `json:"to" doc:"And before this."`
	Total    Tries          `json:"total"`
	Step     string         `json:"step" enum:"hour,day,week" doc:"How far the points are apart, by the calendar of time_zone."`
	Points   []TriesAt      `json:"points" nullable:"false"`
	Answers  []TriesAnswer  `json:"answers" nullable:"false" doc:"By what the servers answered, the most frequent first."`
	Domains  []TriesDomain  `json:"domains" nullable:"false" doc:"By the recipients' domains."`
	Mailings []TriesMailing `json:"mailings" nullable:"false" doc:"Of a user and of the service."`
	Hours    []TriesHour    `json:"hours" nullable:"false" doc:"By weekday and hour, those in which something was tried."`
}

// Tries are numbers of attempts.
type Tries struct {
	Attempts int64 `json:"attempts" doc:"All of them: accepted + failed + unknown."`
	Accepted int64 `json:"accepted" doc:"By the mail server."`
	Failed   int64 `json:"failed"`
	Unknown  int64 `json:"unknown" doc:"The message left, and no answer was read."`
	Retried  int64 `json:"retried" doc:"Of all: not the first of their delivery."`
}

// TriesAt are those from a moment on.
type TriesAt struct {
	At time.Time `json:"at"`
	Tries
}

// TriesAnswer are those with an answer.
type TriesAnswer struct {
	Code         int64  `json:"code" doc:"0: no reply."`
	EnhancedCode string `json:"enhanced_code" doc:"RFC 3463; may be empty."`
	Other        bool   `json:"other" doc:"These are all the rarer answers together."`
	Meaning      string `json:"meaning" doc:"In plain words; may be empty."`
	Tries
}

// TriesDomain are those to a domain.
type TriesDomain struct {
	Domain string `json:"domain" doc:"Empty: of recipients that were deleted since."`
	Other  bool   `json:"other" doc:"These are all the rarer domains together."`
	Tries
}

// TriesMailing are those of a mailing.
type TriesMailing struct {
	MailingID string `json:"mailing_id"`
	Name      string `json:"name"`
	Tries
}

// TriesHour are those of an hour of a weekday.
type TriesHour struct {
	Weekday int `json:"weekday" minimum:"1" maximum:"7" doc:"1 is Monday (ISO 8601)."`
	Hour    int `json:"hour" minimum:"0" maximum:"23"`
	Tries
}

func triesOf(t delivery.Tries) Tries {
	return Tries{t.Attempts(), t.Accepted, t.Failed, t.Unknown, t.Retried}
}

type statsQuestion struct {
	Days      int    `query:"days" minimum:"1" maximum:"366" doc:"The last so many days, today among them; 30 where nothing is said."`
	From      string `query:"from" doc:"Or from this date on." example:"2026-11-01"`
	To        string `query:"to" doc:"Up to this date, which is in it; without it, up to today." example:"2026-11-30"`
	TimeZone  string `query:"time_zone" doc:"Whose days are meant (IANA); without it, the caller's."`
	MailingID string `query:"mailing_id" doc:"Of this mailing alone."`
	RunID     string `query:"run_id" doc:"Of this run alone, as a whole."`
	Scope     string `query:"scope" enum:"own,service" doc:"Service: of all users, for moderators."`
}

func (a *API) statistics() {
	handle(a, operation{
		method: http.MethodGet, path: "/stats", id: "getStatistics", refusals: []int{http.StatusForbidden, http.StatusNotFound},
		summary: "What became of attempts over time: the caller's, those of a mailing or a run, or the service's",
	}, func(ctx context.Context, c caller, in *statsQuestion) (Statistics, error) {
		about, err := in.about(c)
		if err != nil {
			return Statistics{}, err
		}
		zone, err := in.zone(c)
		if err != nil {
			return Statistics{}, err
		}
		var over stats.Range
		if about.Scope != delivery.OfRun {
			if over, err = (stats.Span{Days: in.Days, From: in.From, To: in.To}).Range(zone, a.DB.Now()); err != nil {
				return Statistics{}, err
			}
		}
		answer, err := a.Stats.Ask(ctx, c.Actor, about, over)
		if err == nil {
			err = a.Stats.Name(ctx, answer.Mailings)
		}
		return c.statistics(&answer, zone), err
	})
}

// about is what is asked about. What can be no id is nobody's.
func (in *statsQuestion) about(c caller) (about stats.About, err error) {
	switch {
	case in.RunID != "":
		about.Scope = delivery.OfRun
		about.ID, err = parseID(in.RunID)
	case in.MailingID != "":
		about.Scope = delivery.OfMailing
		about.ID, err = parseID(in.MailingID)
	case in.Scope == "service":
		about.Scope = delivery.OfService
	default:
		about = stats.About{Scope: delivery.OfUser, ID: c.ID}
	}
	return about, err
}

func (in *statsQuestion) zone(c caller) (*time.Location, error) {
	name := in.TimeZone
	if name == "" {
		name = c.TimeZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fault.Fields{{Name: "time_zone", Key: "stats.time_zone"}}.Err()
	}
	return zone, nil
}

func (c caller) statistics(a *stats.Answer, zone *time.Location) Statistics {
	step, points := a.Points(zone)
	out := Statistics{
		From: moment(a.From), To: moment(a.To), Total: triesOf(a.Total), Step: string(step), Points: make([]TriesAt, len(points)),
		Answers: make([]TriesAnswer, len(a.Answers)), Domains: make([]TriesDomain, len(a.Domains)),
		Mailings: make([]TriesMailing, len(a.Mailings)), Hours: []TriesHour{},
	}
	for i, p := range points {
		out.Points[i] = TriesAt{p.At.UTC(), triesOf(p.Tries)}
	}
	for i, l := range a.Answers {
		out.Answers[i] = TriesAnswer{Other: l.Name == delivery.OtherNames, Meaning: c.meaning(l.Name), Tries: triesOf(l.Tries)}
		if !out.Answers[i].Other {
			out.Answers[i].Code, out.Answers[i].EnhancedCode = stats.Codes(l.Name)
		}
	}
	for i, l := range a.Domains {
		out.Domains[i] = TriesDomain{Domain: l.Name, Tries: triesOf(l.Tries)}
		if l.Name == delivery.OtherNames {
			out.Domains[i] = TriesDomain{Other: true, Tries: triesOf(l.Tries)}
		}
	}
	for i, l := range a.Mailings {
		out.Mailings[i] = TriesMailing{formatID(l.MailingID), l.Mailing, triesOf(l.Tries)}
	}
	hours := a.Hours(zone)
	for day := range hours {
		for hour, t := range &hours[day] {
			if t.Attempts() > 0 {
				out.Hours = append(out.Hours, TriesHour{day + 1, hour, triesOf(t)})
			}
		}
	}
	return out
}

// meaning is what an answer means, in the caller's language; empty where no
// sentence fits.
func (c caller) meaning(answer string) string {
	for _, key := range stats.Meanings(answer) {
		if c.words.Has(key) {
			return c.words.T(key)
		}
	}
	return ""
}
