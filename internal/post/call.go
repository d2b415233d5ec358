package post

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"brigade/internal/errs"
)

// Caller asks other services over HTTP.
type Caller struct{ client *http.Client }

// NewCaller returns a caller. Its calls end with their contexts, and after timeout at the latest. allowPrivate lets it call
// private networks.
func NewCaller(timeout time.Duration, allowPrivate bool) *Caller {
	return &Caller{client(timeout, allowPrivate)}
}

const (
	largestAnswer = 64 << 10 // what is kept of an answer, in bytes
	largestJSON   = 8 << 20  // what is read of one that has to be JSON
)

// Question is a request.
type Question struct {
	Method string // POST
	URL    string
	Header map[string]string
	Key    string // by which the other side knows the request again; "": none
	Body   any    // JSON; nil: none
	JSON   bool   // so is the answer, or it is empty: a page of a proxy is none
}

// Call asks, and returns the answer to a success: JSON as it came (of a large one that has to be JSON only its length), anything
// else as a string. Errors: what should not be tried again is permanent; KindUnavailable otherwise.
func (c *Caller) Call(ctx context.Context, q Question) (any, error) {
	req, err := q.request(ctx)
	if err != nil {
		return nil, errs.Permanent(err)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, unreached(err)
	}
	defer res.Body.Close()
	largest := largestAnswer
	if q.JSON {
		largest = largestJSON
	}
	said, err := io.ReadAll(io.LimitReader(res.Body, int64(largest)+1))
	switch {
	case err != nil:
		return nil, errs.Unavailable("the answer broke off").Because(err)
	case res.StatusCode < 200 || res.StatusCode > 299:
		return nil, refusal(res, said)
	case len(said) > largest:
		return nil, errs.Permanent(errs.Invalid("the answer has more than %d bytes", largest))
	}
	return read(res, said, q.JSON)
}

// read takes an answer for what it says it is, or for what it has to be.
func read(res *http.Response, said []byte, isJSON bool) (any, error) {
	text := strings.TrimSpace(string(said))
	if text == "" {
		return map[string]any{}, nil
	}
	if isJSON && !json.Valid(said) {
		return nil, errs.Unavailable("the answer is no JSON: %s", text[:min(len(text), 100)])
	}
	if len(said) > largestAnswer {
		return map[string]any{"bytes": len(said)}, nil
	}
	if !isJSON && !strings.Contains(res.Header.Get("Content-Type"), "json") {
		return map[string]any{"text": text}, nil
	}
	if !json.Valid(said) {
		return nil, errs.Unavailable("the answer says that it is JSON, and is not")
	}
	return json.RawMessage(said), nil
}

func refusal(res *http.Response, said []byte) error {
	err := meaning(res, strings.TrimSpace(string(said[:min(len(said), 300)])))
	switch code := res.StatusCode; {
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code == http.StatusConflict, code == http.StatusTooEarly:
		if after := retryAfter(res.Header.Get("Retry-After")); after > 0 {
			return errs.RetryAfter(after, err)
		}
		return err
	}
	return errs.Permanent(err)
}

func (q *Question) request(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if q.Body != nil {
		text, err := json.Marshal(q.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	method := q.Method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, q.URL, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("User-Agent", agent)
	if q.Key != "" {
		req.Header.Set("Idempotency-Key", q.Key)
	}
	for name, value := range q.Header {
		req.Header.Set(name, value)
	}
	return req, nil
}

// Close gives idle connections back.
func (c *Caller) Close() { c.client.CloseIdleConnections() }
