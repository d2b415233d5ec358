package channel

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// TokenPrefix tells a channel's token from other tokens.
const TokenPrefix = "brgch_"

// secretPrefix is that of the Standard Webhooks specification: with the same secret the provider checks what it is told.
const secretPrefix = "whsec_"

const keyBytes = 32

// Hash is the SHA-256 of a token. A token has 256 random bits: nobody can try them all.
type Hash [sha256.Size]byte

// Keys are what a provider needs: whom it says it is, and what it signs with. They are shown once.
type Keys struct{ Token, Secret string }

// Hash is what is kept of the token.
func (k Keys) Hash() Hash { return sha256.Sum256([]byte(k.Token)) }

func newKeys() Keys {
	var token, secret [keyBytes]byte
	_, _ = rand.Read(token[:]) // neither ever fails
	_, _ = rand.Read(secret[:])
	return Keys{
		TokenPrefix + base64.RawURLEncoding.EncodeToString(token[:]), secretPrefix + base64.StdEncoding.EncodeToString(secret[:]),
	}
}

// Authenticate returns whom a channel's token stands for. Errors: KindUnauthorized, KindForbidden (its tenant does not
// work).
func (s *Service) Authenticate(ctx context.Context, token string) (actor.Actor, error) {
	c, err := s.store.ByToken(ctx, Keys{Token: token}.Hash(), s.now())
	if errs.Is(err, errs.KindNotFound) {
		return actor.Actor{}, errs.Unauthorized("the token is unknown, or was replaced")
	}
	if err != nil {
		return actor.Actor{}, err
	}
	return c.Actor(), nil
}

// Signed is a request as it came.
type Signed struct {
	Timestamp string // Unix seconds
	Signature string // hex HMAC-SHA256 of "TIMESTAMP.BODY" under the channel's secret
	Body      []byte
}

// Tolerance is how far a request's timestamp may be off: what is older may be somebody else's copy.
const Tolerance = 5 * time.Minute

// Sign returns the signature of a body at a time.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// verify checks that a channel's provider signed a request, a moment ago. Errors: KindUnauthorized, KindNotFound.
func (s *Service) verify(ctx context.Context, c Channel, r Signed) error {
	seconds, err := strconv.ParseInt(r.Timestamp, 10, 64)
	if err != nil || s.now().Sub(time.Unix(seconds, 0)).Abs() > Tolerance {
		return errs.Unauthorized("the timestamp is missing, or more than five minutes off")
	}
	secrets, err := s.store.Secrets(ctx, c.Tenant, c.Name, s.now())
	if err != nil {
		return err
	}
	for _, secret := range secrets {
		if hmac.Equal([]byte(Sign(secret, r.Timestamp, r.Body)), []byte(strings.ToLower(r.Signature))) {
			return nil
		}
	}
	return errs.Unauthorized("the signature is wrong")
}
