package api

import (
	"fmt"
	"strings"
)

func (w *world) walkMessages() {
	id := w.message("anna")
	foreign := w.message("boris")
	a := w.expect(200, request{as: "anna", do: "GET /messages", args: "?search=hello"})
	if !strings.Contains(a.body, `"`+id+`"`) || strings.Contains(a.body, `"`+foreign+`"`) {
		w.t.Errorf("anna's messages: %s", a.body)
	}
	w.lists(request{as: "anna", do: "GET /messages"})
}

func (w *world) walkCreateMessage() {
	do := "POST /messages"
	w.expect(201, request{as: "anna", do: do, body: `{"subject": "Hi", "format": "markdown", "body": "# Hi {{ recipient.name }}", "text": "Hi"}`})
	w.expect(422, request{as: "anna", do: do, body: `{}`}, "subject", "format", "body")
	w.expect(422, request{as: "anna", do: do, body: `{"subject": "a\nb", "format": "pdf", "body": "{% if %}"}`}, "subject", "format", "body")
}

func (w *world) walkMessage() {
	id := w.message("anna")
	a := w.expect(200, request{as: "anna", do: "GET /messages/{id}", id: id})
	if a.text("body") != "Good day" {
		w.t.Errorf("message: %s", a.body)
	}
	w.expect(404, request{as: "boris", do: "GET /messages/{id}", id: id})
}

func (w *world) walkUpdateMessage() {
	id := w.message("anna")
	do := "PATCH /messages/{id}"
	a := w.expect(200, request{as: "anna", do: do, id: id, body: `{"body": "Good evening"}`})
	if a.json["version"] != 2.0 || a.text("subject") != "Hello, {{ recipient.name }}" {
		w.t.Errorf("changed to %s", a.body)
	}
	w.expect(422, request{as: "anna", do: do, id: id, body: `{"body": ""}`}, "body")
	w.expect(404, request{as: "boris", do: do, id: id, body: `{"body": "mine"}`})
}

func (w *world) walkDeleteMessage() {
	do := "DELETE /messages/{id}"
	id := w.message("anna")
	w.expect(404, request{as: "boris", do: do, id: id})
	w.expect(200, request{as: "anna", do: do, id: id})
	w.expect(404, request{as: "anna", do: do, id: id})
	used := w.mailing("anna")
	message := w.expect(200, request{as: "anna", do: "GET /mailings/{id}", id: used}).text("message_id")
	w.expect(200, request{as: "anna", do: "POST /mailings/{id}/start", id: used})
	w.expect(409, request{as: "anna", do: do, id: message})
}

func (w *world) walkPreview() {
	id := w.message("anna")
	to := w.recipient("anna", "preview@example.com")
	foreign := w.recipient("boris", "preview@example.com")
	do := "POST /messages/{id}/preview"
	a := w.expect(200, request{as: "anna", do: do, id: id, body: fmt.Sprintf(`{"recipient_id": %q}`, to)})
	if a.text("subject") != "Hello, Ivan" || !strings.HasPrefix(a.text("text"), "Good day") {
		w.t.Errorf("preview: %s", a.body)
	}
	w.expect(200, request{as: "anna", do: do, id: id})
	w.expect(422, request{as: "anna", do: do, id: id, body: fmt.Sprintf(`{"recipient_id": %q}`, foreign)}, "recipient_id")
	w.expect(404, request{as: "boris", do: do, id: id})
}

func (w *world) walkTest() {
	id := w.message("anna")
	do := "POST /messages/{id}/test"
	a := w.expect(200, request{as: "anna", do: do, id: id})
	if a.json["code"] != 250.0 {
		w.t.Errorf("test: %s", a.body)
	}
	if n, err := w.inbox.Count(w.t.Context()); n != 1 || err != nil {
		w.t.Errorf("the inbox has %d mails, %v; want 1", n, err)
	}
	w.expect(404, request{as: "boris", do: do, id: id})
	w.inbox.Stop()
	if a := w.expect(503, request{as: "anna", do: do, id: id}); !strings.Contains(a.body, "127.0.0.1") {
		w.t.Errorf("without a mail server: %s", a.body)
	}
}
