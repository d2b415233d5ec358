package order

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// A provider in trouble holds few hands, is asked again as soon as one is free, and one answer ends the trouble.
func TestBreaker(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	var b breaker
	for range breakAfter {
		require.True(t, b.enter())
		b.leave(away)
	}
	for range breakTo {
		require.True(t, b.enter())
	}
	require.False(t, b.enter(), "the hands that others need")
	b.leave(away)
	require.True(t, b.enter(), "one that failed makes room for the next at once")
	b.leave(nil)
	for range 50 {
		require.True(t, b.enter(), "it is back")
	}
}
