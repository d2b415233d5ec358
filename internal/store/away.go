package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// gone marks what failed because Postgres was away.
type gone struct{ error }

// Unwrap returns what happened.
func (g gone) Unwrap() error { return g.error }

// IsAway tells whether work failed because Postgres could not be reached, or went away meanwhile: the same work may succeed
// when it is back. What its caller gave up, or gave too little time, did not fail for that.
func IsAway(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return connectionLost(pg)
	}
	_, marked := errors.AsType[gone](err)
	_, unreachable := errors.AsType[*pgconn.ConnectError](err)
	return marked || unreachable
}
