// Package errs gives every error a kind for machines and a sentence for people.
//
// A kind becomes an HTTP status in one place (package api) and an exit code in one place (cmd).
// An error without a kind is internal: its details are logged and never shown.
package errs

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of failure an error is.
type Kind uint8

// The kinds, from the most to the least harmless.
const (
	KindInternal     Kind = iota // unknown: a bug or a broken part
	KindInvalid                  // the request can never succeed as it is
	KindMalformed                // the request could not be read at all
	KindUnauthorized             // nobody we know
	KindForbidden                // known, but not allowed
	KindNotFound                 // no such thing in this tenant
	KindConflict                 // not in this state
	KindTooLarge                 // more than is accepted
	KindTooMany                  // asked too often: wait a little
	KindUnavailable              // try again later: a part we need is away
	KindUnknown                  // it may or may not have happened: ask again with the same key
)

var kindNames = [...]string{
	"internal", "invalid", "malformed", "unauthorized", "forbidden",
	"not_found", "conflict", "too_large", "too_many", "unavailable", "outcome_unknown",
}

// String returns the kind's name as used in logs and in problem documents.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[KindInternal]
}

// Field is one faulty field of a request.
type Field struct {
	Path    string // where, as the client wrote it: "items[2].quantity"
	Message string // what is wrong: "must be 1 to 10"

	text Text
}

// Said returns what the message was made of.
func (f Field) Said() Text { return f.text.or(f.Message) }

// Error is an error with a kind, a sentence for people and, for invalid requests, the faulty fields.
type Error struct {
	Kind   Kind
	Msg    string
	Fields []Field
	After  time.Duration // for KindUnavailable: when it may be worth trying again; 0 = no idea

	Earliest time.Time // for KindConflict: the earliest time that would work; zero = nobody knows

	text  Text
	cause error
}

// Said returns what the sentence was made of.
func (e *Error) Said() Text { return e.text.or(e.Msg) }

func (e *Error) Error() string {
	msg := e.Msg
	if len(e.Fields) > 0 {
		parts := make([]string, len(e.Fields))
		for i, f := range e.Fields {
			parts[i] = f.Path + " " + f.Message
		}
		msg = strings.TrimPrefix(msg+": "+strings.Join(parts, "; "), ": ")
	}
	if e.cause != nil {
		return msg + ": " + e.cause.Error()
	}
	return msg
}

func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy of e that carries the cause; the cause is logged, not shown to clients.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Public returns the sentence and fields for people, without the cause.
func (e *Error) Public() string {
	c := *e
	c.cause = nil
	return c.Error()
}

func newf(kind Kind, format string, a []any) *Error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, a...), text: Text{format, a}}
}

// Invalid is for a request that can never succeed as it is.
func Invalid(format string, a ...any) *Error { return newf(KindInvalid, format, a) }

// Malformed is for a request that could not be read.
func Malformed(format string, a ...any) *Error { return newf(KindMalformed, format, a) }

// Unauthorized is for a caller without a valid token.
func Unauthorized(format string, a ...any) *Error { return newf(KindUnauthorized, format, a) }

// Forbidden is for a caller whose role does not allow the call.
func Forbidden(format string, a ...any) *Error { return newf(KindForbidden, format, a) }

// NotFound is for a thing that does not exist in the caller's tenant.
func NotFound(format string, a ...any) *Error { return newf(KindNotFound, format, a) }

// Conflict is for a change that the present state does not allow.
func Conflict(format string, a ...any) *Error { return newf(KindConflict, format, a) }

// TooLarge is for a request over a limit of size.
func TooLarge(format string, a ...any) *Error { return newf(KindTooLarge, format, a) }

// TooMany returns a KindTooMany error.
func TooMany(format string, a ...any) *Error { return newf(KindTooMany, format, a) }

// Unavailable is for a part that is away just now; nothing was written.
func Unavailable(format string, a ...any) *Error { return newf(KindUnavailable, format, a) }

// Unknown is for a change of which nobody can tell now whether it was written.
func Unknown(format string, a ...any) *Error { return newf(KindUnknown, format, a) }

// Fields collects faulty fields, so that all of them are named at once.
type Fields []Field

// Add notes a faulty field.
func (f *Fields) Add(path, format string, a ...any) {
	*f = append(*f, Field{Path: path, Message: fmt.Sprintf(format, a...), text: Text{format, a}})
}

// Err returns nil when no field is faulty, else one KindInvalid error that names all.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Fields: f}
}

// KindOf returns the kind of the first *Error in err's chain; KindInternal when there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}

// Is tells whether err is of the given kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// permanent marks an error that trying again cannot cure.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks err: whoever tries a step again and again gives up at it. nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent tells whether err, or what it wraps, was marked by Permanent.
func IsPermanent(err error) bool {
	_, ok := errors.AsType[permanent](err)
	return ok
}

// later marks an error that time may cure.
type later struct {
	error
	after time.Duration
}

func (l later) Unwrap() error { return l.error }

// RetryAfter marks err: the step is worth trying again after d, and this try does not count. nil stays nil.
func RetryAfter(d time.Duration, err error) error {
	if err == nil {
		return nil
	}
	return later{err, max(d, 0)}
}

// RetryDelay returns after how long a step is worth trying again; ok is false when nobody said so.
func RetryDelay(err error) (d time.Duration, ok bool) {
	l, ok := errors.AsType[later](err)
	return l.after, ok
}
