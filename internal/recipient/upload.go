package recipient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/queue"
)

// An uploaded file lies in the database in chunks of this many bytes.
const chunkSize = 256 << 10

const (
	// shift is how long a job works on an import before it lets others at
	// the queue, and how soon the work of a dead node is taken up again: its
	// job's timeout is a minute.
	shift = 45 * time.Second
	// stalled is how long an import may stand still before another job is
	// sent to look; if its worker lives, one of the two finds itself fenced.
	stalled = 30 * time.Second
	// abandoned is when an upload, or an import of another process's own
	// reader, is given up.
	abandoned = time.Hour
)

type importJob struct {
	ID int64 `json:"id"`
}

func (importJob) Kind() string { return "import" }

// Work registers the jobs of imports and changes with the queue that New was
// given, before it is opened: also in a process that only begins them.
func (r *Recipients) Work() {
	queue.Handle(r.queue, queue.Options{Lane: queue.Work, Timeout: time.Minute}, func(ctx context.Context, job importJob) error {
		return r.work(ctx, job.ID)
	})
	queue.Handle(r.queue, queue.Options{Lane: queue.Work, Timeout: time.Minute}, func(ctx context.Context, job changeJob) error {
		return r.change(ctx, job.ID)
	})
}

// Upload stores a file and enqueues its import. What can be told from its
// beginning (no header, no column of addresses) is an Invalid error at once,
// and more than ImportMax bytes are TooLarge; then nothing is kept. TooMany
// imports of one user are refused before anything is read.
func (r *Recipients) Upload(ctx context.Context, actor account.Actor, in io.Reader, o ImportOptions) (Import, error) {
	if err := r.throttle.Import(ctx, actor); err != nil {
		return Import{}, fmt.Errorf("upload: %w", err)
	}
	i, err := r.newImport(ctx, actor, 0, ImportUploading, o)
	if err != nil {
		return Import{}, fmt.Errorf("upload: %w", err)
	}
	if err := r.upload(ctx, i.ID, in); err != nil {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		return Import{}, fmt.Errorf("upload: %w", errors.Join(err, r.forget(ending, i.ID)))
	}
	return findImport(ctx, r.db.Read(), i.ID)
}

func (r *Recipients) upload(ctx context.Context, id int64, in io.Reader) error {
	limited := &limitReader{in: in, left: r.o.ImportMax, max: r.o.ImportMax}
	in, err := narrow(limited)
	if err != nil {
		return err
	}
	chunk := make([]byte, chunkSize)
	var size int64
	for number := int64(0); ; number++ {
		n, err := io.ReadFull(in, chunk)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		ended := err != nil
		if number == 0 {
			if _, err := readFront(chunk[:min(n, sampleSize)]); err != nil {
				return err
			}
		}
		size += int64(n)
		if err := r.storeChunk(ctx, id, number, chunk[:n], size, ended); err != nil || ended {
			return err
		}
	}
}

// storeChunk adds a chunk; with the last one the import is enqueued.
func (r *Recipients) storeChunk(ctx context.Context, id, number int64, data []byte, size int64, last bool) error {
	return r.db.Tx(ctx, func(tx db.Tx) error {
		state := ImportUploading
		if last {
			state = ImportQueued
		}
		n, err := tx.Exec(ctx, `UPDATE imports SET size = $2, state = $3, moved_at = $4 WHERE id = $1 AND state = 'uploading'`,
			id, size, string(state), db.At(tx.Now()))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "import.cancelled", nil)
		}
		if len(data) > 0 {
			if _, err := tx.Exec(ctx, `INSERT INTO import_chunks (import_id, number, data) VALUES ($1, $2, $3)`, id, number, data); err != nil {
				return err
			}
		}
		if !last {
			return nil
		}
		return r.queue.InsertTx(ctx, tx, importJob{id})
	})
}

// forget removes an import that never began.
func (r *Recipients) forget(ctx context.Context, id int64) error {
	if err := r.dropChunks(ctx, id); err != nil {
		return err
	}
	return r.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM imports WHERE id = $1 AND state = 'uploading'`, id)
		return err
	})
}

// limitReader fails with TooLarge where a stream has more than max bytes.
type limitReader struct {
	in        io.Reader
	left, max int64
}

func (l *limitReader) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	if l.left -= int64(n); l.max > 0 && l.left < 0 {
		return 0, fault.New(fault.TooLarge, "import.too_large", fault.Args{"Max": (l.max + 1<<20 - 1) >> 20})
	}
	return n, err
}

// work goes on with an import that was uploaded, for one shift.
func (r *Recipients) work(ctx context.Context, id int64) error {
	m, err := r.takeUp(ctx, id)
	if err == nil && m != nil {
		err = r.workShift(ctx, m)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
		return r.finish(ctx, id, ImportFailed, f)
	}
	if errors.Is(err, errSuperseded) {
		return nil
	}
	return err
}

func (r *Recipients) workShift(ctx context.Context, m *importer) error {
	for end := r.db.Now().Add(shift); ; {
		more, err := m.step(ctx)
		if err != nil {
			return err
		}
		if !more {
			return r.finish(ctx, m.ID, ImportDone, nil)
		}
		if r.db.Now().After(end) {
			return queue.Later(0)
		}
	}
}

// takeUp readies an import to go on where it is; nil if it has ended.
func (r *Recipients) takeUp(ctx context.Context, id int64) (*importer, error) {
	var i Import
	err := r.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE imports SET state = 'running', moved_at = $2 WHERE id = $1 AND state IN ('queued', 'running')`, id, db.At(tx.Now()))
		if err != nil {
			return err
		}
		i, err = findImport(ctx, tx, id)
		return err
	})
	if fault.Is(err, fault.NotFound) || err == nil && i.State != ImportRunning {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take import up: %w", err)
	}
	chunks := &chunkReader{ctx: ctx, q: r.db.Read(), id: id, size: i.Size}
	head, err := chunks.read(0)
	if err != nil {
		return nil, err
	}
	f, err := readFront(head[:min(len(head), sampleSize)])
	if err != nil {
		return nil, err
	}
	chunks.position = max(i.Position, f.position)
	return r.newImporter(i, f, chunks), nil
}

// chunkReader reads an uploaded file from position on.
type chunkReader struct {
	ctx      context.Context //nolint:containedctx // an io.Reader for one job
	q        db.Q
	id       int64
	size     int64
	position int64
	rest     []byte // of the chunk at position
}

func (c *chunkReader) Read(p []byte) (int, error) {
	if c.position >= c.size {
		return 0, io.EOF
	}
	if len(c.rest) == 0 {
		data, err := c.read(c.position / chunkSize)
		if err != nil {
			return 0, err
		}
		if c.rest = data[min(int(c.position%chunkSize), len(data)):]; len(c.rest) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
	}
	n := copy(p, c.rest)
	c.rest, c.position = c.rest[n:], c.position+int64(n)
	return n, nil
}

// read reads a chunk. One that is gone was read by another importer, or the
// import was cancelled.
func (c *chunkReader) read(number int64) (data []byte, err error) {
	err = c.q.QueryRow(c.ctx, `SELECT data FROM import_chunks WHERE import_id = $1 AND number = $2`, c.id, number).Scan(&data)
	if errors.Is(err, db.ErrNoRows) {
		return nil, errSuperseded
	}
	return data, err
}

// SweepImports sends a job to imports that stand still, because their node
// died, and gives up those that nobody can go on with. Every node may call it
// every few seconds: where nothing is amiss it only reads.
func (r *Recipients) SweepImports(ctx context.Context) error {
	now := r.db.Now()
	for _, s := range []struct {
		query string
		since time.Duration
		mend  func(context.Context, int64) error
	}{
		{`SELECT id FROM imports WHERE finished_at = 0 AND state IN ('queued', 'running') AND moved_at < $1
			AND EXISTS (SELECT 1 FROM import_chunks c WHERE c.import_id = imports.id)`, stalled, r.revive},
		{`SELECT id FROM imports WHERE finished_at = 0 AND moved_at < $1`, abandoned, func(ctx context.Context, id int64) error {
			return r.finish(ctx, id, ImportFailed, fault.New(fault.Internal, "import.interrupted", nil))
		}},
		{`SELECT DISTINCT c.import_id FROM import_chunks c JOIN imports i ON i.id = c.import_id
			WHERE i.finished_at > 0 AND i.finished_at < $1`, stalled, r.dropChunks},
	} {
		ids, err := readIDs(ctx, r.db.Read(), s.query, db.At(now.Add(-s.since)))
		for _, id := range ids {
			err = errors.Join(err, s.mend(ctx, id))
		}
		if err != nil {
			return fmt.Errorf("sweep imports: %w", err)
		}
	}
	return nil
}

// revive sends a job to an import, unless somebody was faster.
func (r *Recipients) revive(ctx context.Context, id int64) error {
	return r.db.Tx(ctx, func(tx db.Tx) error {
		now := tx.Now()
		n, err := tx.Exec(ctx, `UPDATE imports SET moved_at = $2 WHERE id = $1 AND finished_at = 0 AND moved_at < $3`,
			id, db.At(now), db.At(now.Add(-stalled)))
		if err != nil || n == 0 {
			return err
		}
		return r.queue.InsertTx(ctx, tx, importJob{id})
	})
}

func readIDs(ctx context.Context, q db.Q, query string, args ...any) ([]int64, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
