package letter

import (
	_ "embed"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"gonets/internal/mail"
)

// plan says how a kind of letter looks and how long it is of use.
type plan struct {
	path string        // where the link leads, below the base URL, with the letter's {token} or {id}; empty: no link
	life time.Duration // after which it is not worth sending
}

const day = 24 * time.Hour

// plans are the kinds of letters. The lives of those with a token are those of
// their links.
var plans = map[Kind]plan{
	Verify:            {path: "/verify/{token}", life: day},
	VerifyAgain:       {path: "/password/reset/{token}", life: day},
	AlreadyRegistered: {path: "/password/forgot", life: day},
	Reset:             {path: "/password/reset/{token}", life: time.Hour},
	PasswordChanged:   {path: "/password/forgot", life: day},
	Invited:           {path: "/password/reset/{token}", life: 7 * day},
	Blocked:           {life: 7 * day},
	Unblocked:         {path: "/login", life: 7 * day},
	Deleted:           {life: 7 * day},
	MailingDisabled:   {path: "/mailings/{id}", life: 7 * day},
	MailingEnabled:    {path: "/mailings/{id}", life: 7 * day},
	Nothing:           {life: day},
}

// sheet is a letter in words, for both of its bodies.
type sheet struct {
	Language string
	Subject  string
	Greeting string
	Text     string // why this letter came
	Because  string // "the reason:"
	Reason   string // in a moderator's words; may be empty
	Button   string // what the link does
	Link     string // may be empty
	ByHand   string // "if the button does not work …"
	Note     string // what to do if it was somebody else
	Footer   string
}

//go:embed letter.html
var htmlSource string

var htmlBody = template.Must(template.New("letter").Parse(htmlSource))

// compose makes the message of a letter of the service that is called so. Its
// Message-ID depends on the letter's id alone, so that a copy can be told.
func (p *Post) compose(id int64, l Letter, service string, date time.Time) (*mail.Message, error) {
	to, err := mail.ParseAddress(l.To)
	if err != nil {
		return nil, err
	}
	s := p.write(l, service)
	var html strings.Builder
	if err := htmlBody.Execute(&html, s); err != nil {
		return nil, fmt.Errorf("compose letter: %w", err)
	}
	return &mail.Message{
		From:      mail.Mailbox{Name: service, Address: p.from},
		To:        mail.Mailbox{Address: to},
		Subject:   s.Subject,
		Text:      s.text(),
		HTML:      html.String(),
		MessageID: mail.NewMessageID("letter."+strconv.FormatInt(id, 10), p.base.Hostname()),
		Date:      date,
		Language:  s.Language,
		// RFC 3834, 5: no vacation reply to a letter that nobody wrote.
		Headers: []mail.Header{{Name: "Auto-Submitted", Value: "auto-generated"}},
	}, nil
}

// write puts a letter into words.
func (p *Post) write(l Letter, service string) sheet {
	in := p.bundle.For(l.Locale)
	key := "letter." + string(l.Kind)
	args := []any{"Service", service, "Host", p.base.Host, "Email", l.To, "Mailing", l.Args["mailing"]}
	s := sheet{
		Language: in.Lang(),
		Subject:  in.T(key+".subject", args...),
		Greeting: in.T("letter.greeting"),
		Text:     in.T(key+".text", args...),
		Because:  in.T("letter.because"),
		Reason:   l.Args["reason"],
		Note:     in.T(key + ".note"),
		Footer:   in.T("letter.footer", args...),
	}
	if path := plans[l.Kind].path; path != "" {
		s.Button, s.ByHand = in.T(key+".button"), in.T("letter.by_hand")
		s.Link = p.base.String() + strings.NewReplacer("{token}", l.Args["token"], "{id}", l.Args["id"]).Replace(path)
	}
	return s
}

// text is the plain body; the link stands alone in its line, so that every
// mail program makes it one.
func (s sheet) text() string {
	parts := []string{s.Greeting, s.Text}
	if s.Reason != "" {
		parts = append(parts, s.Because+"\n> "+strings.ReplaceAll(s.Reason, "\n", "\n> "))
	}
	if s.Link != "" {
		parts = append(parts, s.Button+":\n"+s.Link)
	}
	parts = append(parts, s.Note, "-- \n"+s.Footer) // RFC 3676, 4.3: the mark of a signature
	return strings.Join(parts, "\n\n") + "\n"
}
