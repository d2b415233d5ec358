package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"brigade/internal/errs"
)

// statuses is the one table from kinds of errors to HTTP.
var statuses = map[errs.Kind]int{
	errs.KindInternal:     http.StatusInternalServerError,
	errs.KindInvalid:      http.StatusUnprocessableEntity,
	errs.KindMalformed:    http.StatusBadRequest,
	errs.KindUnauthorized: http.StatusUnauthorized,
	errs.KindForbidden:    http.StatusForbidden,
	errs.KindNotFound:     http.StatusNotFound,
	errs.KindConflict:     http.StatusConflict,
	errs.KindTooLarge:     http.StatusRequestEntityTooLarge,
	errs.KindTooMany:      http.StatusTooManyRequests,
	errs.KindUnavailable:  http.StatusServiceUnavailable,
	errs.KindUnknown:      http.StatusServiceUnavailable,
}

// typePrefix makes a problem's type out of a kind's name.
const typePrefix = "urn:brigade:problem:"

// Problem is the body of every error (RFC 9457), with `error` for clients that only show one sentence.
type Problem struct {
	Type      string     `json:"type" doc:"What sort of failure it is, for machines" example:"urn:brigade:problem:invalid"`
	Title     string     `json:"title" doc:"The status in words" example:"Unprocessable Entity"`
	Status    int        `json:"status" doc:"The HTTP status" example:"422"`
	Detail    string     `json:"detail" doc:"What is wrong, for people" example:"items.pizza \"pizza\" is not on the menu"`
	Faults    []Fault    `json:"errors,omitempty" doc:"Every faulty field"`
	Sentence  string     `json:"error" doc:"The same as detail" example:"items.pizza \"pizza\" is not on the menu"`
	Earliest  *time.Time `json:"earliest_at,omitempty" doc:"The earliest time for which it would work" example:"2024-12-16T12:40:00Z"`
	RequestID string     `json:"request_id,omitempty" doc:"By which the request is found in the logs" example:"r-5f3a9c1e-2s"`

	header http.Header
}

// Fault is one faulty field of a request.
type Fault struct {
	Location string `json:"location,omitempty" doc:"Where in the request" example:"body.items.pizza"`
	Field    string `json:"field" doc:"The field's path, as the client wrote it" example:"items.pizza"`
	Message  string `json:"message" doc:"What is wrong with it" example:"\"pizza\" is not on the menu"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func (p *Problem) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may be gone
}

func newProblem(status int, kind, detail string) *Problem {
	return &Problem{
		Type: typePrefix + kind, Title: http.StatusText(status), Status: status, Detail: detail, Sentence: detail,
		header: http.Header{},
	}
}

// problem turns a service's error into what the client is told. The details of an internal one are kept for the log.
func problem(ctx context.Context, err error) *Problem {
	x := exchangeOf(ctx)
	e, ok := errors.AsType[*errs.Error](err)
	switch {
	case ok:
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		e = tookTooLong(x)
	default:
		e = errs.Malformed("") // replaced below: an error without a kind is internal
		e.Kind = errs.KindInternal
	}
	x.cause = err
	p := newProblem(x.status(e.Kind), e.Kind.String(), e.Public())
	p.RequestID = x.id
	if e.Kind == errs.KindInternal {
		p.Detail = "something is broken here, not in the request; the operator finds it in the logs by the request_id"
		p.Sentence = p.Detail
		return p
	}
	for _, f := range e.Fields {
		p.Faults = append(p.Faults, Fault{Field: f.Path, Message: f.Message})
	}
	p.Earliest = when(e.Earliest)
	p.advise(e)
	return p
}

// tookTooLong is for requests whose time has run out without a service saying what became of them.
func tookTooLong(x *exchange) *errs.Error {
	if x.reading {
		return errs.Unavailable("this took too long: try again later")
	}
	return errs.Unknown("this took too long: it may or may not have been done; ask again with the same key")
}

// advise adds the headers that say what to do next.
func (p *Problem) advise(e *errs.Error) {
	switch e.Kind {
	case errs.KindUnauthorized:
		p.header.Set("WWW-Authenticate", `Bearer realm="brigade"`)
	case errs.KindUnavailable, errs.KindUnknown, errs.KindTooMany:
		wait := max(1, math.Ceil(e.After.Seconds()))
		p.header.Set("Retry-After", strconv.FormatFloat(min(wait, time.Hour.Seconds()), 'f', 0, 64))
	default:
	}
}

// newHumaError is for errors that huma finds itself, and tells it what its documentation shall show.
func newHumaError(status int, msg string, details ...error) huma.StatusError {
	return humaProblem(&exchange{}, status, msg, details)
}

func newHumaErrorInContext(ctx huma.Context, status int, msg string, details ...error) huma.StatusError {
	return humaProblem(exchangeOf(ctx.Context()), status, msg, details)
}

func humaProblem(x *exchange, status int, msg string, details []error) *Problem {
	kind := "internal"
	switch status {
	case http.StatusUnprocessableEntity:
		kind, status = errs.KindInvalid.String(), x.status(errs.KindInvalid)
	case http.StatusBadRequest:
		kind = errs.KindMalformed.String()
	case http.StatusRequestEntityTooLarge:
		kind, msg = errs.KindTooLarge.String(), tooLarge.Msg
	case http.StatusUnsupportedMediaType:
		kind, msg, details = "unsupported_media_type", "the body must be application/json", nil
	case http.StatusRequestTimeout:
		kind, msg = "timeout", "the body did not come in time"
	case http.StatusInternalServerError: // a body that broke off: huma has no other 500 of its own
		kind, status, msg, details = errs.KindMalformed.String(), http.StatusBadRequest, "the body could not be read to its end", nil
	}
	faults := faultsOf(details)
	if len(faults) > 0 {
		msg = sentence(faults)
	}
	p := newProblem(status, kind, msg)
	p.Faults, p.RequestID = faults, x.id
	return p
}

var tooLarge = errs.TooLarge("the body is larger than %d bytes", maxBody)

func sentence(faults []Fault) string {
	parts := make([]string, len(faults))
	for i, f := range faults {
		parts[i] = strings.TrimSpace(f.Field + " " + f.Message)
	}
	return strings.Join(parts, "; ")
}

func faultsOf(details []error) []Fault {
	var faults []Fault
	for _, d := range details {
		if d == nil {
			continue
		}
		if e, ok := errors.AsType[*huma.ErrorDetail](d); ok {
			faults = append(faults, faultAt(e.Location, e.Message))
			continue
		}
		faults = append(faults, Fault{Message: d.Error()})
	}
	return faults
}

// missing ends huma's message about a property that is not there, which it reports at the object that should have it.
const missing = " is missing"

// plain are huma's messages about parameters, which it keeps to itself.
var plain = map[string]string{
	"unknown query parameter": "is not known",
	"invalid integer":         "must be a whole number",
	"invalid boolean":         "must be true or false",
	"invalid float":           "must be a number",
}

func faultAt(location, message string) Fault {
	message = cmp.Or(plain[message], message)
	if name, ok := strings.CutSuffix(message, missing); ok && strings.HasPrefix(location, "body") {
		location, message = location+"."+name, strings.TrimSpace(missing)
	}
	_, field, _ := strings.Cut(location, ".")
	if field == "" && message != "" && location != "body" {
		field = location
	}
	if location == "body" {
		message = strings.TrimSpace("the body " + message)
	}
	return Fault{Location: location, Field: field, Message: message}
}

// teachWords replaces huma's messages by ones that read on after the field's name.
func teachWords() {
	validation.MsgUnexpectedProperty = "is not known"
	validation.MsgExpectedBoolean = "must be true or false"
	validation.MsgExpectedNumber = "must be a number"
	validation.MsgExpectedInteger = "must be a whole number"
	validation.MsgExpectedString = "must be a text"
	validation.MsgExpectedArray = "must be a list"
	validation.MsgExpectedObject = "must be an object"
	validation.MsgExpectedOneOf = "must be one of %s"
	validation.MsgExpectedMinimumNumber = "must be at least %v"
	validation.MsgExpectedMaximumNumber = "must be at most %v"
	validation.MsgExpectedExclusiveMinimumNumber = "must be above %v"
	validation.MsgExpectedMinLength = "must have at least %d characters"
	validation.MsgExpectedMaxLength = "must have at most %d characters"
	validation.MsgExpectedMinItems = "must have at least %d entries"
	validation.MsgExpectedMaxItems = "must have at most %d entries"
	validation.MsgExpectedMinProperties = "must have at least %d entries"
	validation.MsgExpectedMaxProperties = "must have at most %d entries"
	validation.MsgExpectedRequiredProperty = "%s" + missing
}

// readJSON decodes a body. What Postgres could not keep is refused here, for all fields at once.
func readJSON(data []byte, v any) error {
	if hasNUL(data) {
		return errors.New("must not hold the character NUL")
	}
	err := json.Unmarshal(data, v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("has a %s at %q, which does not fit there", wrong.Value, wrong.Field)
	}
	if err != nil {
		return fmt.Errorf("is not JSON: %w", err)
	}
	return nil
}

// hasNUL tells whether a JSON text escapes the character NUL.
func hasNUL(data []byte) bool {
	const escape = `\u0000`
	for i := 0; i+len(escape) <= len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		if string(data[i:i+len(escape)]) == escape {
			return true
		}
		i++ // what is escaped, perhaps a backslash
	}
	return false
}
