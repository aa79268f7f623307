package mailserver

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// sealer encrypts passwords at rest.
type sealer struct{ aead cipher.AEAD }

const minSecret = 16 // bytes

// newSealer derives the key of mail servers (HKDF, RFC 5869): the service's
// secret has other uses, and none of them may open what another one sealed.
func newSealer(secret []byte) (*sealer, error) {
	if len(secret) < minSecret {
		return nil, errors.New("the secret for mail servers is too short")
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "gonets mail server", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key of mail servers: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("derive the key of mail servers: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("derive the key of mail servers: %w", err)
	}
	return &sealer{aead}, nil
}

// seal encrypts a password; an empty one stays empty.
func (s *sealer) seal(password string, binding []byte) []byte {
	if password == "" {
		return []byte{}
	}
	return s.aead.Seal(nil, nil, []byte(password), binding) //nolint:gosec // G407: this AEAD makes its own nonce and wants none
}

// open is empty where nothing was sealed, or for something else.
func (s *sealer) open(sealed, binding []byte) string {
	if len(sealed) == 0 {
		return ""
	}
	plain, err := s.aead.Open(nil, nil, sealed, binding)
	if err != nil {
		return ""
	}
	return string(plain)
}

// binding is what a password is for: it opens for nothing else.
func binding(s Server) []byte {
	return fmt.Appendf(nil, "%s\x00%d\x00%s\x00%s", s.Host, s.Port, s.Security, s.Username)
}
