package recipient

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// How much travels in one transaction: some 10 ms of work on SQLite. Rows that
// are rejected are held as they stood, so their bytes count too.
const (
	rowsPerTx  = 500
	bytesPerTx = 1 << 20
)

// errSuperseded says that the work is no longer where this worker left it:
// somebody else went on with it, or ended it.
var errSuperseded = errors.New("superseded")

// ImportReader imports a file in this process. size is the file's, for
// progress, or 0; progress may be nil. The import's report is on record like
// every other, also where this fails; the error is then why. Rejected rows
// are no error.
func (r *Recipients) ImportReader(ctx context.Context, actor account.Actor, in io.Reader, size int64, o ImportOptions, progress func(Progress)) (Import, error) {
	i, err := r.newImport(ctx, actor, size, ImportRunning, o)
	if err != nil {
		return Import{}, fmt.Errorf("import: %w", err)
	}
	err = r.importReader(ctx, i, in, progress)
	if errors.Is(err, errSuperseded) {
		err = fault.New(fault.Conflict, "import.cancelled", nil)
	}
	// The end is recorded even if ctx has ended.
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err == nil {
		err = r.finish(ending, i.ID, ImportDone, nil)
	} else if failed := r.finish(ending, i.ID, ImportFailed, whole(err)); failed != nil {
		err = errors.Join(err, failed)
	}
	if err != nil {
		return i, fmt.Errorf("import: %w", err)
	}
	return findImport(ending, r.db.Read(), i.ID)
}

// whole is the sentence for an import that failed as a whole.
func whole(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return fault.Because(err, fault.Internal, "import.interrupted", nil)
}

func (r *Recipients) importReader(ctx context.Context, i Import, in io.Reader, progress func(Progress)) error {
	in, err := narrow(in)
	if err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	buffered := bufio.NewReaderSize(in, sampleSize)
	sample, err := buffered.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read file: %w", err)
	}
	f, err := readFront(sample)
	if err != nil {
		return err
	}
	if _, err := buffered.Discard(int(f.position)); err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	m := r.newImporter(i, f, buffered)
	for more := true; more; {
		if more, err = m.step(ctx); err != nil {
			return err
		}
		if progress != nil {
			progress(m.Progress)
		}
	}
	return nil
}

// importer works one import, a transaction at a time.
type importer struct {
	*Recipients
	Import
	scanner *scanner
	rows    *rows
	tags    map[string]int64 // ids of tags that are committed, by key
}

// newImporter reads in, which begins at the import's position, or behind the
// header where it has none yet.
func (r *Recipients) newImporter(i Import, f front, in io.Reader) *importer {
	position, line := i.Position, i.line
	if position == 0 {
		position, line = f.position, f.line
	}
	return &importer{
		Recipients: r,
		Import:     i,
		scanner:    newScanner(in, f.comma, f.charset, position, line),
		rows:       newRows(f.columns, i.Tags),
		tags:       map[string]int64{},
	}
}

// step imports the next rows; more is false at the end of the file. The error
// is errSuperseded where the import is no longer this importer's.
func (m *importer) step(ctx context.Context) (more bool, err error) {
	b, more, err := m.gather()
	if err != nil {
		return false, fmt.Errorf("read file: %w", err)
	}
	var o outcome
	err = m.db.Tx(ctx, func(tx db.Tx) error {
		o, err = m.applyTx(ctx, tx, b)
		return err
	})
	if err != nil {
		return false, err
	}
	m.Progress = o.Progress
	m.line = m.scanner.line
	maps.Copy(m.tags, o.tags)
	return more, nil
}

// batch is the rows of one transaction.
type batch struct {
	list     []*row // each address once, in the order of the file
	handled  int64
	skipped  int64
	rejected []rejection
}

// row is an entry of the file; later rows with its address lie over it.
type row struct {
	entry
	line int64
	over int64 // how many later rows
}

// rejection is a row that is not imported.
type rejection struct {
	line   int64
	fields fault.Fields
	value  func(field string) string
}

// gather reads rows for one transaction.
func (m *importer) gather() (b batch, more bool, err error) {
	keys := make(map[string]*row, rowsPerTx)
	for from := m.scanner.position; b.handled < rowsPerTx && m.scanner.position-from < bytesPerTx; {
		rec, err := m.scanner.next()
		if errors.Is(err, io.EOF) {
			return b, false, nil
		}
		if broken, ok := errors.AsType[*rowError](err); ok {
			b.handled++
			b.reject(broken.line, fault.Fields{broken.Field}, func(string) string { return broken.value })
			continue
		}
		if err != nil {
			return b, false, err
		}
		if blank(rec.cells) {
			continue
		}
		b.handled++
		e, fields := m.rows.entry(rec.cells)
		if m.swallowed(len(fields) > 0) {
			m.scanner.reread()
			fields = fault.Fields{{Key: "import.quote"}}
		}
		if len(fields) > 0 {
			b.reject(rec.line, fields, func(field string) string { return m.rows.cell(rec.cells, field) })
			continue
		}
		m.admit(&b, keys, &row{entry: e, line: rec.line})
	}
	return b, true, nil
}

// swallowed says that a stray quote drew the rows below into the record that
// was just read: its second line is by itself a row of as many cells. A record
// in which nothing else is wrong may have a comment like that, so there the
// line has to have an address in its place, too.
func (m *importer) swallowed(failed bool) bool {
	second := m.scanner.second()
	return len(second) == len(m.rows.columns) && (failed || m.rows.addressed(second))
}

// admit adds a row, or lays it over the one with its address.
func (m *importer) admit(b *batch, keys map[string]*row, n *row) {
	first := keys[n.key]
	if first == nil {
		keys[n.key] = n
		b.list = append(b.list, n)
		return
	}
	if m.Policy == PolicySkip {
		b.skipped++
		return
	}
	both, fields := overlay(first.entry, n.entry)
	if len(fields) > 0 {
		b.reject(n.line, fields, func(string) string { return n.email })
		return
	}
	first.entry = both
	first.over++
}

func (b *batch) reject(line int64, fields fault.Fields, value func(string) string) {
	b.rejected = append(b.rejected, rejection{line, fields, value})
}

// overlay lays a row over what is there: what the row says nothing of stays.
func overlay(base, over entry) (entry, fault.Fields) {
	var fields fault.Fields
	if over.refused != "" {
		base.refused = over.refused
	}
	for _, f := range []struct{ old, now *string }{
		{&base.name, &over.name},
		{&base.comment, &over.comment},
		{&base.zone, &over.zone},
		{&base.locale, &over.locale},
	} {
		if *f.now != "" {
			*f.old = *f.now
		}
	}
	if base.tags = union(base.tags, over.tags); len(base.tags) > MaxTags {
		fields.Add("tags", "recipient.tags_many", fault.Args{"Max": MaxTags})
	}
	if over.attributes == "{}" || over.attributes == base.attributes {
		return base, fields
	}
	var attributes map[string]any
	for _, encoded := range []string{base.attributes, over.attributes} {
		some, err := decodeAttributes(encoded)
		if err != nil {
			fields.Add("attributes", "recipient.attribute_value", fault.Args{"Key": ""})
			return base, fields
		}
		if attributes == nil {
			attributes = some
		}
		maps.Copy(attributes, some)
	}
	base.attributes = checkAttributes(&fields, attributes)
	return base, fields
}

// outcome is what a transaction did.
type outcome struct {
	Progress
	tags   map[string]int64 // ids of its tags, by key
	active int64            // of those created
	errors []rejection
}

// applyTx writes a batch and moves the import on. It changes nothing but
// through tx, for it may have to run again.
func (m *importer) applyTx(ctx context.Context, tx db.Tx, b batch) (outcome, error) {
	o := outcome{Progress: m.Progress, errors: b.rejected}
	o.Position = m.scanner.position
	o.Rows += b.handled
	o.Skipped += b.skipped
	if err := m.fenceTx(ctx, tx, o.Progress); err != nil {
		return o, err
	}
	if err := m.rowsTx(ctx, tx, b.list, &o); err != nil {
		return o, err
	}
	if err := m.errorsTx(ctx, tx, &o); err != nil {
		return o, err
	}
	_, err := tx.Exec(ctx, `UPDATE imports SET created = $2, updated = $3, skipped = $4, rejected = $5 WHERE id = $1`,
		m.ID, o.Created, o.Updated, o.Skipped, o.Rejected)
	if err != nil {
		return o, err
	}
	return o, countTx(ctx, tx, m.UserID, o.Created-m.Created, o.active)
}

// fenceTx moves the import's position from where this importer believes it to
// be. It comes first: on PostgreSQL a second importer waits here, and then
// finds the position gone. The chunks that were read are deleted on the way.
func (m *importer) fenceTx(ctx context.Context, tx db.Tx, p Progress) error {
	n, err := tx.Exec(ctx, `UPDATE imports SET position = $3, line = $4, rows = $5, moved_at = $6
		WHERE id = $1 AND position = $2 AND rows = $7 AND state = 'running'`,
		m.ID, m.Position, p.Position, m.scanner.line, p.Rows, db.At(tx.Now()), m.Rows)
	if err != nil {
		return err
	}
	if n == 0 {
		return errSuperseded
	}
	if p.Position/chunkSize > m.Position/chunkSize {
		// The first chunk has the header, which whoever goes on needs.
		_, err = tx.Exec(ctx, `DELETE FROM import_chunks WHERE import_id = $1 AND number > 0 AND number < $2`, m.ID, p.Position/chunkSize)
	}
	return err
}

// rowsTx inserts what is new and merges what is there.
func (m *importer) rowsTx(ctx context.Context, tx db.Tx, pending []*row, o *outcome) error {
	tagged := map[int64][]string{}
	for try := 0; len(pending) > 0; try++ {
		if try == 3 {
			return errors.New("addresses come and go")
		}
		entries := make([]*entry, len(pending))
		for i, n := range pending {
			entries[i] = &n.entry
		}
		ids, status, err := m.insertTx(ctx, tx, m.UserID, entries)
		if err != nil {
			return err
		}
		var there []*row
		for _, n := range pending {
			id, created := ids[n.key]
			if !created {
				there = append(there, n)
				continue
			}
			o.Created++
			o.Updated += n.over
			o.active += one(status[n.key] == Active)
			tagged[id] = n.tags
		}
		// Empty but where somebody deletes one at this very moment.
		if pending, err = m.thereTx(ctx, tx, there, tagged, o); err != nil {
			return err
		}
	}
	return m.tagTx(ctx, tx, tagged, o)
}

// thereTx does what the policy says with addresses that are there already, and
// answers those that are no longer.
func (m *importer) thereTx(ctx context.Context, tx db.Tx, list []*row, tagged map[int64][]string, o *outcome) (gone []*row, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	if m.Policy == PolicySkip {
		o.Skipped += int64(len(list))
		return nil, nil
	}
	existing, err := m.existingTx(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	var changes []merged
	for _, n := range list {
		before, ok := existing[n.key]
		if !ok {
			gone = append(gone, n)
			continue
		}
		after, fields := overlay(before.entry, n.entry)
		if len(fields) > 0 {
			o.errors = append(o.errors, rejection{n.line, fields, func(string) string { return n.email }})
			o.Rejected += n.over // one of them is counted with the errors
			continue
		}
		o.Updated += 1 + n.over
		tagged[before.id] = after.tags[len(before.tags):]
		if !after.equal(before.entry) {
			changes = append(changes, merged{id: before.id, entry: after})
		}
		if after.refused != "" && before.status == Active {
			if err := m.changeStatusTx(ctx, tx, held{before.id, m.UserID, n.key, Active}, after.refused, 0); err != nil {
				return nil, err
			}
		}
	}
	if len(changes) == 0 {
		return gone, nil
	}
	return gone, bulkOf(tx).mergeTx(ctx, tx, changes)
}

// equal compares the columns that an import may change.
func (e *entry) equal(o entry) bool {
	return e.name == o.name && e.comment == o.comment && e.zone == o.zone && e.locale == o.locale && e.attributes == o.attributes
}

// existingTx holds the recipients of the rows' addresses, by key, with tags.
func (m *importer) existingTx(ctx context.Context, tx db.Tx, list []*row) (map[string]*merged, error) {
	keys := make([]string, len(list))
	tags := false
	for i, n := range list {
		keys[i] = n.key
		tags = tags || len(n.tags) > 0
	}
	query := `SELECT id, email, email_key, name, comment, attributes, time_zone, locale, status
		FROM recipients WHERE user_id = $1 AND email_key = ANY($2)`
	if tx.Dialect() == db.Postgres {
		query += ` ORDER BY id FOR UPDATE` // asked for an order, SQLite would walk all of the user's
	}
	rows, err := tx.Query(ctx, query, m.UserID, keys)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string]*merged, len(list))
	byID := make(map[int64]*merged, len(list))
	var ids []int64
	for rows.Next() {
		var e merged
		if err := rows.Scan(&e.id, &e.email, &e.key, &e.name, &e.comment, &e.attributes, &e.zone, &e.locale, &e.status); err != nil {
			return nil, err
		}
		found[e.key], byID[e.id] = &e, &e
		ids = append(ids, e.id)
	}
	rows.Close()
	if rows.Err() != nil || !tags {
		return found, rows.Err()
	}
	bears := make([]Recipient, len(ids))
	for i, id := range ids {
		bears[i].ID = id
	}
	err = withTags(ctx, tx, bears)
	for i := range bears {
		byID[bears[i].ID].tags = bears[i].Tags
	}
	return found, err
}

// tagTx gives recipients the tags that they don't have yet.
func (m *importer) tagTx(ctx context.Context, tx db.Tx, tagged map[int64][]string, o *outcome) error {
	o.tags = map[string]int64{}
	var unknown []string
	for _, names := range tagged {
		for _, name := range names {
			key := db.Fold(name)
			if _, asked := o.tags[key]; m.tags[key] == 0 && !asked {
				o.tags[key] = 0
				unknown = append(unknown, name)
			}
		}
	}
	if len(unknown) > 0 {
		var err error
		if o.tags, err = tagIDsTx(ctx, tx, m.UserID, unknown); err != nil {
			return err
		}
	}
	var list []tagging
	for id, names := range tagged {
		for _, name := range names {
			key := db.Fold(name)
			list = append(list, tagging{m.tags[key] + o.tags[key], id}) // one of the two is 0
		}
	}
	return addTagsTx(ctx, tx, list)
}

// errorsTx records why rows are rejected.
func (m *importer) errorsTx(ctx context.Context, tx db.Tx, o *outcome) error {
	for _, e := range o.errors {
		o.Rejected++
		if o.Rejected > maxImportErrors {
			continue
		}
		for _, f := range e.fields {
			args := []byte("{}")
			if f.Args != nil {
				var err error
				if args, err = json.Marshal(f.Args); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, `INSERT INTO import_errors (import_id, line, field, value, error_key, args)
				VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, m.ID, e.line, f.Name, cut(e.value(f.Name)), f.Key, string(args))
			if err != nil {
				return err
			}
		}
	}
	return nil
}
