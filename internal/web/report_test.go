package web

import (
	"bufio"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gonets/internal/account"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/mailserver"
	"gonets/internal/smtp"
)

func sqliteURL(t *testing.T) string { t.Helper(); return dbtest.SQLiteURL(t) }

var tileValue = regexp.MustCompile(`id="tile-(\w+)"[^>]*>([\d,]+)<`)

// tiles reads the numbers of a report.
func (a *page) tiles() map[string]int64 {
	a.t.Helper()
	numbers := map[string]int64{}
	for _, m := range tileValue.FindAllStringSubmatch(a.body, -1) {
		n, err := strconv.ParseInt(strings.ReplaceAll(m[2], ",", ""), 10, 64)
		if err != nil {
			a.t.Fatal(err)
		}
		numbers[m[1]] = n
	}
	return numbers
}

// addsUp checks that recipients are the sum of everything else.
func (a *page) addsUp(recipients int64) {
	a.t.Helper()
	numbers := a.tiles()
	var sum int64
	for name, n := range numbers {
		if name != "recipients" {
			sum += n
		}
	}
	if len(numbers) != 7 || numbers["recipients"] != recipients || sum != recipients {
		a.t.Errorf("%s: tiles %v do not add up to %d", a.path, numbers, recipients)
	}
}

// TestReport follows a run from its start to its end and counts along.
func TestReport(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		ids := anna.recipients(6, "News")
		if err := k.Recipients.Suppress(t.Context(), anna.actor, ids[5]); err != nil {
			k.t.Fatal(err)
		}
		m := anna.mailing("News")
		at := mailingURL(m.ID, "")
		anna.get(at).shows("It has not run yet")
		run := anna.start(m)
		anna.get(at).shows("Sending: 1 of 6", `hx-sse:connect="`+at+`/live"`).addsUp(6)

		k.clock.pass(2 * time.Second)
		k.carry(run, delivery.Took, delivery.RefusedForGood, delivery.RefusedForNow)
		report := anna.get(at).shows("Sending: 4 of 6", "1 × 550 5.1.1", "User unknown", "452 4.2.2 Mailbox full", "33.3% of those processed")
		report.addsUp(6)

		k.carry(run, delivery.Lost, delivery.Took)
		report = anna.get(at)
		report.addsUp(6)
		want := map[string]int64{
			"recipients": 6, "accepted": 2, "deferred": 2, "failed": 1, "uncertain": 0, "skipped": 1, "remaining": 0, // one lost: a copy goes
		}
		if got := report.tiles(); !maps.Equal(got, want) {
			k.t.Errorf("tiles: got %v, want %v", got, want)
		}
		// Every number opens as many rows.
		for name, n := range report.tiles() {
			path := runURL(run, "/deliveries?state="+name)
			if name == "recipients" {
				path = runURL(run, "/deliveries")
			}
			if got := int64(strings.Count(anna.get(path).status(http.StatusOK).body, `href="/deliveries/`)); got != n {
				k.t.Errorf("%s: the tile says %d, its list has %d", name, n, got)
			}
		}
		anna.get(runURL(run, "/deliveries?state=nonsense")).status(http.StatusNotFound)
		anna.get(runURL(run, "")).shows("Run of 22 Nov 2026, 14:26", "User unknown").addsUp(6)
		anna.get(mailingURL(m.ID, "/runs")).shows(runURL(run, "/deliveries?state=failed"))
	})
}

func TestReportWaitsForTheServer(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		anna.recipients(2, "News")
		m := anna.mailing("News")
		anna.start(m)
		err := k.Ledger.Report(t.Context(), delivery.Trouble{
			Node: "a", Server: "mx.example:25", Stage: string(smtp.StageConnect), Response: "connection refused",
		})
		if err != nil {
			k.t.Fatal(err)
		}
		anna.get(mailingURL(m.ID, "")).shows("mx.example:25: connection refused", "Nobody was lost", "Waiting for the mail server: 0 of 2").addsUp(2)
		anna.get("/mailings").shows("Waiting for the mail server")
	})
}

// TestReportWithoutAServer says so in the reader's language.
func TestReportWithoutAServer(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "ru")
		anna.recipients(2, "News")
		m := anna.mailing("News")
		anna.start(m)
		k.must(k.Ledger.Report(t.Context(), delivery.Trouble{
			Node: "a", Stage: string(smtp.StageConnect), Response: mailserver.ErrNone.Error(),
		}))
		anna.get(mailingURL(m.ID, "")).shows("ни один не включён").hides(mailserver.ErrNone.Error()).addsUp(2)
		anna.get("/overview").shows("ни один не включён").hides(mailserver.ErrNone.Error())
	})
}

func TestResend(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		anna.recipients(2, "News")
		m := anna.mailing("News")
		run := anna.start(m)
		k.carry(run, delivery.Took, delivery.RefusedForGood)
		anna.get(mailingURL(m.ID, "")).hides(runURL(run, "/resend"))
		k.finish(run)
		k.clock.pass(time.Second)
		anna.get(mailingURL(m.ID, "")).shows(runURL(run, "/resend"), "Done: 2 of 2")
		anna.post(runURL(run, "/resend"), url.Values{}).leads(mailingURL(m.ID, ""))
		got, err := k.Mailings.Get(t.Context(), anna.actor, m.ID)
		if err != nil || got.LastRun.Kind != mailing.OfFailed {
			k.t.Fatalf("the new run: %+v, %v", got.LastRun, err)
		}
	})
}

func TestDelivery(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna, olga := k.user("anna", account.RoleUser, "en"), k.user("olga", account.RoleUser, "ru")
		anna.recipients(2, "News")
		k.carry(anna.start(anna.mailing("News")), delivery.RefusedForGood, delivery.RefusedForNow)
		anna.get("/deliveries/1").status(http.StatusOK).
			shows("r1@news.example", "The server mx.example refused for good.", "550 5.1.1", "User unknown", "There is no such mailbox")
		anna.get("/deliveries/2").shows("It will be tried again", "Mailbox full")
		olga.recipients(1, "Новости")
		run := olga.start(olga.mailing("Новости"))
		k.carry(run, delivery.RefusedForGood)
		olga.get("/deliveries/3").shows("Сервер mx.example отказал окончательно.", "Такого почтового ящика нет")
	})
}

func TestAttempts(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		anna.get("/attempts").status(http.StatusOK).shows("No attempts yet")
		ids := anna.recipients(60, "News")
		m := anna.mailing("=News")
		ends := slices.Repeat([]delivery.End{delivery.Took}, 58)
		run := anna.start(m)
		k.carry(run, append(ends, delivery.RefusedForGood, delivery.RefusedForNow)...)
		first := anna.get("/attempts").shows("r60@news.example", "after=").hides("r1@news.example")
		next := regexp.MustCompile(`/attempts\?after=\d+`).FindString(first.body)
		anna.get(next).shows("r1@news.example").hides("r60@news.example")
		anna.get("/attempts?outcome=failure").shows("r59@news.example", "r60@news.example").hides("r58@news.example")
		anna.get("/attempts?code=550").shows("r59@news.example").hides("r60@news.example")
		anna.get("/attempts?mailing=1&outcome=unknown").shows("Nothing was found")

		file := anna.get("/attempts.csv").status(http.StatusOK)
		if lines := strings.Count(file.body, "\n"); lines != 61 || !strings.HasPrefix(file.body, "\ufeffat,email,mailing") {
			t.Errorf("%d lines: %.200s", lines, file.body)
		}
		file.shows("r1@news.example,'=News,success,end_of_data,250,2.0.0,Ok: queued,mx.example")
		anna.get(runURL(run, "/deliveries.csv?state=failed")).shows("r59@news.example,failed,refused,1,").hides("r60@")

		if err := k.Recipients.Delete(t.Context(), anna.actor, ids[59]); err != nil {
			k.t.Fatal(err)
		}
		anna.post(mailingURL(m.ID, "/delete"), url.Values{}).leads("/mailings")
		anna.get(runURL(run, "")).status(http.StatusOK).shows("=News (deleted)").hides(mailingURL(m.ID, ""))
		anna.get("/attempts?outcome=failure").shows("Deleted recipient").hides("r60@news.example")
	})
}

// TestLive reads the stream of a report until it tells of a change.
func TestLive(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "ru")
		anna.recipients(2, "News")
		m := anna.mailing("News")
		run := anna.start(m)
		ctx, leave := context.WithTimeout(k.t.Context(), time.Minute)
		defer leave()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.server.URL+mailingURL(m.ID, "/live?"+withoutChart), nil)
		if err != nil {
			k.t.Fatal(err)
		}
		w, err := anna.client.Do(r)
		if err != nil {
			k.t.Fatal(err)
		}
		defer w.Body.Close()
		if got := w.Header.Get("Content-Type"); got != "text/event-stream" {
			k.t.Errorf("Content-Type: %q", got)
		}
		lines := bufio.NewScanner(w.Body)
		lines.Buffer(nil, 1<<20)
		until := func(want string) {
			k.t.Helper()
			for lines.Scan() {
				if strings.Contains(lines.Text(), want) {
					return
				}
			}
			k.t.Fatalf("the stream ended before %q: %v", want, lines.Err())
		}
		until("Отправляется: 0 из 2")
		for _, part := range []string{"chart", "runs", "events"} {
			until(`id="report-` + part + `"`)
		}
		k.carry(run, delivery.Took, delivery.RefusedForGood)
		until("Отправляется: 2 из 2")
		until(`id="report-runs"`) // with the same numbers
		until(`event: chart`)
		k.finish(run)
		until("Готово: 2 из 2")
	})
}

// TestHub watches one subject with several listeners: one poller serves them,
// and ends with the last.
func TestHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads, stopping := 0, make(chan struct{})
		h := &hub{
			read: func(context.Context, subject, *reading) (*reading, error) {
				if reads++; reads == 2 {
					return nil, errors.New("away")
				}
				return &reading{Trouble: strconv.Itoa(reads)}, nil
			},
			failed:   func(_ subject, err error) { t.Logf("told of %v", err) },
			stopping: stopping,
			watches:  map[subject]*watch{},
		}
		of := subject{mailing: 1}
		one, leaveOne := h.listen(of)
		two, leaveTwo := h.listen(of)
		synctest.Wait()
		if got := (<-one).Trouble; got != "1" {
			t.Errorf("first reading: %q", got)
		}
		time.Sleep(4*liveEvery + liveEvery/2)
		synctest.Wait()
		if a, b := (<-one).Trouble, (<-two).Trouble; a != "5" || b != "5" || reads != 5 {
			t.Errorf("after four seconds: %q and %q of %d readings, want the fifth", a, b, reads)
		}
		leaveOne()
		leaveTwo()
		time.Sleep(10 * liveEvery)
		if reads > 5 || len(h.watches) != 0 {
			t.Errorf("%d readings, %d watches after all have left", reads, len(h.watches))
		}
		_, leave := h.listen(of)
		defer leave()
		synctest.Wait()
		close(stopping)
		synctest.Wait()
		if time.Sleep(3 * liveEvery); reads != 6 {
			t.Errorf("%d readings, want none after the server's end", reads)
		}
	})
}
