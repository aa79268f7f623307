package mail

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Limits of RFC 5321, 4.5.3.1, in octets: a path of 256 leaves 254 between its
// brackets.
const (
	maxLocal   = 64
	maxAddress = 254
)

// Address is one e-mail address without a display name. The zero value is no
// address.
type Address struct {
	Local  string // left of the @: as typed, in Unicode normal form C
	Domain string // right of the @: lower case, in Unicode, never in punycode
}

// AddressError says why a text is not an address we send to. Key is the
// translation key of the sentence for a person, Args its values.
type AddressError struct {
	Key  string
	Args map[string]any

	english string
}

func (e *AddressError) Error() string { return e.english }

// domains is idna.Lookup (UTS 46, non-transitional) with the length limits of
// the DNS, which Lookup leaves out.
var domains = idna.New(
	idna.MapForLookup(),
	idna.BidiRule(),
	idna.StrictDomainName(true),
	idna.VerifyDNSLength(true),
)

// ParseAddress reads one bare address: no display name, no brackets, no space
// around it. The error is an *AddressError.
func ParseAddress(s string) (Address, error) {
	local, domain, err := split(s)
	if err != nil {
		return Address{}, err
	}
	if err := checkLocal(local); err != nil {
		return Address{}, err
	}
	ascii, err := checkDomain(domain)
	if err != nil {
		return Address{}, err
	}
	local = norm.NFC.String(local)
	unicodeDomain := ascii
	if !plain(ascii) {
		if unicodeDomain, err = domains.ToUnicode(ascii); err != nil {
			return Address{}, badDomain(domain)
		}
	}
	// Either form may stand in the envelope, by what the server can.
	octets := len(local) + 1 + max(len(ascii), len(unicodeDomain))
	if len(local) > maxLocal {
		return Address{}, addressError("mail.address_local_long", "more than 64 octets before the @", "Max", maxLocal)
	}
	if octets > maxAddress {
		return Address{}, tooLong()
	}
	return Address{Local: local, Domain: unicodeDomain}, nil
}

// split cuts at the last @ and tells the usual slips apart, so that the person
// is told what to mend.
func split(s string) (local, domain string, err error) {
	if s == "" {
		return "", "", addressError("mail.address_empty", "empty address")
	}
	if len(s) > 4*maxAddress { // spares the work; any form of it is too long
		return "", "", tooLong()
	}
	if !utf8.ValidString(s) {
		return "", "", addressError("mail.address_encoding", "address is not UTF-8")
	}
	for _, r := range s {
		if r == ' ' || !unicode.IsPrint(r) {
			return "", "", badCharacter(r)
		}
	}
	if strings.ContainsAny(s, "<>") {
		return "", "", addressError("mail.address_name", "more than a bare address")
	}
	at := strings.LastIndexByte(s, '@')
	switch {
	case at < 0:
		return "", "", addressError("mail.address_no_at", "no @ in the address")
	case at == 0:
		return "", "", addressError("mail.address_local_empty", "nothing before the @")
	case at == len(s)-1:
		return "", "", addressError("mail.address_domain_empty", "nothing after the @")
	}
	return s[:at], s[at+1:], nil
}

// checkLocal admits a dot-atom of RFC 5322, 3.2.3, with the letters of every
// script (RFC 6531, 3.3).
func checkLocal(s string) error {
	if s[0] == '"' {
		return addressError("mail.address_quoted", "quoted local part")
	}
	if s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return addressError("mail.address_dots", "misplaced dot before the @")
	}
	for _, r := range s {
		if r < utf8.RuneSelf && r != '.' && !isAtext(byte(r)) {
			return badCharacter(r)
		}
	}
	return nil
}

// checkDomain answers the domain in punycode. A name without a dot is no
// address on the internet (RFC 5321, 2.3.5), only localhost is, for trying out.
func checkDomain(s string) (ascii string, err error) {
	if s[0] == '[' {
		return "", addressError("mail.address_literal", "address literal instead of a domain")
	}
	ascii = s
	if !plain(s) {
		ascii, err = domains.ToASCII(s)
	}
	if err != nil || strings.HasSuffix(ascii, ".") {
		return "", badDomain(s)
	}
	dot := strings.LastIndexByte(ascii, '.')
	if dot < 0 && ascii != "localhost" {
		return "", badDomain(s)
	}
	// A numeric top-level domain is an IPv4 address without its brackets.
	if strings.Trim(ascii[dot+1:], "0123456789") == "" {
		return "", addressError("mail.address_literal", "IP address instead of a domain")
	}
	return ascii, nil
}

// plain reports whether a domain is the same in every form: labels of ASCII's
// small letters and digits, none too long. Most are, and asking package idna
// about them costs more than the rest of an address.
func plain(domain string) bool {
	label := 0
	for i := range len(domain) {
		switch b := domain[i]; {
		case b == '.' && label > 0:
			label = 0
		case 'a' <= b && b <= 'z' || '0' <= b && b <= '9':
			label++
		default:
			return false
		}
		if label > 63 {
			return false
		}
	}
	return label > 0 && len(domain) <= 253
}

// IsZero reports whether a is no address.
func (a Address) IsZero() bool { return a == Address{} }

// String is the address as people write it, the domain in Unicode.
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	return a.Local + "@" + a.Domain
}

// ASCII is the address with its domain in punycode, which every server takes.
// It is false where the local part itself needs SMTPUTF8.
func (a Address) ASCII() (string, bool) {
	if a.IsZero() || a.NeedsUTF8() {
		return "", false
	}
	return a.Local + "@" + asciiDomain(a.Domain), true
}

// OnTheWire is the address as a server is told it: in ASCII where that is
// possible.
func (a Address) OnTheWire() string {
	if plain, ok := a.ASCII(); ok {
		return plain
	}
	return a.String()
}

// NeedsUTF8 reports whether only a server with SMTPUTF8 can take the address:
// its local part is not ASCII, and unlike a domain has no other form.
func (a Address) NeedsUTF8() bool { return !isASCII(a.Local) }

// Key is the address folded for uniqueness: case does not tell two recipients
// apart, nor does the way a domain is written. It is not for sending.
func (a Address) Key() string {
	if a.IsZero() {
		return ""
	}
	local := strings.ToLower(a.Local)
	if !isASCII(local) {
		local = norm.NFC.String(cases.Fold().String(a.Local))
	}
	return local + "@" + asciiDomain(a.Domain)
}

// asciiDomain is the domain in punycode; one that idna refuses stays as it is,
// for the address then did not come from ParseAddress.
func asciiDomain(s string) string {
	if isASCII(s) {
		return s
	}
	if ascii, err := domains.ToASCII(s); err == nil {
		return ascii
	}
	return s
}

func badCharacter(r rune) error {
	shown := string(r)
	switch {
	case r == ' ':
		shown = "␠"
	case !unicode.IsPrint(r):
		shown = fmt.Sprintf("U+%04X", r)
	}
	return addressError("mail.address_character", fmt.Sprintf("character %s in the address", shown), "Character", shown)
}

func tooLong() error {
	return addressError("mail.address_long", "address of more than 254 octets", "Max", maxAddress)
}

func badDomain(s string) error {
	return addressError("mail.address_domain", fmt.Sprintf("%q is no domain", s), "Domain", s)
}

func addressError(key, english string, args ...any) *AddressError {
	return &AddressError{Key: key, Args: pairs(args), english: "mail: " + english}
}

// pairs makes the arguments of a sentence from name, value, name, value.
func pairs(list []any) map[string]any {
	if len(list) == 0 {
		return nil
	}
	args := make(map[string]any, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		args[list[i].(string)] = list[i+1]
	}
	return args
}
