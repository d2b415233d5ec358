package post

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/notify"
)

const agent = "Brigade"

// Hook carries webhooks.
type Hook struct{ client *http.Client }

// NewHook returns a carrier whose calls take at most timeout. allowPrivate lets it call private networks.
func NewHook(timeout time.Duration, allowPrivate bool) *Hook {
	return &Hook{client(timeout, allowPrivate)}
}

// Carry implements notify.Carrier: any 2xx is an arrival.
func (h *Hook) Carry(ctx context.Context, p notify.Parcel) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.To, bytes.NewReader(p.Body))
	if err != nil {
		return 0, errs.Permanent(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range p.Header {
		req.Header.Set(name, value)
	}
	return do(h.client, req, p.Hear)
}

// Close gives idle connections back.
func (h *Hook) Close() { h.client.CloseIdleConnections() }

// do sends a request and says what its answer means to whoever tries again; hear, if there is one, gets how it begins.
func do(c *http.Client, req *http.Request, hear func(said string)) (int, error) {
	req.Header.Set("User-Agent", agent)
	res, err := c.Do(req)
	if err != nil {
		return 0, unreached(err)
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(res.Body, 300)) // only for people
	if hear != nil {
		hear(string(said))
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res.StatusCode, meaning(res, strings.TrimSpace(string(said)))
}

func unreached(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the address, which may hold a key
	}
	if errors.Is(err, errPrivate) {
		return errs.Permanent(errPrivate)
	}
	return errs.Unavailable("there was no answer").Because(err)
}

func meaning(res *http.Response, said string) error {
	sentence := "it answered " + res.Status
	if said != "" {
		sentence += ": " + said
	}
	switch code := res.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusGone:
		return errs.NotFound("%s", sentence)
	case code == http.StatusTooManyRequests, code >= 500, code == http.StatusRequestTimeout:
		e := errs.Unavailable("%s", sentence)
		e.After = retryAfter(res.Header.Get("Retry-After"))
		return e
	}
	return errors.New(sentence)
}

func retryAfter(header string) time.Duration {
	if secs, err := strconv.Atoi(header); err == nil && secs > 0 {
		return time.Duration(min(secs, 86400)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// Texts carries text messages through a provider's HTTP API: a POST of a form.
type Texts struct {
	client        *http.Client
	url           string
	body          string
	authorization string
}

// TextOptions say how a provider is called. In URL and Body {to} and {text} stand for number and text, escaped for
// where they are.
type TextOptions struct {
	URL           string        // https://sms.example/send
	Body          string        // a form; "": to={to}&text={text}
	Authorization string        // the header; "": none
	Timeout       time.Duration // of a call
}

// NewTexts returns a carrier. The operator chooses the provider, so that it may be in a private network.
func NewTexts(o TextOptions) *Texts {
	if o.Body == "" {
		o.Body = "to={to}&text={text}"
	}
	return &Texts{client(o.Timeout, true), o.URL, o.Body, o.Authorization}
}

// Carry implements notify.Carrier: any 2xx is an arrival, 400 and 422 refuse the number for good.
func (t *Texts) Carry(ctx context.Context, p notify.Parcel) (int, error) {
	fill := strings.NewReplacer("{to}", url.QueryEscape(p.To), "{text}", url.QueryEscape(string(p.Body)))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, fill.Replace(t.url), strings.NewReader(fill.Replace(t.body)))
	if err != nil {
		return 0, errs.Permanent(fmt.Errorf("the provider's URL cannot be called: %w", err))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if t.authorization != "" {
		req.Header.Set("Authorization", t.authorization)
	}
	code, err := do(t.client, req, nil)
	if code == http.StatusBadRequest || code == http.StatusUnprocessableEntity {
		err = errs.Permanent(err)
	}
	return code, err
}

// Close gives idle connections back.
func (t *Texts) Close() { t.client.CloseIdleConnections() }
