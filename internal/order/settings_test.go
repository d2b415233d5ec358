package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/order"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func TestForHalfPastSevenIsTheNextOne(t *testing.T) {
	t.Parallel()
	madrid := zone(t, "Europe/Madrid")
	for now, want := range map[string]string{
		"2026-03-10T12:00:00Z": "2026-03-10T18:30:00Z",
		"2026-03-10T18:30:00Z": "2026-03-10T18:30:00Z",
		"2026-03-10T18:31:00Z": "2026-03-11T18:30:00Z",
		"2026-03-28T20:00:00Z": "2026-03-29T17:30:00Z", // the clocks go forward in the night
		"2026-10-24T20:00:00Z": "2026-10-25T18:30:00Z", // and back
	} {
		at, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		got, err := order.NextAt(at, "19:30", madrid)
		require.NoError(t, err)
		require.Equal(t, want, got.Format(time.RFC3339), now)
	}
}

func TestHoursThatComeTwiceOrNever(t *testing.T) {
	t.Parallel()
	madrid := zone(t, "Europe/Madrid")
	_, err := order.NextAt(time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC), "02:30", madrid)
	require.True(t, errs.Is(err, errs.KindConflict), "the clocks leap from 2:00 to 3:00")
	first, err := order.NextAt(time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), "02:30", madrid)
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), first)
	second, err := order.NextAt(first.Add(time.Minute), "02:30", madrid)
	require.NoError(t, err)
	require.Equal(t, first.Add(time.Hour), second)
	_, err = order.NextAt(first, "25:00", madrid)
	require.True(t, errs.Is(err, errs.KindInvalid))
}

func TestOpeningHours(t *testing.T) {
	t.Parallel()
	madrid := zone(t, "Europe/Madrid")
	hours := []order.OpenHours{
		{Weekday: time.Saturday, Opens: 18 * time.Hour, Closes: 3*time.Hour + 30*time.Minute}, // until Sunday morning
		{Weekday: time.Sunday, Opens: 12 * time.Hour, Closes: 16 * time.Hour},
	}
	for at, want := range map[string]bool{
		"2026-03-28T16:59:00Z": false, "2026-03-28T17:00:00Z": true, "2026-03-28T23:00:00Z": true,
		"2026-03-29T01:29:00Z": true, // 3:29, an hour of the night is missing
		"2026-03-29T01:30:00Z": false,
		"2026-03-29T10:00:00Z": true, // noon in summer time
		"2026-03-29T14:00:00Z": false,
		"2026-03-30T10:30:00Z": false,
	} {
		moment, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.Equal(t, want, order.OpenAt(hours, moment, madrid), at)
		require.True(t, order.OpenAt(nil, moment, madrid), "no hours: always open")
	}
}

func TestAReleaseIsPlannedWithTheQueueOfItsTime(t *testing.T) {
	t.Parallel()
	wanted := noon.Add(2 * time.Hour)
	alone := 10 * time.Minute
	require.Equal(t, noon.Add(90*time.Minute), order.ReleaseAt(noon, wanted, alone, time.Hour), "far ahead the queue of now says nothing")
	soon := noon.Add(95 * time.Minute)
	require.Equal(t, soon.Add(time.Minute), order.ReleaseAt(soon, wanted, alone, 0), "then it is looked at again")
	require.False(t, order.ReleaseAt(soon, wanted, alone, 16*time.Minute).After(soon), "a busy kitchen gets it earlier")
	require.Equal(t, wanted.Add(-alone), order.ReleaseAt(wanted.Add(-alone-time.Second), wanted, alone, 0))
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
