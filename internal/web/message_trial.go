package web

import (
	"net/http"

	"gonets/internal/fault"
	"gonets/internal/httpd"
	"gonets/internal/smtp"
	"gonets/internal/web/ui"
)

// tested is how the test of a message ended.
type tested struct {
	Address string     // whom it was sent to
	Reply   smtp.Reply // the server's
	Problem string     // why it was not sent; empty: it was
}

// messageTest sends what the editor holds to its author, composed with the
// values of the recipient who is chosen for the preview. The answer goes to
// the frame, or, where scripts run, below the button.
func (s *Web) messageTest(v *visit) error {
	if s.Tester == nil {
		return fault.Missing()
	}
	f := readMessageForm(v)
	end := tested{Address: v.actor.Email}
	made, to, err := s.preview(v, f)
	if err == nil {
		end.Reply, err = s.Tester.SendTest(v.Context(), v.actor, made.Content)
	}
	if status := httpd.Status(err); status == http.StatusInternalServerError || status == http.StatusNotFound {
		return err
	}
	form := ui.NewForm(v.view, err)
	end.Problem = form.Summary
	if v.Header.Get("HX-Request") != "" {
		return v.render(http.StatusOK, testResult(v.view, end, form))
	}
	return v.renderPreview(previewPage{Preview: made, To: to, Form: form, Tested: &end})
}
