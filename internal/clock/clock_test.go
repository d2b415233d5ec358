package clock_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/clock"
)

var _ = []clock.Clock{clock.Real(), clock.NewManual(time.Time{})}

func TestRealFollowsTheMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := clock.Real()
		require.InDelta(t, 1, c.Scale(), 0)
		for range 3 {
			now := c.Now()
			require.True(t, now.Equal(time.Now()))
			require.Equal(t, time.UTC, now.Location())
			require.Equal(t, now, now.Round(0), "no monotonic reading: comparable and storable")
			<-time.After(90 * time.Minute)
		}
	})
}

func TestScaledRunsFaster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := clock.NewScaled(60, time.Time{})
		start := c.Now()
		<-time.After(time.Minute)
		require.Equal(t, time.Hour, c.Now().Sub(start))

		began := time.Now()
		fired, stop := c.After(time.Hour)
		defer stop()
		<-fired
		require.Equal(t, time.Minute, time.Since(began))
		require.Equal(t, 2*time.Hour, c.Now().Sub(start))
	})
}

// A clock that ran fast is ahead; after a restart it goes on from there, at any speed.
func TestNeverGoesBackOverARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reached := time.Now().Add(48 * time.Hour)
		for _, scale := range []float64{1, 0.5, 100} {
			c := clock.NewScaled(scale, reached)
			require.True(t, c.Now().Equal(reached))
			<-time.After(time.Hour)
			require.Equal(t, time.Duration(scale*float64(time.Hour)), c.Now().Sub(reached))
		}
		require.True(t, clock.NewScaled(1, time.Now().Add(-time.Hour)).Now().Equal(time.Now()), "the past does not hold it back")
	})
}

// Whoever waits for a time finds that it has come, at odd scales and for tiny durations, too.
func TestAfterIsNotEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, scale := range []float64{1, 3, 7.3, 10_000, 0.3} {
			c := clock.NewScaled(scale, time.Time{})
			for _, d := range []time.Duration{1, 17, time.Microsecond, 1_234_567, time.Second} {
				due := c.Now().Add(d)
				fired, _ := c.After(d)
				<-fired
				require.False(t, c.Now().Before(due), "scale %v, %v", scale, d)
			}
		}
	})
}

func TestAfterOfNearlyForever(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fired, stop := clock.NewScaled(0.001, time.Time{}).After(math.MaxInt64)
		<-time.After(time.Hour)
		require.Empty(t, fired)
		stop()
	})
}

func TestStoppedAfterNeverFires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fired, stop := clock.Real().After(time.Second)
		stop()
		<-time.After(time.Minute)
		require.Empty(t, fired)
	})
}

func TestManual(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	c := clock.NewManual(start)
	require.True(t, c.Now().Equal(start))
	require.Equal(t, time.UTC, c.Now().Location())
	c.Advance(90 * time.Second)
	require.Equal(t, 90*time.Second, c.Now().Sub(start))
	c.Set(start)
	require.True(t, c.Now().Equal(start))
	fired, stop := c.After(0)
	stop()
	require.Nil(t, fired)
}
