// Package mail turns addresses, headers and texts into the bytes of a message,
// and the bytes of a message back into what a person reads. Bytes in, bytes
// out: it knows no network, no clock and no database.
//
// # Addresses
//
// [ParseAddress] takes exactly one bare address, as RFC 5321 and RFC 6531 know
// it: a dot-atom local part, in any script, and a domain name. What the RFCs
// allow and nobody has (quoted local parts, address literals, host names
// without a dot) is refused, each with its own sentence, because in a list of
// recipients it is a slip of the pen. Two addresses are the same recipient
// where [Address.Key] is the same.
//
// # Composing
//
// [Append] writes a whole message straight into the caller's buffer. It is the
// hot path of a mailing, so there is no tree of parts and no writer chain: the
// texts are surveyed once, then written once, and a buffer that is used again
// makes composing free of allocations.
//
//   - A value with CR, LF or NUL in it is refused and never repaired: whoever
//     typed it learns of it, and no header can be smuggled in.
//   - Non-ASCII subjects and names become encoded-words (RFC 2047), also where
//     the server would take raw UTF-8 (RFC 6532): every reader knows them.
//   - Only an address may need SMTPUTF8. Raw UTF-8 addresses are written under
//     [Caps.UTF8] alone; otherwise a domain is written in punycode, and a local
//     part that is not ASCII is an error.
//   - A text leaves as 7bit if it is ASCII, as 8bit if the server takes that,
//     and as base64 otherwise or where a line is longer than 998 octets
//     (RFC 5322, 2.1.1). Quoted-printable is never used: for Cyrillic it is
//     larger and three times slower.
//   - Line ends are made CRLF, whatever they were.
//
// Equal messages give equal bytes; the boundary derives from the Message-ID.
// Dot-stuffing belongs to the transport and is not done here.
//
// # Reading
//
// [Read] is for the sandbox inbox and shows whatever can be read; a broken
// message is a partial result beside an error, not nothing.
package mail
