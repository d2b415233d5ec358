package api

import (
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// route describes one operation to clients and to the machinery around its handler.
type route struct {
	method, path string
	view         View
	id           string // unique, for generated clients
	tag          string
	summary      string // a few words
	description  string // what it does, what repeating it does, in sentences
	status       int    // of a success; 200 when zero
	also         int    // another status of a success with the same body; none when zero
	errors       []int  // statuses of failures, besides those that every route may have
	request      string // an example of the body, JSON
	response     string // an example of the answer, JSON
	quiet        bool   // on the hot path: its successes are only logged in debug
	badRequest   bool   // contract R: invalid is 400, not 422
	stream       bool   // has no end of its own, so no time limit
	lenient      bool   // ignores query parameters it does not know, as contract clients may expect
}

func (d route) key() string { return d.method + " " + d.path }

// add registers a handler for a route, when its view is served. The handler gets who asks (nobody on public routes)
// and may return any error.
func add[I, O any](s *server, d route, handle func(ctx context.Context, who actor.Actor, in *I) (*O, error)) {
	who, ok := rights[d.key()]
	if !ok {
		panic("api: nobody said who may use " + d.key())
	}
	s.routes[d.key()] = true
	if !s.serves(d.view) {
		return
	}
	op := d.operation(who)
	op.Middlewares = huma.Middlewares{s.guard(d, who)}
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		caller, _ := actor.From(ctx)
		out, err := handle(ctx, caller, in)
		if err != nil {
			return nil, problem(ctx, err)
		}
		return out, nil
	})
	d.illustrate(op)
}

func (d route) operation(who access) huma.Operation {
	op := huma.Operation{
		Method: d.method, Path: d.path, OperationID: d.id, Summary: d.summary, Description: d.description,
		Tags: []string{d.tag}, DefaultStatus: d.status, Responses: map[string]*huma.Response{},
		MaxBodyBytes:                 maxBody + 1, // huma refuses what has as many bytes
		BodyReadTimeout:              answerIn + 2*time.Second,
		RejectUnknownQueryParameters: !d.lenient,
		Errors:                       append([]int{http.StatusServiceUnavailable}, d.errors...),
	}
	if d.request != "" {
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Example: example(d.request)}}}
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if !who.public {
		op.Security = []map[string][]string{{"token": {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	return op
}

// illustrate completes what huma has made of the operation: it shares the operation's map of responses.
func (d route) illustrate(op huma.Operation) {
	if d.badRequest {
		delete(op.Responses, "422")
	}
	status := d.status
	if status == 0 {
		status = http.StatusOK
	}
	answer := op.Responses[strconv.Itoa(status)]
	if answer == nil || d.response == "" {
		return
	}
	for _, media := range answer.Content {
		media.Example = example(d.response)
	}
	if d.also != 0 {
		again := *answer
		again.Content = maps.Clone(answer.Content)
		again.Description = "Asked before: the first answer"
		op.Responses[strconv.Itoa(d.also)] = &again
	}
}

func example(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return text // what is streamed is not JSON
	}
	return v
}

// guard lets in who may use the route and gives the request its time.
func (s *server) guard(d route, who access) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		ctx := hc.Context()
		x := exchangeOf(ctx)
		x.quiet, x.badRequest = d.quiet, d.badRequest
		if !who.public {
			caller, err := s.admit(ctx, hc, who)
			if err != nil {
				_, w := humago.Unwrap(hc)
				problem(ctx, err).write(w)
				return
			}
			ctx = actor.With(ctx, caller)
		}
		if !d.stream {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.timeout)
			defer cancel()
		}
		next(huma.WithContext(hc, ctx))
	}
}

// admit finds out who asks. Errors: KindUnauthorized, KindForbidden.
func (s *server) admit(ctx context.Context, hc huma.Context, may access) (actor.Actor, error) {
	who, err := s.caller(ctx, hc)
	if err != nil {
		return actor.Actor{}, err
	}
	return who, may.allow(who)
}

func (s *server) caller(ctx context.Context, hc huma.Context) (actor.Actor, error) {
	header := hc.Header("Authorization")
	if header == "" {
		if s.Demo != nil && (s.Open || ownName(hc.Host())) {
			return *s.Demo, nil
		}
		return actor.Actor{}, errs.Unauthorized("a token is needed: send it as Authorization: Bearer …")
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return actor.Actor{}, errs.Unauthorized("the token must be sent as Authorization: Bearer …")
	}
	return s.Tenants.Authenticate(ctx, strings.TrimSpace(token))
}

// ownName tells whether a request names this machine itself, not a domain: a page on the internet can make a browser
// send requests to a domain that resolves to 127.0.0.1, and those must not act as the demo owner.
func ownName(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	return net.ParseIP(name) != nil || name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// outlet finds the outlet that a request names by slug or id; "" is the caller's own, as 0.
// Errors: KindNotFound.
func (s *server) outlet(ctx context.Context, who actor.Actor, ref string) (int64, error) {
	if ref == "" {
		return 0, nil
	}
	list, err := s.Tenants.ListOutlets(ctx, who.Tenant)
	if err != nil {
		return 0, err
	}
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		id = 0
	}
	found := int64(0)
	for _, o := range list {
		if who.Sees(o.ID) && (o.Slug == ref || o.ID == id && found == 0) {
			found = o.ID
		}
	}
	if found == 0 {
		return 0, errs.NotFound("there is no outlet %q", ref)
	}
	return found, nil
}

// outletField is outlet for a field of a body. Errors: KindInvalid.
func (s *server) outletField(ctx context.Context, who actor.Actor, ref string) (int64, error) {
	id, err := s.outlet(ctx, who, ref)
	if errs.Is(err, errs.KindNotFound) {
		var f errs.Fields
		f.Add("outlet", "%q is not one of your outlets", ref)
		return 0, f.Err()
	}
	return id, err
}
