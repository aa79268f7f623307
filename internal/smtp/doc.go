// Package smtp hands messages to a mail server: a client connection that
// pipelines across messages, and a bounded pool of such connections. It knows
// nothing of mailings; its promise is that after every call the caller knows
// whether the server has the message, has refused it (at which stage, with
// which code, in which words), or whether nobody can know.
//
// # The way of a message
//
//  1. [Dial] connects, over TLS from the first byte for [TLSImplicit], and
//     reads the greeting (RFC 5321 3.1).
//  2. It sends EHLO, or HELO where EHLO is refused (RFC 5321 3.2, 4.1.1.1).
//  3. It sends STARTTLS where offered, throws the session away if plain text
//     was smuggled in behind the answer, and sends EHLO again (RFC 3207 4.2).
//  4. It logs in by AUTH PLAIN or LOGIN (RFC 4954), never in the clear except
//     to this machine. All of this belongs to the server, not to a recipient:
//     see [Stage.BeforeMail].
//  5. [Conn.Offer] sends MAIL with SIZE, BODY and SMTPUTF8 (RFC 1870, 6152,
//     6531), RCPT and DATA, in one flight where PIPELINING is offered, and
//     reads the three answers. After a refusal the connection is clean: a 354
//     that no recipient stands behind is ended by a lone dot (RFC 2920 3.1),
//     an open transaction by RSET at the head of the next flight.
//  6. The caller durably marks the message as leaving.
//  7. [Conn.Deliver] writes the content with line ends made CRLF and dots
//     doubled (RFC 5321 2.3.8, 4.5.2), so that nothing inside it can pass for
//     the end of data. Then the final dot leaves, in the last write of all,
//     and in the same flight MAIL, RCPT and DATA of the next message: the
//     content may be the first "command" of a group (RFC 2920 3.1). A process
//     that dies before has sent no whole message.
//  8. It reads the answer to the dot, and then those to the next offer: with
//     the group commit of the caller in between, one round trip per message.
//  9. [Conn.Close] sends QUIT and waits a little for the answer
//     (RFC 5321 4.1.1.10).
//
// # Failure
//
// Every failure is an [*Error]. A reply is kept as it came: code, enhanced
// code (RFC 2034, 3463), words. 421 at any stage means that the server closes
// the channel (RFC 5321 3.8); it is returned as the reply of its stage, and
// the connection is done with. No reply at all is a network error: before the
// final dot the message surely did not leave, behind it ([Error.AfterDot])
// nobody knows (RFC 1047). An answer that is no SMTP, or that nobody asked for,
// counts as no reply.
package smtp
