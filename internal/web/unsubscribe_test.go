package web

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/recipient"
)

func TestUnsubscribe(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		id := anna.recipients(1, "Tag")[0]
		path := "/u/" + k.Recipients.UnsubscribeToken(id, 7)
		status := func(want recipient.Status) {
			k.t.Helper()
			r, err := k.Recipients.Get(k.t.Context(), anna.actor, id)
			if err != nil || r.Status != want {
				k.t.Errorf("status: got %q (%v), want %q", r.Status, err, want)
			}
		}
		guest := k.guest()
		guest.get(path).status(http.StatusOK).shows(`<form method="post"`, "Unsubscribe").hides("r1@tag.example", "anna@")
		guest.ask(http.MethodHead, path, nil).status(http.StatusOK)
		status(recipient.Active)

		for range 2 {
			guest.post(path, nil).status(http.StatusOK).shows("You are unsubscribed")
			status(recipient.Unsubscribed)
		}
		guest.get(path).status(http.StatusOK)

		for _, bad := range []string{"/u/x", path + "A", "/u/" + strings.ToUpper(path[3:])} {
			guest.get(bad).status(http.StatusNotFound)
			guest.post(bad, nil).status(http.StatusNotFound)
		}
	})
}

// One click comes from a mail provider (RFC 8058): from elsewhere, with no
// cookie, and it follows no redirect.
func TestUnsubscribeByOneClick(t *testing.T) {
	eachDesk(t, func(k *desk) {
		anna := k.user("anna", account.RoleUser, "en")
		id := anna.recipients(1, "Tag")[0]
		r, err := http.NewRequestWithContext(k.t.Context(), http.MethodPost, k.server.URL+"/u/"+k.Recipients.UnsubscribeToken(id, 0),
			strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			k.t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://mail.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Accept-Language", "ru")
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			k.t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if answer.Body.Close(); err != nil || !strings.Contains(string(body), "Вы отписались") {
			k.t.Errorf("page: %v\n%s", err, body)
		}
		if answer.StatusCode != http.StatusOK || len(answer.Cookies()) != 0 {
			k.t.Errorf("got %d and cookies %v", answer.StatusCode, answer.Cookies())
		}
		if got, err := k.Recipients.Get(k.t.Context(), anna.actor, id); err != nil || got.Status != recipient.Unsubscribed {
			k.t.Errorf("status: got %q, %v", got.Status, err)
		}
	})
}
