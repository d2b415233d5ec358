package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/telemetry"
)

const (
	usualServer  = "http://127.0.0.1:8080"
	answerIn     = 30 * time.Second
	largestReply = 64 << 20
)

// Remote is what every command has that asks a running Brigade.
type Remote struct {
	Config config.File      `name:"config" env:"BRIGADE_CONFIG" placeholder:"FILE.yaml" help:"Read settings from this YAML file; it has the flags' names."`
	Server string           `name:"server" env:"BRIGADE_SERVER" placeholder:"URL" help:"The running brigade (default: the one of the state folder, else http://127.0.0.1:8080)."`
	State  string           `name:"state" env:"BRIGADE_STATE" default:".brigade" placeholder:"DIR" help:"State folder, in which a running brigade says where it is."`
	Token  telemetry.Secret `name:"token" env:"BRIGADE_TOKEN" placeholder:"TOKEN" help:"Who you are; better as environment variable, which nobody else sees."`
	JSON   bool             `name:"json" help:"Write the answer as JSON, as the API gives it."`
}

// AtOutlet is for commands that mean one outlet.
type AtOutlet struct {
	Outlet string `name:"outlet" env:"BRIGADE_OUTLET" placeholder:"SLUG" help:"Which outlet (default: the token's own, else the tenant's default)."`
}

func (o AtOutlet) query() url.Values {
	q := url.Values{}
	if o.Outlet != "" {
		q.Set("outlet", o.Outlet)
	}
	return q
}

// request is one call of the API.
type request struct {
	method, path string // path from /api/v1 on, escaped
	query        url.Values
	body         any    // nil: none
	key          string // Idempotency-Key; "": none
}

// base returns where the running Brigade is, without a slash at the end. Errors: KindInvalid.
func (r *Remote) base() (string, error) {
	server := r.Server
	if server == "" {
		running, err := FindRunning(r.State)
		if err != nil {
			return "", err
		}
		server = usualServer
		if running != nil {
			server = running.URL
		}
	}
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errs.Invalid("--server must be a URL like %s", usualServer)
	}
	return strings.TrimSuffix(server, "/"), nil
}

// send sends a request and returns the answer to a success. Errors: *refusal for what the API refused, KindUnavailable
// when nobody answers.
func (r *Remote) send(ctx context.Context, req request, header http.Header) (*http.Response, error) {
	base, err := r.base()
	if err != nil {
		return nil, err
	}
	out, err := newRequest(ctx, base, req)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		out.Header[name] = values
	}
	if r.Token != "" {
		out.Header.Set("Authorization", "Bearer "+r.Token.Reveal())
	}
	res, err := http.DefaultClient.Do(out)
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, errs.Unavailable("no brigade answers at %s; is it running? (brigade up)", base).Because(unwrapURL(err))
	case res.StatusCode >= 300:
		defer res.Body.Close()
		return nil, refused(base, res)
	}
	return res, nil
}

// unwrapURL drops the address from an error, which our sentence has already.
func unwrapURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func newRequest(ctx context.Context, base string, req request) (*http.Request, error) {
	var body io.Reader
	if req.body != nil {
		b, err := json.Marshal(req.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	address := base + "/api/v1" + req.path
	if len(req.query) > 0 {
		address += "?" + req.query.Encode()
	}
	out, err := http.NewRequestWithContext(ctx, cmp.Or(req.method, http.MethodGet), address, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		out.Header.Set("Content-Type", "application/json")
	}
	if req.key != "" {
		out.Header.Set("Idempotency-Key", req.key)
	}
	return out, nil
}

// ask sends a request and shows the answer: as it came with --json, else by show.
func ask[T any](ctx context.Context, env *Env, r *Remote, req request, show func(T) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerIn,
		errs.Unknown("there was no answer in %v; it may or may not have been done", answerIn))
	defer cancel()
	res, err := r.send(ctx, req, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, largestReply))
	if err != nil {
		return errs.Unknown("the answer broke off").Because(err)
	}
	if r.JSON {
		_, err := fmt.Fprintln(env.Out, strings.TrimSpace(string(body)))
		return err
	}
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		return fmt.Errorf("what answers there is no brigade, or one of another version: %w", err)
	}
	return show(v)
}

// refusal is what the API says when it refuses: its problem document.
type refusal struct {
	Kind     string `json:"type"`
	Sentence string `json:"detail"`
	Faults   []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
	status int
}

// refused reads why a request was refused.
func refused(base string, res *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // what came must do
	r := &refusal{status: res.StatusCode}
	if err := json.Unmarshal(body, r); err != nil || r.Sentence == "" {
		return fmt.Errorf("%s answered %s, which no brigade would", base, res.Status)
	}
	return r.error()
}

// error says the refusal in the words of the command line.
func (r *refusal) error() error {
	var e *errs.Error
	switch {
	case r.status == http.StatusUnauthorized:
		return errs.Unauthorized("%s (--token or BRIGADE_TOKEN; brigade token create makes one)", r.Sentence)
	case len(r.Faults) > 1:
		e = errs.Invalid("")
		for _, f := range r.Faults {
			e.Fields = append(e.Fields, errs.Field{Path: f.Field, Message: f.Message})
		}
		return e
	case strings.HasSuffix(r.Kind, ":"+errs.KindUnknown.String()):
		return errs.Unknown("%s", r.Sentence)
	case r.status == http.StatusServiceUnavailable:
		return errs.Unavailable("%s", r.Sentence)
	default:
		return errs.Conflict("%s", r.Sentence)
	}
}

// tell sends a request whose success has no answer, and says a sentence instead.
func tell(ctx context.Context, env *Env, r *Remote, req request, sentence string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerIn,
		errs.Unknown("there was no answer in %v; it may or may not have been done", answerIn))
	defer cancel()
	res, err := r.send(ctx, req, nil)
	if err != nil {
		return err
	}
	if r.JSON {
		sentence = "{}"
	}
	fmt.Fprintln(env.Out, sentence)
	return res.Body.Close()
}
