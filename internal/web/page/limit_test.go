package page

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhoAsksTooOftenWaits(t *testing.T) {
	t.Parallel()
	l, now := NewLimiter(3, time.Second), time.Unix(1000, 0)
	for range 3 {
		require.True(t, l.allow("a", now))
	}
	require.False(t, l.allow("a", now))
	require.True(t, l.allow("b", now), "others do not wait for him")
	require.True(t, l.allow("a", now.Add(time.Second)))
	require.False(t, l.allow("a", now.Add(time.Second)))
}
