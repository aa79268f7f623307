package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"gonets/internal/fault"
)

// fileFault says why a file can't be used, in the system's own word.
func fileFault(err error, key, path string) error {
	cause := err.Error()
	if p, ok := errors.AsType[*os.PathError](err); ok {
		cause = p.Err.Error()
	}
	return fault.Because(err, fault.Invalid, key, fault.Args{"Path": path, "Cause": cause})
}

// writeFile writes a file that gets its name when it is whole, readable by its
// owner alone. One that is there already is replaced.
func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fileFault(err, "cli.file_unwritable", path)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // renamed, or an attempt that failed
	err = write(file)
	if closed := errors.Join(file.Sync(), file.Close()); err == nil && closed != nil {
		err = fileFault(closed, "cli.file_unwritable", path)
	}
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fault.Because(err, fault.Invalid, "cli.file_unwritable", fault.Args{"Path": path, "Cause": err.Error()})
	}
	return nil
}
