package schedule_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/workflow/schedule"
)

func TestAfterAnOutage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy   schedule.CatchUp
		decided  string
		now      string
		days     []string
		passed   int
		whatItIs string
	}{
		{"", "2026-05-01T08:00:00Z", "2026-05-05T07:00:00Z", []string{"2026-05-04"}, 2, "the newest stands for all"},
		{schedule.Once, "2026-05-01T08:00:00Z", "2026-05-05T08:01:00Z", []string{"2026-05-05"}, 3, "today's is on time and stands for all"},
		{schedule.All, "2026-05-01T08:00:00Z", "2026-05-05T08:01:00Z", []string{"2026-05-02", "2026-05-03", "2026-05-04", "2026-05-05"}, 0, "all"},
		{schedule.Never, "2026-05-01T08:00:00Z", "2026-05-05T07:00:00Z", nil, 3, "none"},
		{schedule.Never, "2026-05-01T08:00:00Z", "2026-05-05T08:05:00Z", []string{"2026-05-05"}, 3, "but what is on time"},
		{schedule.Never, "2026-05-05T08:00:00Z", "2026-05-05T08:05:00Z", nil, 0, "nothing is decided twice"},
		{schedule.All, "2026-05-06T08:00:00Z", "2026-05-05T08:05:00Z", nil, 0, "a clock that was set back"},
	} {
		s := schedule.Schedule{Cron: cron(t, "0 8 * * *"), CatchUp: c.policy}
		due := s.Due(moment(t, c.decided), moment(t, c.now))
		var days []string
		for _, r := range due.Start {
			days = append(days, r.Day.String())
		}
		require.Equal(t, c.days, days, c.whatItIs)
		require.Equal(t, c.passed, due.Passed, c.whatItIs)
		require.False(t, due.Through.Before(moment(t, c.decided)), c.whatItIs)
	}
}

func TestVeryManyMissedRunsAreBounded(t *testing.T) {
	t.Parallel()
	s := schedule.Schedule{Cron: cron(t, "* * * * *"), CatchUp: schedule.All}
	now := moment(t, "2026-05-05T08:00:00Z")
	due := s.Due(now.Add(-48*time.Hour), now)
	require.Len(t, due.Start, schedule.MaxCatchUp+6, "six are within five minutes")
	require.Equal(t, 2880-schedule.MaxCatchUp-6, due.Passed)
	require.Equal(t, now, due.Start[len(due.Start)-1].At)
}

// TestCatchUpIsExact: however often one looks, each run is decided once, and the policies start what they say.
func TestCatchUpIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anySchedule().Draw(t, "schedule")
		s.Spread = time.Duration(rapid.IntRange(0, 3600).Draw(t, "spread")) * time.Second
		s.CatchUp = rapid.SampledFrom([]schedule.CatchUp{schedule.Once, schedule.All, schedule.Never}).Draw(t, "policy")
		s.Grace = time.Duration(rapid.IntRange(1, 600).Draw(t, "grace")) * time.Second
		from := nearChanges().Draw(t, "from")
		decided, passed := from, 0
		var started []schedule.Run
		for range rapid.IntRange(1, 6).Draw(t, "looks") {
			now := decided.Add(time.Duration(rapid.IntRange(0, 2*24*3600).Draw(t, "until the next look")) * time.Second)
			all := s.Between(decided, now, 10_000)
			due := s.Due(decided, now)
			require.Equal(t, now, due.Through)
			require.Equal(t, len(all), len(due.Start)+due.Passed)
			require.Equal(t, expected(s, all, now), due.Start)
			started, passed, decided = append(started, due.Start...), passed+due.Passed, due.Through
		}
		require.Len(t, s.Between(from, decided, 10_000), len(started)+passed)
		for i := 1; i < len(started); i++ {
			require.True(t, started[i].At.After(started[i-1].At))
		}
	})
}

// expected is what a policy says of runs, in words of sets.
func expected(s schedule.Schedule, all []schedule.Run, now time.Time) []schedule.Run {
	var onTime []schedule.Run
	for _, r := range all {
		if !r.At.Add(s.Grace).Before(now) {
			onTime = append(onTime, r)
		}
	}
	switch {
	case len(all) == 0:
		return nil
	case s.CatchUp == schedule.All:
		return all
	case s.CatchUp == schedule.Once && len(onTime) == 0:
		return all[len(all)-1:]
	}
	return onTime
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy           schedule.Overlap
		running, waiting int
		want             schedule.Action
	}{
		{"", 0, 0, schedule.Start},
		{schedule.OverlapQueue, 0, 0, schedule.Start},
		{schedule.OverlapCancel, 0, 0, schedule.Start},
		{"", 1, 0, schedule.Drop},
		{schedule.OverlapSkip, 1, 0, schedule.Drop},
		{schedule.OverlapQueue, 1, 0, schedule.Wait},
		{schedule.OverlapQueue, 0, 1, schedule.Wait},
		{schedule.OverlapQueue, 1, schedule.MaxWaiting, schedule.Drop},
		{schedule.OverlapCancel, 1, 0, schedule.Replace},
		{schedule.OverlapCancel, 0, 2, schedule.Replace},
	} {
		require.Equal(t, c.want, c.policy.Decide(c.running, c.waiting), "%+v", c)
	}
}
