package notify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"brigade/internal/errs"
)

// Webhook is where an integrator is told what happens.
type Webhook struct {
	ID             int64
	Tenant         int64
	Outlet         int64 // 0: every outlet of the tenant
	URL            string
	Secret         string // messages are signed with it; shown when it is made
	Kinds          []Kind // empty: everything
	Source         string // not "": an ordering provider's, told of its own orders and of its channel alone
	Description    string
	CreatedAt      time.Time
	CreatedBy      string
	DisabledAt     time.Time // zero: it is told
	DisabledReason string
	Health         Health
}

// Health is how a webhook answers.
type Health struct {
	Failures     int       // rounds in a row in which it took nothing
	FailingSince time.Time // zero: it is well
	ResumeAt     time.Time // nothing is tried before; zero: now
	LastError    string
	LastSentAt   time.Time // zero: never
	Pending      int       // messages that wait
}

func (w Webhook) wants(c Change) bool {
	return w.Tenant == c.Tenant && (w.Outlet == 0 || w.Outlet == c.Outlet) && w.DisabledAt.IsZero() &&
		(len(w.Kinds) == 0 || slices.Contains(w.Kinds, c.Kind)) && w.concerned(c)
}

// concerned tells an ordering provider's webhook from one of the house.
func (w Webhook) concerned(c Change) bool {
	if w.Source == "" {
		return c.Kind != StateChanged && c.Kind != Digest
	}
	return c.Source == w.Source && c.Kind != Attention
}

// Validate names every faulty field (KindInvalid).
func (w Webhook) Validate() error {
	var f errs.Fields
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		f.Add("url", "must be an http or https URL")
	case u.User != nil:
		f.Add("url", "must not hold a password: check the signature instead")
	case len(w.URL) > 2000:
		f.Add("url", "must have at most 2000 characters")
	}
	for _, k := range w.Kinds {
		if !k.known() {
			f.Add("kinds", "must be of %v, not %q", Kinds, k)
		}
	}
	if utf8.RuneCountInString(w.Description) > 200 || strings.ContainsRune(w.Description, 0) {
		f.Add("description", "must have at most 200 characters")
	}
	return f.Err()
}

const secretPrefix = "whsec_"

// NewSecret returns a random secret, as the Standard Webhooks specification writes it.
func NewSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// The headers of a signed message (https://www.standardwebhooks.com).
const (
	HeaderID        = "webhook-id"        // the same in every attempt: who has seen it drops the message
	HeaderTimestamp = "webhook-timestamp" // of the attempt, in Unix seconds
	HeaderSignature = "webhook-signature" // v1, and the base64 HMAC-SHA256 of id.timestamp.body
)

// Sign returns the headers of a message.
func Sign(secret, id string, at time.Time, body []byte) map[string]string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil { // not one of ours: take it as it is written
		key = []byte(secret)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, stamp)
	mac.Write(body)
	return map[string]string{
		HeaderID: id, HeaderTimestamp: stamp,
		HeaderSignature: "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}
}

// body is what a webhook is sent: the same bytes in every attempt.
func (m Message) body() []byte {
	about := "order."
	data := messageData{Tenant: m.Change.Tenant, Outlet: m.Change.Outlet, Sequence: m.Change.Sequence, Order: &m.Change.Facts}
	if m.Change.State != nil {
		about, data.Order, data.Channel = "channel.", nil, m.Change.State
	}
	what := string(m.Change.Kind)
	if m.Change.Kind == Test {
		about, data.Order = "webhook.", nil
	}
	if m.Change.Alarm != nil {
		about, what, data.Order, data.Alert = "alert.", m.Change.Alarm.What, nil, m.Change.Alarm
	}
	b, err := json.Marshal(struct {
		Type      string      `json:"type"`
		Timestamp time.Time   `json:"timestamp"`
		Data      messageData `json:"data"`
	}{about + what, m.Change.At.UTC(), data})
	if err != nil { // plain data
		panic("notify: " + err.Error())
	}
	return b
}

// messageData is what a message is about: an order, a channel, or an alert.
type messageData struct {
	Tenant   int64         `json:"tenant_id"`
	Outlet   int64         `json:"outlet_id"`
	Sequence int           `json:"sequence"`
	Order    *Facts        `json:"order,omitempty"`
	Channel  *ChannelState `json:"channel,omitempty"`
	Alert    *Alarm        `json:"alert,omitempty"`
}

// key names a message to whoever gets it.
func (m Message) key() string { return fmt.Sprintf("msg_%d", m.ID) }
