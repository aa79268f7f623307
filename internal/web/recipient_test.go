package web

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
)

func TestRecipientsAreTheOwnersAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		anna, boris := h.person("anna", "en"), h.person("boris", "ru")
		r := anna.recipient(recipient.Draft{Email: "secret@example.com", Name: "Secret", Tags: []string{"hush"}})
		page := recipientURL(r.ID, "")

		anna.get(page).is(http.StatusOK).has("secret@example.com", "Secret", "hush")
		boris.get("/recipients").is(http.StatusOK).has("Клиентов пока нет").lacks("secret", "hush")
		boris.get("/recipients/new").is(http.StatusOK).lacks("hush")
		boris.get("/recipients/export").is(http.StatusOK).lacks("secret")
		boris.get("/messages/readers?to=secret").is(http.StatusOK).lacks("secret")
		for _, path := range []string{page, page + "/edit", "/recipients/0", "/recipients/x", "/recipients/9999"} {
			boris.get(path).is(http.StatusNotFound).lacks("secret@example.com", "hush")
		}
		for _, act := range []string{"/edit", "/delete", "/resubscribe", "/suppress"} {
			boris.post(page+act, url.Values{"email": {"mine@example.com"}, "asked": {"on"}}).is(http.StatusNotFound).lacks("secret@")
			h.guest().post(page+act, nil).leads("/login")
		}
		boris.post("/recipients/bulk", url.Values{"id": {fmt.Sprint(r.ID)}, "do": {"delete"}}).is(http.StatusOK).lacks("secret@")
		boris.post("/recipients/bulk", url.Values{"id": {fmt.Sprint(r.ID)}, "do": {"delete"}, "confirmed": {"yes"}}).leads("/recipients")
		h.guest().get("/recipients?q=a").leads("/login?next=%2Frecipients%3Fq%3Da")
		anna.get(page).is(http.StatusOK).has("Active")
	})
}

func TestRecipientList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newHouse(t, d).person("anna", "en")
		p.recipients(60)
		p.recipient(recipient.Draft{Email: "vip@example.com", Name: "Анна <b>", Tags: []string{"VIP"}})

		first := p.get("/recipients").is(http.StatusOK).
			has("61 recipients", "vip@example.com", "Анна &lt;b&gt;", "r012@example.com", `rel="next"`, "All 61 that were found").
			lacks("r011@example.com", "<b>")
		_, rest, _ := strings.Cut(first.body, `href="/recipients?after=`)
		after, _, _ := strings.Cut(rest, `"`)
		p.get("/recipients?after="+after).is(http.StatusOK).has("r011@example.com", "r001@example.com", "To the start").
			lacks("r012@example.com", `rel="next"`)

		p.get("/recipients?q=АНН").has("Found: 1 of 61", "vip@example.com", `value="АНН"`).lacks("r001@example.com")
		p.get("/recipients?tag=vip&status=active").has("vip@example.com", "/recipients/export?status=active&amp;tag=vip").lacks("r001@")
		p.get("/recipients?status=suppressed").has("Nothing was found", "Reset the filter")
		p.get("/recipients?status=nonsense&after=-5").has("61 recipients")
	})
}

func TestBulk(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newHouse(t, d).person("anna", "en")
		list := p.recipients(3)
		ids := []string{fmt.Sprint(list[0].ID), fmt.Sprint(list[1].ID)}
		back := "/recipients?q=example"
		act := func(form url.Values) *answer {
			form.Set("back", back)
			return p.post("/recipients/bulk", form)
		}

		act(url.Values{"id": ids, "do": {"tag"}, "tag": {"Friends"}}).leads(back)
		p.get("/recipients?tag=friends").has("Found: 2 of 3", "2 recipients bear the tag “Friends”.").lacks("r003@")
		act(url.Values{"scope": {"all"}, "do": {"tag"}, "tag": {"Everyone"}}).leads(back)
		p.get("/recipients?tag=everyone").has("Found: 3 of 3")
		act(url.Values{"id": ids[:1], "do": {"untag"}, "tag": {"friends"}}).leads(back)
		p.get("/recipients?tag=friends").has("Found: 1 of 3")

		// What was chosen and typed is kept beside what is wrong with it.
		act(url.Values{"id": ids, "do": {"tag"}, "tag": {strings.Repeat("x", 61)}}).is(http.StatusUnprocessableEntity).
			has("at most 60 characters", strings.Repeat("x", 61), fmt.Sprintf(`value="%s" aria-label="Select: r001@example.com" checked`, ids[0])).
			lacks(fmt.Sprintf(`value="%d" aria-label="Select: r003@example.com" checked`, list[2].ID))
		act(url.Values{"id": ids, "do": {"untag"}}).is(http.StatusUnprocessableEntity).has("Fill this in.")
		act(url.Values{"id": ids, "do": {"explode"}}).is(http.StatusNotFound)
		act(url.Values{"do": {"tag"}, "tag": {"x"}}).leads(back)
		p.get("/recipients").has("Choose recipients first.")

		act(url.Values{"id": ids, "do": {"delete"}}).is(http.StatusOK).has("Delete 2 recipients?", "r001@example.com", "r002@example.com").lacks("r003@")
		p.get("/recipients").has("3 recipients")
		act(url.Values{"id": ids, "do": {"delete"}, "confirmed": {"yes"}}).leads(back)
		p.get("/recipients").has("1 recipient<", "2 recipients were deleted.")
		p.post("/recipients/bulk", url.Values{"scope": {"all"}, "do": {"delete"}, "confirmed": {"yes"}, "back": {"https://evil.test/recipients"}}).leads("/recipients")
		p.get("/recipients").has("No recipients yet")
	})
}

func TestRecipientForm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newHouse(t, d).person("anna", "ru")
		p.get("/recipients/new").is(http.StatusOK).has("Новый клиент", `name="attribute_name"`)
		made := p.post("/recipients/new", url.Values{
			"email": {"ivan@example.com"}, "name": {"Иван"}, "tags": {"Клиент, VIP,клиент"}, "comment": {"Раз\r\nДва"},
			"time_zone": {"Asia/Omsk"}, "locale": {"ru"},
			"attribute_name": {"город", "", "balance", "code"}, "attribute_value": {"Казань", "", "120.5", "007"},
		}).is(http.StatusSeeOther).header.Get("Location")
		p.get(made).is(http.StatusOK).has("ivan@example.com", "Иван", "VIP", "Клиент", "Казань", "120.5", "Asia/Omsk", "Раз\nДва")
		p.get(made+"/edit").is(http.StatusOK).has("VIP, Клиент", "007", `value="город"`)
		p.get("/recipients/new").has(`<option value="balance">`)

		long := strings.Repeat("я", 50_000)
		p.post("/recipients/new", url.Values{
			"email": {"nobody"}, "name": {long}, "comment": {"ok"}, "time_zone": {"Mars/Olympus"}, "locale": {"??"},
			"tags": {"a|b"}, "attribute_name": {"1st", "email"}, "attribute_value": {"x", "y"},
		}).is(http.StatusUnprocessableEntity).has(
			long, "не больше", `id="field-name-problem"`, `id="field-email-problem"`, `id="field-time-zone-problem"`,
			`id="field-locale-problem"`, `id="field-tags-problem"`, "Mars/Olympus", `value="1st"`,
			`id="field-attributes-1st-problem"`, `id="field-attributes-email-problem"`, `data-guard="changed"`,
		)
		p.post("/recipients/new", url.Values{"email": {"b@example.com"}, "name": {"a\r\nBcc: evil@example.com"}}).
			is(http.StatusUnprocessableEntity).has("управляющие", `id="field-name-problem"`)
		p.post("/recipients/new", url.Values{"email": {"c@example.com"}, "attribute_name": {"x", "x"}, "attribute_value": {"1", "2"}}).
			is(http.StatusUnprocessableEntity).has("указан дважды", `value="1"`, `value="2"`)
		p.post("/recipients/new", url.Values{"email": {"IVAN@example.com"}}).is(http.StatusUnprocessableEntity).has(`id="field-email-problem"`)

		p.post(made+"/edit", url.Values{"email": {"ivan@example.com"}, "attribute_name": {"note"}, "attribute_value": {"a\nb"}}).leads(made)
		p.get(made + "/edit").has("\na\nb</textarea>").lacks("Казань")
		p.post(made+"/edit", url.Values{"email": {""}, "name": {"kept"}}).is(http.StatusUnprocessableEntity).has(`value="kept"`)
		p.post("/recipients/new", url.Values{"email": {"d@example.com"}, "do": {"another"}}).leads("/recipients/new")
	})
}

func TestEnglishForm(t *testing.T) {
	p := newHouse(t, dbtest.SQLite(t)).person("anna", "en")
	p.post("/recipients/new", url.Values{"email": {"x@example.com"}, "name": {strings.Repeat("y", 201)}}).
		is(http.StatusUnprocessableEntity).has("Too long: at most 200 characters are allowed.", `href="#field-name"`)
}

func TestConsent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		p := h.person("anna", "en")
		r := p.recipient(recipient.Draft{Email: "ivan@example.com"})
		page := recipientURL(r.ID, "")
		if err := h.Recipients.Unsubscribe(t.Context(), h.Recipients.UnsubscribeToken(r.ID, 0)); err != nil {
			t.Fatal(err)
		}
		p.get(page).has("Gets no mail", "Unsubscribed on", "The person asked for it").lacks("Send no mail")
		p.post(page+"/resubscribe", nil).leads(page)
		p.get(page).has("confirm that the person asked for it", "Gets no mail")
		p.post(page+"/resubscribe", url.Values{"asked": {"on"}}).leads(page)
		p.get(page).has("gets mail again", "Send no mail").lacks("Gets no mail")
		p.post(page+"/suppress", nil).leads(page)
		p.get(page).has("Gets no mail", "addresses not to write to").lacks("The person asked for it")
		p.post(page+"/resubscribe", nil).leads(page)
		p.get(page).lacks("Gets no mail")
		p.post(page+"/delete", url.Values{"back": {"/recipients?q=x"}}).leads("/recipients?q=x")
		p.get(page).is(http.StatusNotFound)
	})
}

// TestWhy looks for the answer to "why did it not arrive?".
func TestWhy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		p := h.person("anna", "en")
		list := p.recipients(2)
		gone, refused := list[0], list[1]
		if err := h.Recipients.Suppress(t.Context(), p.Actor, gone.ID); err != nil {
			t.Fatal(err)
		}
		run := p.run("Spring <news>")
		p.get(recipientURL(gone.ID, "")).is(http.StatusOK).has("Spring &lt;news&gt;", "Skipped", "on the list of addresses not to write to.")
		p.get(recipientURL(refused.ID, "")).has("Planned", "recipient’s turn yet")
		id := p.refuse(run, 550, "5.1.1", "No such user here\nTry another")
		p.get(recipientURL(refused.ID, "")).has("Failed", "mx.example.com",
			"550 5.1.1 No such user here\nTry another", fmt.Sprintf(`href="/deliveries/%d"`, id), fmt.Sprintf(`href="/runs/%d"`, run))
	})
}

// run starts a mailing to all, and plans its run.
func (p *person) run(name string) int64 {
	p.t.Helper()
	m := p.message(message.Draft{Subject: "Hello", Body: "Hello"})
	made, err := p.Mailings.Create(p.t.Context(), p.Actor, mailing.Input{
		Name: name, MessageID: m.ID, Audience: recipient.Audience{All: true},
		Schedule: schedule.Schedule{Frequency: schedule.Once}, Sender: mailing.Sender{Email: "anna@gonets.example"},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	made, err = p.Mailings.Start(p.t.Context(), p.Actor, made.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	for more := true; more; {
		if more, err = p.Mailings.Plan(p.t.Context(), made.LastRun.ID); err != nil {
			p.t.Fatal(err)
		}
	}
	return made.LastRun.ID
}

// refuse lets a server refuse the one delivery of a run that is to be sent.
func (p *person) refuse(run, code int64, enhanced, words string) int64 {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); p.Ledger.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	var batches []delivery.Batch
	err := p.Ledger.Feed(ctx, []int64{run}, 10, func(_ context.Context, _ db.Tx, list []delivery.Batch) error {
		batches = list
		return nil
	})
	if err != nil || len(batches) != 1 {
		p.t.Fatalf("feed: %v, %d batches", err, len(batches))
	}
	b, ok, err := p.Ledger.Claim(ctx, "test", batches[0].ID)
	if err != nil || !ok || len(b.Deliveries) != 1 {
		p.t.Fatalf("claim: %v, %v", ok, err)
	}
	one := b.Deliveries[0]
	_, err = p.Ledger.Commit(ctx, []delivery.Result{{
		Delivery: one, End: delivery.RefusedForGood, At: time.Now(), Address: "r002@example.com",
		Stage: "rcpt", Code: code, Enhanced: enhanced, Response: words, Server: "mx.example.com",
	}}, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return one.ID
}

func TestExport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newHouse(t, d).person("anna", "ru")
		p.recipient(recipient.Draft{Email: "a@example.com", Name: "Анна, «мама»", Attributes: map[string]any{"город": "Казань"}})
		p.recipient(recipient.Draft{Email: "b@example.com", Tags: []string{"vip"}})
		all := p.get("/recipients/export").is(http.StatusOK)
		if got := all.header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename*=utf-8''%D0%BA%D0%BB") {
			t.Errorf("got %q", got)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(all.body, "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 3 || rows[1][1] != "Анна, «мама»" || rows[0][7] != "город" {
			t.Errorf("got %q, %v", rows, err)
		}
		p.get("/recipients/export?tag=vip").has("b@example.com").lacks("a@example.com")
	})
}

// More than a thousand are changed in the background.
func TestBulkOfMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		anna, boris := h.person("anna", "en"), h.person("boris", "ru")
		var text strings.Builder
		text.WriteString("email\n")
		for i := range actAtOnceMax + 1 {
			fmt.Fprintf(&text, "r%04d@example.com\n", i)
		}
		anna.done(anna.upload("people.csv", text.String(), nil).is(http.StatusSeeOther).header.Get("Location"))
		all := func(do, tag string, more url.Values) *answer {
			form := url.Values{"scope": {"all"}, "do": {do}, "tag": {tag}, "back": {"/recipients?q=example"}}
			maps.Copy(form, more)
			return anna.post("/recipients/bulk", form)
		}
		all("tag", " ", nil).is(http.StatusUnprocessableEntity).has("Fill this in.", "Found: 1,001 of 1,001")

		page := all("tag", "Friends", nil).is(http.StatusSeeOther).header.Get("Location")
		anna.done(page).has("Adding the tag “Friends”", "1,001 recipients bear the tag “Friends”.", "example", "Took").lacks("Cancel this?")
		anna.get("/recipients?tag=friends").has("Found: 1,001 of 1,001").lacks("in the background")
		boris.get(page).is(http.StatusNotFound).lacks("Friends")
		boris.post(page+"/cancel", nil).is(http.StatusNotFound)
		anna.post(page+"/cancel", nil).is(http.StatusConflict).has("This change has already ended.")

		open := changeURL(stuck(t, d, anna.ID), "")
		anna.get("/recipients").has("Deleting recipients", "This goes on in the background", `href="`+open+`"`)
		all("untag", "Friends", nil).is(http.StatusConflict).has("Another change of many recipients is still going on.")
		anna.get(open).has("Done: 25%", "250 / 1,000", "You need not wait here", `http-equiv="refresh"`, "Cancel this?")
		anna.post(open+"/cancel", nil).leads(open)
		anna.get(open).has("This was cancelled. What it had done stays.", "250 recipients were deleted.").lacks("http-equiv=\"refresh\"")

		all("delete", "", nil).is(http.StatusOK).has("Delete 1,001 recipients?")
		page = all("delete", "", url.Values{"confirmed": {"yes"}}).is(http.StatusSeeOther).header.Get("Location")
		anna.done(page).has("1,001 recipients were deleted.")
		anna.get("/recipients").has("No recipients yet")
	})
}

// stuck is a user's change that nobody works.
func stuck(t *testing.T, d *db.DB, userID int64) (id int64) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx db.Tx) error {
		return tx.QueryRow(t.Context(), `
			INSERT INTO recipient_changes (user_id, act, below, total, done, created_at, moved_at)
			VALUES ($1, 'delete', 1, 1000, 250, $2, $2) RETURNING id`, userID, db.At(tx.Now())).Scan(&id)
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
