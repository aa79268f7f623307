package recipient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// Policy says what an import does with an address that is there already, be
// it from before or from an earlier row of the same file.
type Policy string

const (
	// PolicyUpdate lays the row's cells over the recipient: a column that is
	// not in the file, and an empty cell, change nothing; tags are added.
	PolicyUpdate Policy = "update"
	// PolicySkip leaves the recipient alone.
	PolicySkip Policy = "skip"
)

// ImportState is how far an import is.
type ImportState string

// An import that was cancelled has failed, with the key "import.cancelled".
const (
	ImportUploading ImportState = "uploading"
	ImportQueued    ImportState = "queued"
	ImportRunning   ImportState = "running"
	ImportDone      ImportState = "done"
	ImportFailed    ImportState = "failed" // what was imported before stays
)

// ImportOptions are the choices of who imports.
type ImportOptions struct {
	Name   string   // of the file, for the person
	Policy Policy   // empty: PolicyUpdate
	Tags   []string // given to every row
}

// Progress of an import. Rows = Created + Updated + Skipped + Rejected.
type Progress struct {
	Size     int64 // bytes of the file; 0: not known
	Position int64 // bytes done
	Rows     int64 // data rows done
	Created  int64
	Updated  int64
	Skipped  int64 // there already, by PolicySkip
	Rejected int64 // see ImportErrors
}

// Import is the report of an import.
type Import struct {
	ID        int64
	UserID    int64
	Name      string
	Policy    Policy
	Tags      []string
	State     ImportState
	ErrorKey  string // why it failed as a whole: a translation key
	ErrorArgs fault.Args
	Progress
	CreatedAt  time.Time
	FinishedAt time.Time // zero while it goes on

	line int64 // of the file, done
}

// ImportError is why a row was rejected: one of its failing fields.
type ImportError struct {
	Line  int64  // in the file, from 1
	Field string // as in Draft's JSON; empty: the row as a whole
	Value string // what stood there, cut to 200 characters
	Key   string // translation key
	Args  fault.Args
}

// maxImportErrors bounds what is kept of a file of nonsense; Rejected counts
// on.
const maxImportErrors = 10_000

const importColumns = `id, user_id, name, policy, tags, state, error_key, error_args,
	size, position, line, rows, created, updated, skipped, rejected, created_at, finished_at`

func scanImport(row db.Row) (Import, error) {
	var i Import
	var tags, args string
	var createdAt, finishedAt db.Time
	err := row.Scan(&i.ID, &i.UserID, &i.Name, &i.Policy, &tags, &i.State, &i.ErrorKey, &args,
		&i.Size, &i.Position, &i.line, &i.Rows, &i.Created, &i.Updated, &i.Skipped, &i.Rejected, &createdAt, &finishedAt)
	if errors.Is(err, db.ErrNoRows) {
		return Import{}, fault.Missing()
	}
	if err != nil {
		return Import{}, err
	}
	i.CreatedAt, i.FinishedAt = createdAt.Time(), finishedAt.Time()
	return i, errors.Join(json.Unmarshal([]byte(tags), &i.Tags), json.Unmarshal([]byte(args), &i.ErrorArgs))
}

func findImport(ctx context.Context, q db.Q, id int64) (Import, error) {
	return scanImport(q.QueryRow(ctx, `SELECT `+importColumns+` FROM imports WHERE id = $1`, id))
}

// Import is one import of the actor's.
func (r *Recipients) Import(ctx context.Context, actor account.Actor, id int64) (Import, error) {
	i, err := findImport(ctx, r.db.Read(), id)
	if err == nil {
		err = may(actor, account.RecipientView, i.UserID)
	}
	if err != nil {
		return Import{}, fmt.Errorf("get import: %w", err)
	}
	return i, nil
}

// Imports is a page of the actor's imports, the newest first, as List pages.
func (r *Recipients) Imports(ctx context.Context, actor account.Actor, after int64, limit int) (list []Import, next int64, err error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, MaxLimit)
	rows, err := r.db.Read().Query(ctx, `SELECT `+importColumns+` FROM imports
		WHERE user_id = $1 AND ($2 = 0 OR id < $2) ORDER BY id DESC LIMIT $3`, actor.ID, after, limit+1)
	if err != nil {
		return nil, 0, fmt.Errorf("list imports: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		i, err := scanImport(rows)
		if err != nil {
			return nil, 0, fmt.Errorf("list imports: %w", err)
		}
		list = append(list, i)
	}
	if len(list) > limit {
		list, next = list[:limit], list[limit-1].ID
	}
	return list, next, rows.Err()
}

// ImportErrors is a page of what was rejected, in the order of the file. next
// is the after of the next page, or empty at the end.
func (r *Recipients) ImportErrors(ctx context.Context, actor account.Actor, id int64, after string, limit int) (list []ImportError, next string, err error) {
	if _, err := r.Import(ctx, actor, id); err != nil {
		return nil, "", err
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, MaxLimit)
	line, field := parseErrorCursor(after)
	rows, err := r.db.Read().Query(ctx, `SELECT line, field, value, error_key, args FROM import_errors
		WHERE import_id = $1 AND (line > $2 OR line = $2 AND field > $3) ORDER BY line, field LIMIT $4`, id, line, field, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list import errors: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e ImportError
		var args string
		if err := rows.Scan(&e.Line, &e.Field, &e.Value, &e.Key, &args); err != nil {
			return nil, "", fmt.Errorf("list import errors: %w", err)
		}
		if err := json.Unmarshal([]byte(args), &e.Args); err != nil {
			return nil, "", fmt.Errorf("list import errors: %w", err)
		}
		list = append(list, e)
	}
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		next = fmt.Sprintf("%d.%s", last.Line, last.Field)
	}
	return list, next, rows.Err()
}

// parseErrorCursor reads "LINE.FIELD"; what is none begins at the start.
func parseErrorCursor(after string) (line int64, field string) {
	number, field, _ := strings.Cut(after, ".")
	line, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, ""
	}
	return line, field
}

// newImport checks the options and records the import.
func (r *Recipients) newImport(ctx context.Context, actor account.Actor, size int64, state ImportState, o ImportOptions) (Import, error) {
	var fields fault.Fields
	name := line(&fields, "name", o.Name, MaxName)
	tags := checkTags(&fields, "tags", o.Tags)
	if o.Policy == "" {
		o.Policy = PolicyUpdate
	}
	if o.Policy != PolicyUpdate && o.Policy != PolicySkip {
		fields.Add("policy", "error.choice", nil)
	}
	if err := fields.Err(); err != nil {
		return Import{}, err
	}
	encoded, err := json.Marshal(append([]string{}, tags...))
	if err != nil {
		return Import{}, err
	}
	var made Import
	err = r.db.Tx(ctx, func(tx db.Tx) error {
		made, err = scanImport(tx.QueryRow(ctx, `INSERT INTO imports (user_id, name, policy, tags, state, size, created_at, moved_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING `+importColumns,
			actor.ID, name, string(o.Policy), string(encoded), string(state), size, db.At(tx.Now())))
		return err
	})
	return made, err
}

// finish ends an import that goes on, as done or, with a fault, as failed;
// what is left of the file is deleted. An import that somebody else ended
// stays as it is.
func (r *Recipients) finish(ctx context.Context, id int64, state ImportState, f *fault.Error) error {
	key, args, err := encodeFault(f)
	if err != nil {
		return fmt.Errorf("end import: %w", err)
	}
	err = r.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE imports SET state = $2, error_key = $3, error_args = $4, finished_at = $5
			WHERE id = $1 AND finished_at = 0`, id, string(state), key, args, db.At(tx.Now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("end import: %w", err)
	}
	return r.dropChunks(ctx, id)
}

// encodeFault is how it stands in a row why something ended early; nil: it did
// not.
func encodeFault(f *fault.Error) (key, args string, err error) {
	if f == nil {
		return "", "{}", nil
	}
	if f.Args == nil {
		return f.Key, "{}", nil
	}
	encoded, err := json.Marshal(f.Args)
	return f.Key, string(encoded), err
}

// CancelImport stops an import that goes on; what was imported stays.
func (r *Recipients) CancelImport(ctx context.Context, actor account.Actor, id int64) error {
	i, err := r.Import(ctx, actor, id)
	if err == nil {
		err = may(actor, account.RecipientEdit, i.UserID)
	}
	if err != nil {
		return err
	}
	if !i.FinishedAt.IsZero() {
		return fault.New(fault.Conflict, "import.finished", nil)
	}
	return r.finish(ctx, id, ImportFailed, fault.New(fault.Conflict, "import.cancelled", nil))
}

// dropChunks deletes what is left of a finished import's file, a little at a
// time: freeing the pages of a large one would hold the database up.
func (r *Recipients) dropChunks(ctx context.Context, id int64) error {
	const perTx = 16
	for {
		var n int64
		err := r.db.Tx(ctx, func(tx db.Tx) (err error) {
			n, err = tx.Exec(ctx, `DELETE FROM import_chunks WHERE import_id = $1 AND number IN
				(SELECT number FROM import_chunks WHERE import_id = $1 ORDER BY number LIMIT $2)`, id, perTx)
			return err
		})
		if err != nil {
			return fmt.Errorf("delete uploaded file: %w", err)
		}
		if n < perTx {
			return nil
		}
	}
}
