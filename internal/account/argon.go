package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Argon is the cost of argon2id (RFC 9106). A raised cost reaches each user at
// their next login.
type Argon struct {
	Memory  uint32 // KiB for each password
	Time    uint32 // passes over the memory
	Threads uint8
}

// DefaultArgon is OWASP's first choice for small machines: 19 MiB, two passes.
var DefaultArgon = Argon{Memory: 19 * 1024, Time: 2, Threads: 1}

const (
	saltBytes = 16
	hashBytes = 32
)

// hasher makes and compares hashes of passwords. No more than its number of
// slots are at work at once, so that a flood of logins can't take the memory.
type hasher struct {
	cost  Argon
	slots chan struct{}
}

func newHasher(cost Argon, slots int) *hasher {
	return &hasher{cost: cost, slots: make(chan struct{}, slots)}
}

// hash is the password's hash in the PHC string format.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails (crypto/rand)
	sum, err := h.sum(ctx, h.cost, salt, password)
	if err != nil {
		return "", err
	}
	return phc{cost: h.cost, salt: salt, sum: sum}.String(), nil
}

// matches compares in constant time. Without a hash (there is no such user) it
// works as long as with one and says no. stale says that the hash is of
// another cost than today's.
func (h *hasher) matches(ctx context.Context, hash, password string) (ok, stale bool, err error) {
	if hash == "" {
		_, err := h.sum(ctx, h.cost, make([]byte, saltBytes), password)
		return false, false, err
	}
	want, err := parsePHC(hash)
	if err != nil {
		return false, false, err
	}
	got, err := h.sum(ctx, want.cost, want.salt, password)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want.sum) == 1, want.cost != h.cost, nil
}

// sum waits for a slot and hashes. The password is taken in Unicode normal
// form C (RFC 8265, 4.2.2): "й" is one key on one keyboard, two characters on
// another.
func (h *hasher) sum(ctx context.Context, cost Argon, salt []byte, password string) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, cost.Time, cost.Memory, cost.Threads, hashBytes), nil
}

// phc is a hash as the PHC string format writes it:
// $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH, in base64 without padding.
type phc struct {
	cost      Argon
	salt, sum []byte
}

func (p phc) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.cost.Memory, p.cost.Time, p.cost.Threads, b64(p.salt), b64(p.sum))
}

var errPHC = errors.New("stored password hash is not argon2id in PHC format")

// maxMemory bounds what a stored hash may ask for, in KiB.
const maxMemory = 1 << 20

func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, errPHC
	}
	var p phc
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.cost.Memory, &p.cost.Time, &p.cost.Threads)
	if err != nil || n != 3 || p.cost.Time == 0 || p.cost.Threads == 0 || p.cost.Memory > maxMemory {
		return phc{}, errPHC
	}
	var saltErr, sumErr error
	p.salt, saltErr = base64.RawStdEncoding.DecodeString(parts[4])
	p.sum, sumErr = base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || sumErr != nil || len(p.salt) < 8 || len(p.sum) != hashBytes {
		return phc{}, errPHC
	}
	return p, nil
}
