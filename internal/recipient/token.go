package recipient

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"

	"gonets/internal/fault"
)

// keys derive from the service's secret, one for each use, so that what is
// made by one can't serve as another.
type keys struct{ unsubscribe, suppression []byte }

func deriveKeys(secret []byte) keys {
	return keys{deriveKey(secret, "gonets unsubscribe token 1"), deriveKey(secret, "gonets suppression hash 1")}
}

func deriveKey(secret []byte, label string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, label, sha256.Size)
	if err != nil { // only for a length beyond 255 hashes
		panic(fmt.Sprintf("derive key: %v", err))
	}
	return key
}

// macSize is half of SHA-256: nobody guesses 128 bits, and the link is short.
const macSize = 16

// UnsubscribeToken signs a recipient and the mailing that the link stands in
// (0: none). It never expires: an old letter's link must work too.
func (r *Recipients) UnsubscribeToken(recipientID, mailingID int64) string {
	var buf [2*binary.MaxVarintLen64 + macSize]byte
	payload := binary.AppendUvarint(buf[:0], uint64(recipientID))
	payload = binary.AppendUvarint(payload, uint64(mailingID))
	return base64.RawURLEncoding.EncodeToString(append(payload, r.sign(payload)...))
}

// UnsubscribeURL is the page of a token.
func (r *Recipients) UnsubscribeURL(recipientID, mailingID int64) string {
	return r.o.BaseURL + "/u/" + r.UnsubscribeToken(recipientID, mailingID)
}

// ParseToken answers what was signed; a token that we did not sign is not
// found.
func (r *Recipients) ParseToken(token string) (recipientID, mailingID int64, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < macSize {
		return 0, 0, fault.Missing()
	}
	payload, mac := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	if !hmac.Equal(mac, r.sign(payload)) {
		return 0, 0, fault.Missing()
	}
	recipient, n := binary.Uvarint(payload)
	if n <= 0 {
		return 0, 0, fault.Missing()
	}
	mailing, m := binary.Uvarint(payload[n:])
	if m <= 0 || n+m != len(payload) {
		return 0, 0, fault.Missing()
	}
	return int64(recipient), int64(mailing), nil
}

// sign is done once for each letter, and preparing the key costs most of it.
func (r *Recipients) sign(payload []byte) []byte {
	mac, ok := r.signers.Get().(hash.Hash)
	if !ok {
		mac = hmac.New(sha256.New, r.keys.unsubscribe)
	}
	defer r.signers.Put(mac)
	mac.Reset()
	mac.Write(payload)
	return mac.Sum(nil)[:macSize]
}

// hash is how a deleted recipient's refusal is remembered. It is keyed, so
// that a stolen database does not tell the addresses by trying.
func (r *Recipients) hash(emailKey string) string {
	mac := hmac.New(sha256.New, r.keys.suppression)
	mac.Write([]byte(emailKey))
	return hex.EncodeToString(mac.Sum(nil))
}
