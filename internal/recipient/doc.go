// Package recipient keeps those who get mail: their addresses, tags and
// attributes, and whether they want mail at all.
//
// # Consent
//
// A recipient is active, or has unsubscribed, or is suppressed by the owner.
// Who unsubscribed stays so: neither an edit nor an import brings them back,
// only [Recipients.Resubscribe], which the owner has to ask for by name. It
// outlives deletion: a keyed hash of the address stays behind, and whoever is
// created or imported under it comes back as unsubscribed.
//
// An unsubscribe link is signed, not stored ([Recipients.UnsubscribeToken]),
// and never expires. Following it changes the status and takes the recipient
// out of everything planned in one transaction: after its commit nothing more
// leaves than what is already on its way.
//
// # Counts
//
// recipient_counts and tags.recipients change in the same transactions as the
// rows that they count, so they are always exact; [Recipients.RebuildCounts]
// makes them anew from the rows. Every transaction that changes recipients
// locks them first, in ascending order, and the counters last.
//
// # Changes
//
// What is done to more recipients than one waits for is a [Change]: it goes
// through the ids from the highest down, and each of its transactions also
// writes how far it is, from where this worker believes it to be. So it goes on
// where its node died, and of two that work it at once only one gets anywhere.
//
// # Import
//
// A file is read as a stream, however large it is:
//
//  1. The front finds out the encoding (UTF-8, Windows-1251, Windows-1252,
//     UTF-16 with a byte order mark), the separator and the columns.
//  2. The scanner cuts records out of the raw bytes, so that a position in the
//     file is exact. A broken record costs only itself: reading goes on behind
//     its first line.
//  3. Each row is checked as a form would be; what fails is reported with its
//     line, field and value.
//  4. Several hundred rows travel in one transaction, which also moves the
//     import's position from where this reader believes it to be. So a repeated
//     import goes on behind the last row that was committed, and of two that
//     run at once only one gets anywhere.
//
// An uploaded file lies in the database in chunks, so that any node can work
// it, and is deleted as it is read.
package recipient
