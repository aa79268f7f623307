package api

import (
	"fmt"
	"slices"
	"strings"
)

func (w *world) walkRecipients() {
	for i := range 5 {
		w.recipient("anna", fmt.Sprintf("page%d@example.com", i))
	}
	w.recipient("boris", "foreign@example.com")
	var got []string
	q := request{as: "anna", do: "GET /recipients", args: "?limit=2&search=page"}
	for {
		a := w.expect(200, q)
		for _, item := range a.items() {
			got = append(got, item["email"].(string))
		}
		if a.text("next") == "" {
			break
		}
		q.args = "?limit=2&search=page&after=" + a.text("next")
	}
	want := []string{"page4@example.com", "page3@example.com", "page2@example.com", "page1@example.com", "page0@example.com"}
	if !slices.Equal(got, want) {
		w.t.Errorf("pages: got %q, want %q", got, want)
	}
	a := w.expect(200, request{as: "anna", do: "GET /recipients", args: "?tag=NEWS&status=active&limit=500&after="})
	if strings.Contains(a.body, "foreign@") {
		w.t.Errorf("anna sees a recipient of boris': %s", a.body)
	}
	w.expect(422, request{as: "anna", do: "GET /recipients", args: "?status=asleep"}, "status")
	w.lists(request{as: "anna", do: "GET /recipients"})
}

func (w *world) walkCreateRecipient() {
	do := "POST /recipients"
	a := w.expect(201, request{as: "anna", do: do, body: `{"email": "Ivan@Example.com", "name": "Иван", "comment": "a\nb",
		"tags": ["VIP", "vip"], "attributes": {"city": "Казань", "visits": 9007199254740993, "paid": true, "likes": ["tea", 2]},
		"time_zone": "Europe/Moscow", "locale": "ru"}`})
	if !strings.Contains(a.body, `"visits":9007199254740993`) || !strings.Contains(a.body, `"tags":["VIP"]`) {
		w.t.Errorf("created %s", a.body)
	}
	w.expect(422, request{as: "anna", do: do, body: `{"email": "ivan@example.COM"}`}, "email") // taken
	w.expect(422, request{as: "anna", do: do, body: `{}`}, "email")
	w.expect(422, request{as: "anna", do: do}, "email")
	w.expect(422, request{as: "anna", do: do, body: `{"email": 5, "tags": "a", "name": null, "attributes": [], "x": 1, "Email": "a@b.c"}`},
		"Email", "attributes", "email", "tags", "x")
	w.expect(422, request{as: "anna", do: do, body: `{"email": "no", "name": "a\u0000", "tags": ["a,b"],
		"attributes": {"email": "x", "a": {}}, "time_zone": "Mars/Base", "locale": "!"}`},
		"email", "name", "tags", "attributes.a", "attributes.email", "time_zone", "locale")
	russian := w.expect(422, request{as: "anna", do: do, body: `{}`, lang: "ru-RU, en;q=0.5"})
	if !strings.Contains(russian.body, "Заполните") {
		w.t.Errorf("in Russian: %s", russian.body)
	}
	w.expect(413, request{as: "anna", do: do, body: `{"comment": "` + strings.Repeat("x", maxBody) + `"}`})
}

func (w *world) walkRecipient() {
	id := w.recipient("anna", "get@example.com")
	w.expect(200, request{as: "anna", do: "GET /recipients/{id}", id: id})
	w.expect(404, request{as: "boris", do: "GET /recipients/{id}", id: id})
	w.expect(404, request{as: "root", do: "GET /recipients/{id}", id: id})
}

func (w *world) walkUpdateRecipient() {
	id := w.recipient("anna", "patch@example.com")
	do := "PATCH /recipients/{id}"
	a := w.expect(200, request{as: "anna", do: do, id: id, body: `{"comment": "new"}`})
	if a.text("comment") != "new" || a.text("name") != "Ivan" || !strings.Contains(a.body, `"tags":["news"]`) {
		w.t.Errorf("changed to %s", a.body)
	}
	a = w.expect(200, request{as: "anna", do: do, id: id, body: `{"tags": [], "name": ""}`})
	if a.text("name") != "" || a.text("comment") != "new" || !strings.Contains(a.body, `"tags":[]`) {
		w.t.Errorf("changed to %s", a.body)
	}
	w.expect(422, request{as: "anna", do: do, id: id, body: `{"email": "no"}`}, "email")
	w.expect(404, request{as: "boris", do: do, id: id, body: `{"comment": "mine"}`})
}

func (w *world) walkDeleteRecipient() {
	id := w.recipient("anna", "delete@example.com")
	do := "DELETE /recipients/{id}"
	w.expect(404, request{as: "boris", do: do, id: id})
	w.expect(200, request{as: "anna", do: do, id: id})
	w.expect(404, request{as: "anna", do: do, id: id})
}
