package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Secrets begin with what they are of, so that people and scanners see it, and one is never taken for another.
const (
	sessionPrefix = "brs_"
	devicePrefix  = "brt_"
	linkPrefix    = "brl_"
	secretBytes   = 32
)

// newSecret returns a random secret and its hash. It has 256 random bits, so a plain SHA-256 is enough.
func newSecret(prefix string) (plain string, hash Hash) {
	var secret [secretBytes]byte
	_, _ = rand.Read(secret[:]) // never fails: it ends the process when the system has no randomness
	plain = prefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return plain, sha256.Sum256([]byte(plain))
}

// hashOf returns the hash by which a secret is found; ok is false for what cannot be one.
func hashOf(prefix, plain string) (h Hash, ok bool) {
	secret, ok := strings.CutPrefix(plain, prefix)
	if !ok || len(secret) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return Hash{}, false
	}
	return sha256.Sum256([]byte(plain)), true
}

// What argon2id costs: OWASP's second choice, 19 MiB and two passes, some 30 ms.
const (
	argonTime   = 2
	argonMemory = 19 * 1024 // KiB
	argonLanes  = 1
	argonBytes  = 32
	saltBytes   = 16
)

// kneaders bounds how many passwords are hashed at a time, and with it the memory and the processors that strangers can make
// Brigade use: half of them are the kitchen's.
var kneaders = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// knead hashes a password or a PIN; who gives up waiting for his turn gets an error.
func knead(ctx context.Context, plain string, salt []byte) ([]byte, error) {
	select {
	case kneaders <- struct{}{}:
		defer func() { <-kneaders }()
		return argon2.IDKey([]byte(plain), salt, argonTime, argonMemory, argonLanes, argonBytes), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hashPassword returns a password's hash with its salt and cost, in the PHC string format.
func hashPassword(ctx context.Context, plain string) (string, error) {
	salt := newSalt()
	sum, err := knead(ctx, plain, salt)
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes, b.EncodeToString(salt), b.EncodeToString(sum)), err
}

func newSalt() []byte {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	return salt
}

var errBadHash = errors.New("account: a password's hash in the database cannot be read")

// matches tells whether a password is the one of a hash. For no hash it takes as long, and says no.
func matches(ctx context.Context, plain, hash string) (bool, error) {
	if hash == "" {
		_, err := knead(ctx, plain, make([]byte, saltBytes))
		return false, err
	}
	var version, memory, passes, lanes int
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errBadHash
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil || version != argon2.Version {
		return false, errBadHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || memory != argonMemory || passes != argonTime || lanes != argonLanes {
		return false, errBadHash
	}
	sum, err := knead(ctx, plain, salt)
	return err == nil && subtle.ConstantTimeCompare(sum, want) == 1, err
}
