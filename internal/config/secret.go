package config

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// secretFile is the name of the file in the data directory.
const secretFile = "secret.key"

// secretBytes is how much randomness a key has that we make.
const secretBytes = 32

// ErrSecretFile says that the file is there and holds no key.
var ErrSecretFile = errors.New("the file holds no secret key")

// SecretPath is where the secret lies that nobody set.
func (c *Config) SecretPath() string { return filepath.Join(c.DataDir, secretFile) }

// Secret is the service's secret: SecretKey, or what lies in the data
// directory, made there where nothing does. Any number of processes may ask at
// once; all get the same. The text itself is the secret, so the file's content
// can become GONETS_SECRET_KEY of a second node.
func (c *Config) Secret() ([]byte, error) {
	if c.SecretKey != "" {
		return []byte(c.SecretKey), nil
	}
	key, err := readSecret(c.SecretPath())
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeSecret(c.SecretPath()); err != nil {
			return nil, fmt.Errorf("make the secret key: %w", err)
		}
		key, err = readSecret(c.SecretPath())
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret key: %w", err)
	}
	return key, nil
}

func readSecret(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key := strings.TrimSpace(string(text))
	if utf8.RuneCountInString(key) < minSecret {
		return nil, ErrSecretFile
	}
	return []byte(key), nil
}

// makeSecret writes a new key, complete before it gets its name, and gives way
// to another process that was faster.
func makeSecret(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	var random [secretBytes]byte
	rand.Read(random[:])                                        // never fails (crypto/rand)
	file, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // an empty name beside the key harms nobody
	_, err = file.WriteString(base64.StdEncoding.EncodeToString(random[:]) + "\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Fingerprint tells two secrets apart without telling either.
func Fingerprint(secret []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("gonets secret fingerprint"))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}
