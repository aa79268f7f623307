package letter

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// sealer encrypts the arguments of letters at rest.
type sealer struct{ aead cipher.AEAD }

const minSecret = 16 // bytes

// newSealer derives the key of letters (HKDF, RFC 5869): the service's secret
// has other uses, and none of them may open what another one sealed.
func newSealer(secret []byte) (*sealer, error) {
	if len(secret) < minSecret {
		return nil, errors.New("the secret for letters is too short")
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "gonets letter", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key of letters: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("derive the key of letters: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("derive the key of letters: %w", err)
	}
	return &sealer{aead}, nil
}

// seal encrypts args. They open only together with the same kind and address:
// a sealed link can't be moved into a letter to somebody else.
func (s *sealer) seal(kind Kind, to string, args map[string]string) ([]byte, error) {
	plain, err := json.Marshal(args)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return s.aead.Seal(nil, nil, plain, binding(kind, to)), nil //nolint:gosec // G407: this AEAD makes its own nonce and wants none
}

func (s *sealer) open(kind Kind, to string, sealed []byte) (map[string]string, error) {
	plain, err := s.aead.Open(nil, nil, sealed, binding(kind, to))
	if err != nil {
		return nil, errors.New("the letter was sealed with another secret, or changed")
	}
	var args map[string]string
	if err := json.Unmarshal(plain, &args); err != nil {
		return nil, errors.New("the letter holds no arguments") // the cause could quote them
	}
	return args, nil
}

func binding(kind Kind, to string) []byte { return []byte(string(kind) + "\x00" + to) }
