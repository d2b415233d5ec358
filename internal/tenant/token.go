package tenant

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// tokenPrefix lets people and secret scanners see what it is.
const tokenPrefix = "brg_"

const secretBytes = 32

// newToken returns a random token and its hash.
func newToken() (plain string, hash Hash) {
	var secret [secretBytes]byte
	_, _ = rand.Read(secret[:]) // never fails: it ends the process when the system has no randomness
	plain = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return plain, sha256.Sum256([]byte(plain))
}

// hashOf returns the hash by which a token is found; ok is false for what cannot be a token.
//
// A token has 256 random bits, so a plain SHA-256 is enough: nobody can try them all, and there is nothing to salt.
// It is found by its hash in an index, so no comparison's time depends on the token itself: whoever measures it learns
// about the hash of his own guess, from which no token can be worked out. Hence no comparison in constant time.
func hashOf(plain string) (hash Hash, ok bool) {
	secret, ok := strings.CutPrefix(plain, tokenPrefix)
	if !ok || len(secret) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return Hash{}, false
	}
	return sha256.Sum256([]byte(plain)), true
}
