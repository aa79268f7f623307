package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"gonets/internal/db"
)

// sizes of a world whose pages are asked for as a browser does.
type fullSize struct{ mailings, recipients, attempts int }

var (
	fullWorld = fullSize{mailings: 1000, recipients: 1_000_000, attempts: 3_000_000}
	// smallWorld has a thousandth, but for mailings as many as fill a page of
	// every filter: fewer lines would be quicker, and prove nothing.
	smallWorld = fullSize{mailings: 200, recipients: 1000, attempts: 3000}
)

// januaryFilter is when the attempts of a world were made.
const januaryFilter = "from=2026-01-01&to=2026-01-31"

// fullCalls is how often each page is asked for.
const fullCalls = 31

// fullPage is a page by its address, which may depend on the size.
type fullPage struct {
	name  string
	admin bool // asked for by an administrator
	path  func(fullSize) string
}

func at(path string) func(fullSize) string { return func(fullSize) string { return path } }

// deep are a list's first page, one in the middle of so many rows, and the
// last full one.
func deep(name, path string, rows func(fullSize) int, share int) []fullPage {
	after := func(id func(fullSize) int) func(fullSize) string {
		return func(s fullSize) string { return fmt.Sprintf("%s&after=%d", path, id(s)) }
	}
	return []fullPage{
		{name: name + ", first", path: at(path)},
		{name: name + ", middle", path: after(func(s fullSize) int { return rows(s) / 2 })},
		{name: name + ", last", path: after(func(fullSize) int { return (perPage + 1) * share })},
	}
}

// fullPages are every list with its filters, and the pages of one thing. In a
// world every tenth recipient has the tag "tenth" and is unsubscribed; of each
// ten deliveries one has failed, one is uncertain, one deferred and one
// skipped; mailings are of every state.
func fullPages() (list []fullPage) {
	recipients := func(s fullSize) int { return s.recipients }
	attempts := func(s fullSize) int { return s.attempts }
	mailings := func(s fullSize) int { return s.mailings }
	add := func(pages ...fullPage) { list = append(list, pages...) }
	add(deep("recipients", "/recipients?x=1", recipients, 1)...)
	add(deep("recipients of a tag", "/recipients?tag=tenth", recipients, 10)...)
	add(deep("recipients unsubscribed", "/recipients?status=unsubscribed", recipients, 10)...)
	add(deep("recipients unsubscribed of a tag", "/recipients?status=unsubscribed&tag=tenth", recipients, 10)...)
	add(deep("messages", "/messages?x=1", mailings, 1)...)
	add(deep("mailings", "/mailings?x=1", mailings, 1)...)
	for _, state := range []string{"draft", "active", "paused", "finished", "attention", "sending", "disabled"} {
		add(fullPage{name: "mailings " + state, path: at("/mailings?state=" + state)})
	}
	add(deep("deliveries", "/runs/1/deliveries?x=1", recipients, 1)...)
	for _, state := range []string{"accepted", "failed", "uncertain", "deferred", "skipped"} {
		add(deep("deliveries "+state, "/runs/1/deliveries?state="+state, recipients, 10)...)
	}
	add(deep("attempts", "/attempts?x=1", attempts, 1)...)
	for _, filter := range []string{"outcome=success", "outcome=failure", "outcome=unknown", "code=550", "mailing=1", "mailing=1&outcome=failure", "mailing=1&code=550"} {
		add(deep("attempts "+filter, "/attempts?"+filter, recipients, 10)...)
	}
	add(
		fullPage{name: "attempts of a day", path: at("/attempts?from=2026-01-15&to=2026-01-15")},
		fullPage{name: "attempts failed of a day", path: at("/attempts?outcome=failure&from=2026-01-15&to=2026-01-15")},
		fullPage{name: "overview", path: at("/overview?x=1")},
		fullPage{name: "report of a mailing", path: at("/mailings/1?x=1")},
		fullPage{name: "runs of a mailing", path: at("/mailings/1/runs?x=1")},
		fullPage{name: "a run", path: at("/runs/1?x=1")},
		fullPage{name: "statistics", path: at("/statistics?" + januaryFilter)},
		fullPage{name: "statistics of a mailing", path: at("/mailings/1/statistics?" + januaryFilter)},
		fullPage{name: "statistics of a run", path: at("/runs/1/statistics?" + januaryFilter)},
		fullPage{name: "a recipient", path: at("/recipients/1?x=1")},
		fullPage{name: "a delivery", path: at("/deliveries/1?x=1")},
		fullPage{name: "moderation: mailings", admin: true, path: at("/moderation/mailings?x=1")},
		fullPage{name: "moderation: mailings paused", admin: true, path: at("/moderation/mailings?state=paused")},
		fullPage{name: "moderation: users", admin: true, path: at("/moderation/users?x=1")},
		fullPage{name: "moderation: attempts", admin: true, path: at("/attempts?owner=all")},
		fullPage{name: "moderation: attempts failed", admin: true, path: at("/attempts?owner=all&outcome=failure")},
		fullPage{name: "moderation: attempts by code", admin: true, path: at("/attempts?owner=all&code=550")},
		fullPage{name: "moderation: statistics", admin: true, path: at("/statistics?owner=all&" + januaryFilter)},
		fullPage{name: "audit", admin: true, path: at("/admin/audit?x=1")},
		fullPage{name: "system", admin: true, path: at("/admin/system?x=1")},
	)
	return list
}

// measureFull asks two running services for every page in turns: one with a
// million recipients, and one with a thousandth of everything.
func measureFull(ctx context.Context, r *report) error {
	var services []*service
	worlds := []fullSize{smallWorld, fullWorld}
	var cookies [2]map[bool]string
	for i, size := range worlds {
		began := time.Now()
		s, err := newService(ctx, func(ctx context.Context, n *node) error { return n.crowd(ctx, size) })
		if err != nil {
			return err
		}
		defer s.end()
		r.note("pages at size: a world of %d attempts was made in %.0f s", size.attempts, time.Since(began).Seconds())
		cookies[i] = map[bool]string{}
		for admin, email := range map[bool]string{false: ownerEmail, true: adminEmail} {
			if cookies[i][admin], err = s.logIn(ctx, email); err != nil {
				return err
			}
		}
		services = append(services, s)
	}
	sizes := []int{smallWorld.attempts, fullWorld.attempts}
	pages := fullPages()
	// Once before, while what has just been written still comes to rest.
	for i := range pages {
		if _, _, err := pages[i].ask(ctx, services, worlds, cookies, 1); err != nil {
			return err
		}
	}
	for i := range pages {
		p := &pages[i]
		took, lines, err := p.ask(ctx, services, worlds, cookies, fullCalls)
		if err != nil {
			return err
		}
		r.add("at size: "+p.name, "ms", sizes, took[0], took[1]).growsAtMost(1.5)
		if lines[0] != lines[1] {
			r.note("pages at size: %s has %d lines, and %d in the small world", p.name, lines[1], lines[0])
		}
	}
	return nil
}

// ask asks both services for a page, in turns, each time by another address,
// so that nothing is kept. It says the medians in milliseconds, and the lines.
func (p *fullPage) ask(ctx context.Context, services []*service, worlds []fullSize, cookies [2]map[bool]string, calls int) (ms [2]float64, lines [2]int, err error) {
	var took [2][]float64
	for range calls {
		for i, s := range services {
			began := time.Now()
			lines[i], err = s.get(ctx, fmt.Sprintf("%s&call=%d", p.path(worlds[i]), began.UnixNano()), cookies[i][p.admin])
			if err != nil {
				return ms, lines, fmt.Errorf("%s: %w", p.name, err)
			}
			took[i] = append(took[i], time.Since(began).Seconds()*1e3)
		}
	}
	return [2]float64{median(took[0]), median(took[1])}, lines, nil
}

// get asks for one page, and counts the lines of its tables.
func (s *service) get(ctx context.Context, path, cookie string) (lines int, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	q.Header.Set("Cookie", cookie)
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	if answer.StatusCode != http.StatusOK {
		return 0, errors.New(path + ": " + answer.Status)
	}
	return bytes.Count(body, []byte("<tr")), nil
}

// crowdChunk is how many rows one transaction writes.
const crowdChunk = 50_000

// crowd gives the user a world. The first mailing went to everybody, the
// others to as many each.
func (n *node) crowd(ctx context.Context, size fullSize) error {
	for i := range size.mailings {
		if _, err := n.newMailing(ctx, fmt.Sprintf("Mailing %d", i+1)); err != nil {
			return err
		}
	}
	each := (size.attempts - size.recipients) / (size.mailings - 1)
	steps := []struct {
		rows int
		text string // $1 and $2 bound the numbers, 0 the first; $3 is the user
		more []any
	}{
		{size.recipients, `
			INSERT INTO recipients (id, user_id, email, email_key, name, search, status, created_at, updated_at)
			SELECT i + 1, $3, 'r' || i || '@d' || (i % 30) || '.test', 'r' || i || '@d' || (i % 30) || '.test', 'Recipient ' || i,
			       'r' || i || '@d' || (i % 30) || '.test recipient ' || i,
			       CASE WHEN i % 10 = 0 THEN 'unsubscribed' ELSE 'active' END, 1767225600000000, 1767225600000000 FROM n`, nil},
		{size.recipients, `INSERT INTO recipient_tags (tag_id, recipient_id) SELECT 1, i + 1 FROM n WHERE i % 10 = 0 AND $3 > 0`, nil},
		{size.recipients, `
			INSERT INTO deliveries (id, month, run_id, recipient_id, batch_id, state, tries, first_at, next_at, updated_at)
			SELECT i + 1, 202601, 1, i + 1, 1 + i / 500, ` + stateOf + ` FROM n WHERE $3 > 0`, nil},
		{each * (size.mailings - 1), `
			INSERT INTO deliveries (id, month, run_id, recipient_id, batch_id, state, tries, first_at, next_at, updated_at)
			SELECT i + 1 + $4, 202601, 2 + i / $5, 1 + i % $5 % $4, 1000000 + (2 + i / $5) * 1000 + i % $5 / 500, ` + stateOf + `
			  FROM n WHERE $3 > 0`, []any{int64(size.recipients), int64(each)}},
		{size.recipients + each*(size.mailings-1), `
			INSERT INTO attempts (id, at, month, delivery_id, run_id, mailing_id, user_id, recipient_id, address, outcome, stage, code, enhanced, response, server)
			SELECT d.id, 1767225600000000 + d.id * $4, 202601, d.id, d.run_id, d.run_id, $3, d.recipient_id,
			       'r' || d.recipient_id || '@d' || (d.recipient_id % 30) || '.test',
			       CASE d.state WHEN 2 THEN 0 WHEN 5 THEN 2 ELSE 1 END, 'rcpt',
			       CASE d.state WHEN 2 THEN 250 WHEN 5 THEN 0 WHEN 3 THEN 451 ELSE 550 END, '5.1.1', 'User unknown', 'mx.test'
			  FROM n JOIN deliveries d ON d.id = n.i + 1`, []any{30 * 24 * time.Hour.Microseconds() / int64(size.attempts)}},
	}
	for _, statement := range []string{
		`INSERT INTO tags (id, user_id, name, name_key) SELECT 1, $1, 'tenth', 'tenth'`,
		`UPDATE mailings SET state = CASE id % 4 WHEN 0 THEN 'draft' WHEN 1 THEN 'active' WHEN 2 THEN 'paused' ELSE 'finished' END WHERE user_id = $1`,
		`INSERT INTO runs (id, mailing_id, user_id, due_at, kind, state, planned, audience, message_version_id, mailing_name,
		                   sender_name, sender_email, on_uncertain, created_at, started_at, finished_at)
		 SELECT m.id, m.id, m.user_id, 1767225600000000, 'schedule', 'done', 1, '{"all":true}', g.version_id, m.name, 'S', 's@example.com', 'resend',
		        1767225600000000, 1767225600000000, 1767312000000000
		   FROM mailings m JOIN messages g ON g.id = m.message_id WHERE m.user_id = $1`,
		`UPDATE mailings SET last_run_id = id WHERE user_id = $1`,
		`INSERT INTO ledgers (run_id, mailing_id, user_id, month, resend) SELECT id, id, user_id, 202601, 1 FROM runs WHERE user_id = $1`,
	} {
		if err := n.exec(ctx, statement, n.owner.ID); err != nil {
			return err
		}
	}
	for _, step := range steps {
		for from := 0; from < step.rows; from += crowdChunk {
			err := n.exec(ctx, `WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2)`+step.text,
				append([]any{int64(from), int64(min(from+crowdChunk, step.rows)), n.owner.ID}, step.more...)...)
			if err != nil {
				return err
			}
		}
	}
	if err := n.recipients.RebuildCounts(ctx, n.owner.ID); err != nil {
		return err
	}
	for _, statement := range []string{
		`INSERT INTO batches (id, run_id, done, accepted) SELECT batch_id, run_id, 1, sum(state = 2) FROM deliveries WHERE $1 > 0 GROUP BY batch_id, run_id`,
		`UPDATE tags SET recipients = (SELECT count(*) FROM recipient_tags WHERE tag_id = 1) WHERE user_id = $1`,
		`UPDATE ledgers SET last_attempt_at = 1767312000000000,
		        (recipients, accepted, deferred, failed, uncertain, skipped) = (
		          SELECT count(*), sum(state = 2), sum(state = 3), sum(state = 4), sum(state = 5), sum(state = 6)
		            FROM deliveries d JOIN batches b ON b.id = d.batch_id WHERE b.run_id = ledgers.run_id)
		  WHERE user_id = $1`,
	} {
		if err := n.exec(ctx, statement, n.owner.ID); err != nil {
			return err
		}
	}
	_, _, err := n.ledger.Recount(ctx, func(int64) {})
	return err
}

// stateOf are the states of deliveries with their numbers.
const stateOf = `
	CASE i % 10 WHEN 0 THEN 4 WHEN 1 THEN 5 WHEN 2 THEN 3 WHEN 3 THEN 6 ELSE 2 END, 1, 1767225600000000,
	CASE i % 10 WHEN 2 THEN 4102444800000000 ELSE 0 END, 1767225600000000`

func (n *node) exec(ctx context.Context, text string, args ...any) error {
	err := n.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, text, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%.60s…: %w", text, err)
	}
	return nil
}
