// Package pos speaks with external points of sale: it asks them to prepare orders, and reads their signed call-backs.
package pos

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/telemetry"
)

// Headers of what is sent to a point of sale, and of what it sends back.
const (
	HeaderSignature = "X-Brigade-Signature" // hex HMAC-SHA256 of "TIMESTAMP.BODY" under the outlet's secret
	HeaderTimestamp = "X-Brigade-Timestamp" // Unix seconds; more than five minutes off is refused
	HeaderKey       = "Idempotency-Key"
)

// Line is one item to prepare.
type Line struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int    `json:"quantity"`
}

// Request asks for an order to be prepared, or to be stopped.
type Request struct {
	Order  int64  `json:"order_id"`
	Number string `json:"order_number"`
	Lines  []Line `json:"lines,omitempty"`
	Cancel bool   `json:"cancel,omitempty"`
}

// Answer is what a point of sale says at once or calls back with.
type Answer struct {
	Order  int64  `json:"order_id,omitempty"`
	Event  string `json:"event"` // accepted, rejected, finished; "" at once: it will call back
	Reason string `json:"reason,omitempty"`
}

// Client asks points of sale. It is safe for concurrent use.
type Client struct{ http *http.Client }

// NewClient returns a client whose calls take at most so long each.
func NewClient(timeout time.Duration) *Client {
	return &Client{&http.Client{Timeout: timeout, Transport: &http.Transport{MaxConnsPerHost: 16, MaxIdleConnsPerHost: 4}}}
}

// Sign returns the signature of a body at a time.
func Sign(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", at.Unix())
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

const tolerance = 5 * time.Minute

// Verify checks who sent a body, and that it is not an old one. Errors: KindUnauthorized.
func Verify(secret, signature, timestamp string, body []byte, now time.Time) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	at := time.Unix(seconds, 0)
	if err != nil || now.Sub(at).Abs() > tolerance {
		return errs.Unauthorized("the timestamp is missing or too old")
	}
	if secret == "" || !hmac.Equal([]byte(Sign(secret, at, body)), []byte(strings.ToLower(signature))) {
		return errs.Unauthorized("the signature is wrong")
	}
	return nil
}

// Ask sends a request. The same order again has the same key. An error means that nobody knows what became of it: it is
// asked again.
func (c *Client) Ask(ctx context.Context, url, secret string, r Request) (Answer, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	now := time.Now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(HeaderKey, fmt.Sprintf("prepare-%d-%t", r.Order, r.Cancel))
	req.Header.Set(HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(HeaderSignature, Sign(secret, now, body))
	telemetry.InjectTrace(ctx, req.Header)
	res, err := c.http.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return Answer{}, fmt.Errorf("the point of sale answered %s", res.Status)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return Answer{}, err
	}
	var a Answer
	return a, json.Unmarshal(text, &a)
}
