package api

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
)

// settled is a kitchen that answers taps as it is told.
type settled struct {
	Work
	answers []kitchen.Settled
}

func (s settled) Settle(context.Context, actor.Actor, []kitchen.Tap) []kitchen.Settled {
	return s.answers
}

// A tap that our own fault kept from being carried out is in the log: the tablet forgets it.
func TestATapThatFailedIsInTheLog(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &server{Parts: Parts{Log: slog.New(slog.NewTextHandler(&log, nil)), Work: settled{answers: []kitchen.Settled{
		kitchen.NewSettled("carried", false, nil), kitchen.NewSettled("too-late", false, errs.Conflict("it is made")),
		kitchen.NewSettled("our-own-fault", false, errors.New("a nil pointer")),
	}}}}
	out, err := s.settleTaps(t.Context(), actor.Actor{}, &tapsInput{})
	require.NoError(t, err)
	require.Len(t, out.Body.Taps, 3)
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	require.Regexp(t, `our-own-fault.*a nil pointer`, log.String())
}
