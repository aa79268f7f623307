package sandbox

import (
	"strings"
	"sync"

	"github.com/emersion/go-smtp"
)

// Rule is one rule of refusal, for the page that shows the inbox: what the
// part before the @ starts with, upper or lower case, and what happens then.
type Rule struct {
	Prefixes []string
	Key      string // translation key of the sentence
	Code     int    // of the SMTP reply
	Enhanced string // RFC 3463
}

// Rules are all rules, in the order in which they are applied.
func Rules() []Rule {
	return []Rule{
		{[]string{"bounce", "nouser"}, "sandbox.rule_bounce", 550, "5.1.1"},
		{[]string{"full"}, "sandbox.rule_full", 452, "4.2.2"},
		{[]string{"greylist"}, "sandbox.rule_greylist", 451, "4.7.1"},
		{[]string{"reject"}, "sandbox.rule_reject", 554, "5.7.1"},
	}
}

// The replies, in the language of mail servers.
var (
	noSuchUser  = refusal(550, 5, 1, 1, `No such user here (sandbox rule: the address starts with "bounce" or "nouser")`)
	mailboxFull = refusal(452, 4, 2, 2, `Mailbox full, try again later (sandbox rule: the address starts with "full")`)
	greylisted  = refusal(451, 4, 7, 1, `Greylisted, try again later (sandbox rule: the address starts with "greylist"; the next try is accepted)`)
	rejected    = refusal(554, 5, 7, 1, `Message rejected as spam (sandbox rule: an address starts with "reject")`)
)

func refusal(code, class, subject, detail int, words string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: words}
}

// maxGreylisted bounds the memory of put-off addresses; beyond it all are
// forgotten, and put off once more.
const maxGreylisted = 100_000

// rules decide over recipients. Greylisting alone needs a memory, and keeps it
// in the process: an address that was put off is accepted next time, and
// forgotten, so that every mailing shows one deferral.
type rules struct {
	mu     sync.Mutex
	putOff map[string]bool
}

func newRules() *rules { return &rules{putOff: map[string]bool{}} }

// recipient answers RCPT: nil, or the refusal.
func (r *rules) recipient(address string) error {
	local := localPart(address)
	switch {
	case strings.HasPrefix(local, "bounce"), strings.HasPrefix(local, "nouser"):
		return noSuchUser
	case strings.HasPrefix(local, "full"):
		return mailboxFull
	case strings.HasPrefix(local, "greylist") && r.firstTry(strings.ToLower(address)):
		return greylisted
	}
	return nil
}

// content answers the end of data: nil, or the refusal.
func (r *rules) content(recipients []string) error {
	for _, address := range recipients {
		if strings.HasPrefix(localPart(address), "reject") {
			return rejected
		}
	}
	return nil
}

func (r *rules) firstTry(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.putOff[address] {
		delete(r.putOff, address)
		return false
	}
	if len(r.putOff) >= maxGreylisted {
		clear(r.putOff)
	}
	r.putOff[address] = true
	return true
}

func localPart(address string) string {
	at := strings.LastIndexByte(address, '@')
	return strings.ToLower(address[:max(at, 0)])
}
