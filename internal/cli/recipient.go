package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/recipient"
)

type recipientCommands struct {
	Import recipientImportCommand `cmd:"" help:"help.recipient_import"`
	Export recipientExportCommand `cmd:"" help:"help.recipient_export"`
}

type recipientImportCommand struct {
	File   string   `arg:"" placeholder:"FILE" help:"help.import_file"`
	User   string   `required:"" placeholder:"E-MAIL" help:"help.recipients_of"`
	Policy string   `default:"update" placeholder:"POLICY" help:"help.import_policy"`
	Tags   []string `name:"tag" placeholder:"TAG" help:"help.import_tags"`
}

func (c *recipientImportCommand) Run(ctx context.Context, s *session) error {
	file, size, err := s.input(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	u, err := a.user(ctx, c.User)
	if err != nil {
		return err
	}
	o := recipient.ImportOptions{Name: filepath.Base(c.File), Policy: recipient.Policy(c.Policy), Tags: c.Tags}
	done, err := s.importFile(ctx, a, owner(u), file, size, o)
	if err != nil {
		return err
	}
	return s.tellImport(ctx, a, owner(u), &done)
}

// importFile imports with a bar that moves.
func (s *session) importFile(ctx context.Context, a *app, actor account.Actor, file io.Reader, size int64, o recipient.ImportOptions) (recipient.Import, error) {
	bar := s.progress(s.say.T("cli.importing"), size, true)
	defer bar.end()
	return a.recipients.ImportReader(ctx, actor, file, size, o, func(p recipient.Progress) {
		bar.show(p.Position, size, s.say.T("cli.rows", "Count", p.Rows))
	})
}

// input opens a file to read, or the standard input. size is 0 where nobody
// knows it.
func (s *session) input(name string) (file io.ReadCloser, size int64, err error) {
	if name == "-" {
		return io.NopCloser(s.in), 0, nil
	}
	opened, err := os.Open(name)
	if err != nil {
		return nil, 0, fileFault(err, "cli.file_unreadable", name)
	}
	info, err := opened.Stat()
	if err != nil || info.IsDir() {
		opened.Close()
		return nil, 0, fault.Because(err, fault.Invalid, "cli.file_is_directory", fault.Args{"Path": name})
	}
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	return opened, size, nil
}

type importJSON struct {
	ID       string            `json:"id"`
	State    string            `json:"state"`
	Rows     int64             `json:"rows"`
	Created  int64             `json:"created"`
	Updated  int64             `json:"updated"`
	Skipped  int64             `json:"skipped"`
	Rejected int64             `json:"rejected"`
	Errors   []importErrorJSON `json:"errors"`
}

type importErrorJSON struct {
	Line   int64  `json:"line"`
	Field  string `json:"field"`
	Value  string `json:"value"`
	Reason string `json:"reason"`
}

// errorsShown is how many rejected rows are told; the rest are counted.
const errorsShown = 20

// tellImport answers what came of an import, with the first rows that were
// rejected.
func (s *session) tellImport(ctx context.Context, a *app, actor account.Actor, i *recipient.Import) error {
	rejected, _, err := a.recipients.ImportErrors(ctx, actor, i.ID, "", errorsShown)
	if err != nil {
		return err
	}
	if s.json {
		err = s.writeImport(i, rejected)
	} else {
		s.tell("cli.imported", "Rows", i.Rows, "Created", i.Created, "Updated", i.Updated, "Skipped", i.Skipped, "Rejected", i.Rejected)
		for _, e := range rejected {
			where := s.say.T("cli.import_line", "Line", strconv.FormatInt(e.Line, 10))
			line(s.err, fmt.Sprintf("  %s, %s %q: %s", where, e.Field, e.Value, s.say.Sentence(e.Key, e.Args)))
		}
		if more := i.Rejected - int64(len(rejected)); more > 0 {
			s.note("cli.import_more", "Count", more)
		}
	}
	if err == nil && i.Rejected > 0 {
		return partly()
	}
	return err
}

func (s *session) writeImport(i *recipient.Import, rejected []recipient.ImportError) error {
	answer := importJSON{
		ID: strconv.FormatInt(i.ID, 10), State: string(i.State), Rows: i.Rows, Created: i.Created,
		Updated: i.Updated, Skipped: i.Skipped, Rejected: i.Rejected, Errors: []importErrorJSON{},
	}
	for _, e := range rejected {
		answer.Errors = append(answer.Errors, importErrorJSON{Line: e.Line, Field: e.Field, Value: e.Value, Reason: s.say.Sentence(e.Key, e.Args)})
	}
	return s.write(answer)
}

type recipientExportCommand struct {
	User   string `required:"" placeholder:"E-MAIL" help:"help.recipients_of"`
	Output string `short:"o" default:"-" placeholder:"FILE" help:"help.export_output"`
	Tag    string `placeholder:"TAG" help:"help.export_tag"`
	Status string `placeholder:"STATUS" help:"help.export_status"`
	Search string `placeholder:"TEXT" help:"help.export_search"`
}

func (c *recipientExportCommand) Run(ctx context.Context, s *session) error {
	switch recipient.Status(c.Status) {
	case "", recipient.Active, recipient.Unsubscribed, recipient.Suppressed:
	default:
		return fault.Fields{{Name: "--status", Key: "cli.status_unknown"}}.Err()
	}
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	u, err := a.user(ctx, c.User)
	if err != nil {
		return err
	}
	filter := recipient.Filter{Search: c.Search, Tag: c.Tag, Status: recipient.Status(c.Status)}
	if c.Output == "-" {
		return a.recipients.Export(ctx, owner(u), filter, s.out)
	}
	return writeFile(c.Output, func(w io.Writer) error { return a.recipients.Export(ctx, owner(u), filter, w) })
}
