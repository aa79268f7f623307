package cli

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gonets/internal/config"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// A backup is a gzipped tar archive of these two files.
const (
	backupDatabase = "gonets.db"
	backupSecret   = "secret.key"
)

type backupCommand struct {
	File string `arg:"" placeholder:"FILE" help:"help.backup_file"`
}

func (c *backupCommand) Run(ctx context.Context, s *session) error {
	store, err := s.openDB(ctx)
	if err != nil {
		return err
	}
	defer closeDB(store, s.log)
	secret, err := s.secret(ctx, store)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp(filepath.Dir(c.File), ".gonets-backup-*")
	if err != nil {
		return fileFault(err, "cli.file_unwritable", c.File)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // an unfinished copy
	snapshot := filepath.Join(folder, backupDatabase)
	if err := store.BackUp(ctx, snapshot); err != nil {
		return err
	}
	if err := writeFile(c.File, func(w io.Writer) error { return pack(w, snapshot, secret) }); err != nil {
		return err
	}
	info, err := os.Stat(c.File)
	if err != nil {
		return fileFault(err, "cli.file_unreadable", c.File)
	}
	if s.json {
		return s.write(map[string]any{"file": c.File, "bytes": info.Size()})
	}
	s.tell("cli.backed_up", "Path", c.File, "Size", s.say.Bytes(info.Size()))
	return nil
}

func pack(w io.Writer, snapshot string, secret []byte) error {
	zipped := gzip.NewWriter(w)
	archive := tar.NewWriter(zipped)
	database, err := os.Open(snapshot)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	defer database.Close()
	info, err := database.Stat()
	if err == nil {
		err = add(archive, backupDatabase, database, info.Size())
	}
	if err == nil {
		err = add(archive, backupSecret, strings.NewReader(string(secret)+"\n"), int64(len(secret))+1)
	}
	if err := errors.Join(err, archive.Close(), zipped.Close()); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return nil
}

func add(archive *tar.Writer, name string, r io.Reader, size int64) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size}); err != nil {
		return err
	}
	_, err := io.Copy(archive, r)
	return err
}

type restoreCommand struct {
	File  string `arg:"" placeholder:"FILE" help:"help.restore_file"`
	Force bool   `help:"help.restore_force"`
}

func (c *restoreCommand) Run(ctx context.Context, s *session) error {
	path, lite := strings.CutPrefix(s.config.DatabaseURL, "sqlite:")
	if !lite {
		return fault.New(fault.Conflict, "db.backup_postgres", nil)
	}
	if err := c.clear(ctx, path); err != nil {
		return err
	}
	if err := os.MkdirAll(s.config.DataDir, 0o750); err != nil {
		return fileFault(err, "db.directory", s.config.DataDir)
	}
	folder, err := os.MkdirTemp(s.config.DataDir, ".restore-*")
	if err != nil {
		return fileFault(err, "db.directory", s.config.DataDir)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // what was left there is no more wanted
	if err := unpack(c.File, folder); err != nil {
		return err
	}
	if err := s.tryRestored(ctx, folder); err != nil {
		return err
	}
	if err := s.putInPlace(folder, path); err != nil {
		return err
	}
	s.tell("cli.restored", "Path", path)
	return nil
}

// clear sees to it that nobody uses the database that is there, and that it
// may be replaced.
func (c *restoreCommand) clear(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return nil //nolint:nilerr // there is none
	}
	if !c.Force {
		return fault.New(fault.Conflict, "cli.restore_exists", fault.Args{"Path": path})
	}
	used, err := db.InUse(ctx, path)
	if err == nil && used {
		err = fault.New(fault.Conflict, "cli.restore_in_use", fault.Args{"Path": path})
	}
	return err
}

// unpack takes the two files out of a backup. Any other name in it is left
// alone, so no archive can write elsewhere.
func unpack(path, folder string) error {
	file, err := os.Open(path)
	if err != nil {
		return fileFault(err, "cli.file_unreadable", path)
	}
	defer file.Close()
	zipped, err := gzip.NewReader(file)
	if err != nil {
		return fault.Because(err, fault.Invalid, "cli.no_backup", fault.Args{"Path": path})
	}
	found := 0
	for archive := tar.NewReader(zipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && header.Name == backupDatabase {
			found++
			err = extract(filepath.Join(folder, backupDatabase), archive)
		}
		if err == nil && header.Name == backupSecret {
			found++
			err = extract(filepath.Join(folder, backupSecret), archive)
		}
		if err != nil {
			return fault.Because(err, fault.Invalid, "cli.no_backup", fault.Args{"Path": path})
		}
	}
	if found != 2 {
		return fault.New(fault.Invalid, "cli.no_backup", fault.Args{"Path": path})
	}
	return nil
}

func extract(path string, r io.Reader) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, r)
	return errors.Join(err, file.Sync(), file.Close())
}

// tryRestored opens what was unpacked as a process would: the schema is one
// that this program knows, and the secret is the database's own.
func (s *session) tryRestored(ctx context.Context, folder string) error {
	c := config.Config{DataDir: folder, DatabaseURL: "sqlite:" + filepath.Join(folder, backupDatabase)}
	trial := &session{terminal: s.terminal, config: &c, clock: s.clock, log: s.log}
	store, err := trial.openDB(ctx)
	if err != nil {
		return err
	}
	_, err = trial.secret(ctx, store)
	if closed := store.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if s.config.SecretKey != "" {
		restored, err := c.Secret()
		if err == nil && config.Fingerprint(restored) != config.Fingerprint([]byte(s.config.SecretKey)) {
			err = fault.New(fault.Conflict, "cli.restore_secret", nil)
		}
		return err
	}
	return nil
}

// putInPlace moves the restored files to where they belong, and what was there
// aside.
func (s *session) putInPlace(folder, path string) error {
	aside := ".before-" + s.clock.Now().UTC().Format("20060102-150405")
	moves := []struct{ from, to string }{{filepath.Join(folder, backupDatabase), path}}
	if s.config.SecretKey == "" {
		moves = append(moves, struct{ from, to string }{filepath.Join(folder, backupSecret), s.config.SecretPath()})
	}
	for _, move := range moves {
		if _, err := os.Stat(move.to); err == nil {
			if err := os.Rename(move.to, move.to+aside); err != nil {
				return fmt.Errorf("put aside: %w", err)
			}
		}
		if err := os.Rename(move.from, move.to); err != nil {
			return fmt.Errorf("put in place: %w", err)
		}
	}
	return nil
}
