package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/message"
	"gonets/internal/recipient"
)

func greeting(subject, format, body string) url.Values {
	return url.Values{"subject": {subject}, "format": {format}, "body": {body}}
}

func TestMessagesAreTheOwnersAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		anna, boris := h.person("anna", "en"), h.person("boris", "ru")
		m := anna.message(message.Draft{Subject: "Secret plan", Body: "hush"})
		anna.recipient(recipient.Draft{Email: "secret@example.com"})
		page := messageURL(m.ID, "")

		anna.get("/messages").is(http.StatusOK).has("Secret plan")
		boris.get("/messages").is(http.StatusOK).has("Сообщений пока нет").lacks("Secret")
		boris.get(page).is(http.StatusNotFound).lacks("hush", "Secret")
		boris.get(page + "/preview").is(http.StatusNotFound).lacks("hush")
		boris.post(page, greeting("Mine", "text", "x")).is(http.StatusNotFound)
		boris.post(page+"/duplicate", nil).is(http.StatusNotFound)
		boris.post(page+"/delete", nil).is(http.StatusNotFound)
		for _, path := range []string{"/messages/preview", "/messages/test"} {
			form := greeting("S", "text", "{{ recipient.email }}")
			form.Set("to", "secret@example.com")
			boris.post(path, form).is(http.StatusOK).has("Такого клиента нет")
			h.guest().post(path, form).leads("/login")
		}
		h.guest().get(page).is(http.StatusSeeOther)
		anna.get(page).is(http.StatusOK).has("Secret plan", "hush")
	})
}

func TestEditor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newHouse(t, d).person("anna", "ru")
		p.recipient(recipient.Draft{Email: "ivan@example.com", Attributes: map[string]any{"город": "Казань"}})
		p.get("/messages/new").is(http.StatusOK).has("{{ recipient.город }}", "атрибут, например: Казань", "ivan@example.com", "/static/editor-")
		page := p.post("/messages/new", greeting("Привет, {{ recipient.name }}", "markdown", "# Раз\r\n\r\n**Два**")).
			is(http.StatusSeeOther).header.Get("Location")
		p.get(page).has("Привет, {{ recipient.name }}", "# Раз\n\n**Два**", "Сообщение сохранено", `data-guard="clean"`)
		p.post(page, greeting("Другая тема", "html", "<p>x</p>")).leads(page)
		p.get("/messages?q=другая").has("Другая тема", "Версия 2", "HTML").lacks("Привет")
		p.get("/messages?q=нетакой").has("Ничего не найдено")

		p.post(page, greeting("", "nonsense", "Раз\n{% if x %}два\n{{ y | nofilter }}")).is(http.StatusUnprocessableEntity).
			has("Заполните", "Раз\n{% if x %}два", `id="field-body-problem"`, "Строка 3, столбец 8", "nofilter", `data-guard="changed"`, `href="#field-subject"`)
		p.post(page, greeting("a\r\nBcc: evil@example.com", "text", "x")).is(http.StatusUnprocessableEntity).has("в одной строке", "Bcc: evil@example.com")
		p.post(page, greeting(strings.Repeat("я", 501), "text", "x")).is(http.StatusUnprocessableEntity).has("не больше", strings.Repeat("я", 501))
		p.post(page, greeting("x", "text", strings.Repeat("y", 5<<20))).is(http.StatusRequestEntityTooLarge)

		twin := p.post(page+"/duplicate", nil).is(http.StatusSeeOther).header.Get("Location")
		p.get(twin).is(http.StatusOK).has("Другая тема", "Это копия")
		p.post(twin+"/delete", nil).leads("/messages")
		p.get(twin).is(http.StatusNotFound)
		p.get("/messages").has("Другая тема")
	})
}

func TestMessageInUse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newHouse(t, d).person("anna", "en")
		p.recipients(1)
		p.run("Spring news")
		p.post("/messages/1/delete", nil).is(http.StatusConflict).has("Spring news", "can&#39;t be deleted", "Hello")
		p.get("/messages/1").is(http.StatusOK)
	})
}

func TestPreview(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newHouse(t, d).person("anna", "en")
		p.recipient(recipient.Draft{Email: "ivan@example.com", Name: "Ivan & Co", Attributes: map[string]any{"city": "<Omsk>"}})
		form := greeting("Hi {{ recipient.name }}", "html", `<p onclick="evil()">{{ recipient.city }}</p><script>evil()</script>`)
		form.Set("to", "IVAN@example.com")
		shown := p.post("/messages/preview", form).is(http.StatusOK).has("Hi Ivan &amp; Co", "&lt;ivan@example.com&gt;", `sandbox=""`, "&amp;lt;Omsk&amp;gt;").
			lacks("<script>evil", "<p onclick")
		policy := shown.header.Get("Content-Security-Policy")
		for _, part := range []string{"sandbox;", "default-src 'none'", "frame-ancestors 'self'"} {
			if !strings.Contains(policy, part) || strings.Contains(policy, "script-src") {
				t.Errorf("got the policy %q", policy)
			}
		}
		if got := shown.header.Get("X-Frame-Options"); got != "SAMEORIGIN" {
			t.Errorf("got X-Frame-Options %q", got)
		}
		form.Set("as", "text")
		p.post("/messages/preview", form).has("<pre class=\"preview-text\">", "&lt;Omsk&gt;").lacks("srcdoc")
		form.Set("to", "nobody")
		p.post("/messages/preview", form).is(http.StatusOK).has("There is no such recipient.").lacks("Omsk")

		p.post("/messages/preview", greeting("", "text", "Dear {{ customer.name }}")).has("(no subject)", "There is no variable customer.name", "Anna Smith")
		p.post("/messages/preview", greeting("x", "text", "{% for i in (1..9999999) %}{{ i }}{% endfor %}")).is(http.StatusOK).has("Line 1, column")
		p.post("/messages/preview", greeting("x", "text", "a\n{{ b")).has("Line 2, column 1", "<strong>Text.</strong>")
		m := p.message(message.Draft{Subject: "Saved", Body: "Saved body"})
		p.get(messageURL(m.ID, "/preview")).has("Saved body")
	})
}

func TestSendTest(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	p := h.person("anna", "en")
	p.recipient(recipient.Draft{Email: "ivan@example.com", Name: "Ivan"})
	form := greeting("Hi {{ recipient.name }}", "text", "x")
	form.Set("to", "ivan@example.com")
	p.post("/messages/test", form).is(http.StatusOK).has("The test was sent to anna@gonets.example.", "250 2.0.0 queued as 4711")
	if got := h.tester.content.Subject; got != "Hi Ivan" {
		t.Errorf("sent %q", got)
	}
	h.tester.err = fault.New(fault.Unavailable, "engine.test_refused", fault.Args{"Server": "mx.example.com:25", "Words": "550 5.1.1 Go <away>"})
	p.post("/messages/test", form).is(http.StatusOK).has("The test was not sent", "550 5.1.1 Go &lt;away&gt;")
	h.tester.content = message.Content{}
	p.post("/messages/test", greeting("x", "text", "{{ b")).is(http.StatusOK).has("Line 1, column 1")
	if h.tester.content.Text != "" {
		t.Error("a message that can't be composed was sent")
	}
}
