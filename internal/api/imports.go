package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"gonets/internal/httpd"
	"gonets/internal/recipient"
)

// Import is the report of an import.
type Import struct {
	ID         string        `json:"id"`
	State      string        `json:"state" enum:"uploading,queued,running,done,failed"`
	Error      Null[Reason]  `json:"error" doc:"Why it failed as a whole."`
	Size       int64         `json:"size" doc:"Bytes of the file."`
	Position   int64         `json:"position" doc:"Bytes done."`
	Rows       int64         `json:"rows" doc:"Rows done: created + updated + skipped + rejected."`
	Created    int64         `json:"created"`
	Updated    int64         `json:"updated"`
	Skipped    int64         `json:"skipped" doc:"There already (policy=skip)."`
	Rejected   int64         `json:"rejected"`
	Errors     []ImportError `json:"errors" nullable:"false" doc:"A page of what was rejected, in the order of the file."`
	Next       string        `json:"next" doc:"The after of the next page of errors; empty: there is none."`
	CreatedAt  time.Time     `json:"created_at"`
	FinishedAt *time.Time    `json:"finished_at"`
}

// Reason is why something is as it is.
type Reason struct {
	Message string `json:"message" doc:"In the caller's language."`
	Key     string `json:"key" doc:"The same for machines."`
}

// ImportError is one failing field of a rejected row.
type ImportError struct {
	Line    int64  `json:"line" doc:"In the file, from 1."`
	Field   string `json:"field" doc:"Empty: the row as a whole."`
	Value   string `json:"value" doc:"What stood there, cut to 200 characters."`
	Message string `json:"message" doc:"The reason, in the caller's language."`
	Key     string `json:"key" doc:"The same for machines."`
}

// Accepted names what goes on in the background.
type Accepted struct {
	ID string `json:"id"`
}

// upload is what an import is asked. The body is read while it is stored, and
// is at no time in memory as a whole.
type upload struct {
	Policy string   `query:"policy" enum:"update,skip" default:"update" doc:"What becomes of an address that is there already."`
	Tags   []string `query:"tags" doc:"Given to every row." nullable:"false"`

	in  io.Reader
	err error
}

// Resolve takes the body; huma calls it.
func (u *upload) Resolve(ctx huma.Context) []error {
	r, w := humachi.Unwrap(ctx)
	u.err = expectType(r, "text/csv")
	u.in = httpd.Upload(w, r)
	return nil
}

func (u *upload) fault() error { return u.err }

func (*upload) describe(huma.Registry, []string) *huma.RequestBody {
	return &huma.RequestBody{
		Description: "A header row (email, name, comment, tags, time_zone, locale; anything else is an attribute), then one recipient a row.",
		Required:    true,
		Content:     map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}

type importPage struct {
	ByID

	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many errors at most."`
	After string `query:"after" doc:"The next of the page of errors before."`
}

func (a *API) imports() {
	handle(a, operation{
		method: http.MethodPost, path: "/recipients/imports", id: "importRecipients", summary: "Import recipients from a CSV file",
		status: http.StatusAccepted, refusals: []int{http.StatusTooManyRequests},
	}, func(ctx context.Context, c caller, in *upload) (Accepted, error) {
		i, err := a.Recipients.Upload(ctx, c.Actor, in.in, recipient.ImportOptions{
			Name: "API", Policy: recipient.Policy(in.Policy), Tags: in.Tags,
		})
		return Accepted{formatID(i.ID)}, err
	})
	handle(a, operation{
		method: http.MethodGet, path: "/recipients/imports/{id}", id: "getImport", summary: "How an import goes on",
	}, func(ctx context.Context, c caller, in *importPage) (Import, error) {
		id, err := in.id()
		if err != nil {
			return Import{}, err
		}
		i, err := a.Recipients.Import(ctx, c.Actor, id)
		if err != nil {
			return Import{}, err
		}
		rejected, next, err := a.Recipients.ImportErrors(ctx, c.Actor, id, in.After, in.Limit)
		return importOf(c, i, rejected, next), err
	})
}

func importOf(c caller, i recipient.Import, rejected []recipient.ImportError, next string) Import {
	shown := Import{
		ID: formatID(i.ID), State: string(i.State), Size: i.Size, Position: i.Position, Rows: i.Rows,
		Created: i.Created, Updated: i.Updated, Skipped: i.Skipped, Rejected: i.Rejected,
		Errors: make([]ImportError, len(rejected)), Next: next,
		CreatedAt: i.CreatedAt.UTC(), FinishedAt: moment(i.FinishedAt),
	}
	if i.ErrorKey != "" {
		shown.Error.Object = &Reason{c.words.Sentence(i.ErrorKey, i.ErrorArgs), i.ErrorKey}
	}
	for n, e := range rejected {
		shown.Errors[n] = ImportError{
			Line: e.Line, Field: e.Field, Value: e.Value, Message: c.words.Sentence(e.Key, e.Args), Key: e.Key,
		}
	}
	return shown
}
