package schedule_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/workflow/schedule"
)

func TestClocksThatChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, cron, after string
		want                    []string
	}{
		{
			"Madrid, forward: what is left out runs at the change", "Europe/Madrid", "30 2 * * *", "2026-03-28T00:00:00Z",
			[]string{"2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"},
		},
		{
			"Madrid, forward: all that is left out runs once", "Europe/Madrid", "0,20,40 * * * *", "2026-03-29T00:39:59Z",
			[]string{"2026-03-29T01:40+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:20+02:00"},
		},
		{
			"Madrid, back: the first pass alone", "Europe/Madrid", "30 2 * * *", "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"},
		},
		{
			"Madrid, back: every quarter of an hour", "Europe/Madrid", "*/30 * * * *", "2026-10-24T23:59:59Z",
			[]string{"2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00", "2026-10-25T03:00+01:00"},
		},
		{
			"Madrid: eight o'clock is eight o'clock", "Europe/Madrid", "0 8 * * *", "2026-10-24T00:00:00Z",
			[]string{"2026-10-24T08:00+02:00", "2026-10-25T08:00+01:00", "2026-10-26T08:00+01:00"},
		},
		{
			"New York, forward", "America/New_York", "15 2 * * *", "2026-03-07T12:00:00Z",
			[]string{"2026-03-08T03:00-04:00", "2026-03-09T02:15-04:00"},
		},
		{
			"New York, back", "America/New_York", "15 1 * * *", "2026-10-31T12:00:00Z",
			[]string{"2026-11-01T01:15-04:00", "2026-11-02T01:15-05:00"},
		},
		{
			"Lord Howe, forward by half an hour", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z",
			[]string{"2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"},
		},
		{
			"Lord Howe, back by half an hour", "Australia/Lord_Howe", "15,45 1 * * *", "2026-04-04T00:00:00Z",
			[]string{"2026-04-05T01:15+11:00", "2026-04-05T01:45+11:00", "2026-04-06T01:15+10:30"},
		},
		{
			"Lord Howe, back: two o'clock comes after the second pass", "Australia/Lord_Howe", "0 2 * * *", "2026-04-04T00:00:00Z",
			[]string{"2026-04-05T02:00+10:30", "2026-04-06T02:00+10:30"},
		},
		{
			"Havana leaves out midnight", "America/Havana", "0 0 * * *", "2026-03-07T12:00:00Z",
			[]string{"2026-03-08T01:00-04:00", "2026-03-09T00:00-04:00"},
		},
		{
			"Apia left out a day", "Pacific/Apia", "0 8 * * *", "2011-12-29T20:00:00Z",
			[]string{"2011-12-31T00:00+14:00", "2011-12-31T08:00+14:00", "2012-01-01T08:00+14:00"},
		},
	} {
		s := schedule.Schedule{Cron: cron(t, c.cron), Zone: zone(t, c.zone)}
		require.Equal(t, c.want, mustNext(t, s, c.after, len(c.want)), c.name)
	}
}

func TestYearInThreeZonesHasEachDayOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Madrid", "America/New_York", "Australia/Lord_Howe"} {
		for _, text := range []string{"30 1 * * *", "15 2 * * *", "30 2 * * *", "0 8 * * *"} {
			s := schedule.Schedule{Cron: cron(t, text), Zone: zone(t, name)}
			from := time.Date(2026, 1, 1, 0, 0, 0, 0, s.Zone).Add(-1)
			days := map[schedule.Day]int{}
			for _, r := range s.Between(from, from.AddDate(1, 0, 0), 1000) {
				days[r.Day]++
				require.Equal(t, r.Day, schedule.DayOf(r.Nominal.In(s.Zone)))
			}
			require.Len(t, days, 365, "%s %s", name, text)
			for d, n := range days {
				require.Equal(t, 1, n, "%s %s %s", name, text, d)
			}
		}
	}
}

func TestDaysOff(t *testing.T) {
	t.Parallel()
	weekend := []time.Weekday{time.Saturday, time.Sunday}
	// Good Friday and Easter Monday of 2026: five days off from 3 April on, with a holiday on the Tuesday.
	holidays := []schedule.Day{schedule.Date(2026, 4, 3), schedule.Date(2026, 4, 6), schedule.Date(2026, 4, 7)}
	for _, c := range []struct {
		cron string
		do   schedule.DaysOff
		want []string
	}{
		{"0 8 * * *", schedule.Keep, []string{"04-02", "04-03", "04-04", "04-05", "04-06", "04-07", "04-08"}},
		{"0 8 * * *", schedule.Skip, []string{"04-02", "04-08", "04-09"}},
		{"0 8 * * *", schedule.Next, []string{"04-02", "04-08", "04-09"}},
		{"0 8 * * *", schedule.Previous, []string{"04-02", "04-08", "04-09"}},
		{"0 8 * * mon", schedule.Skip, []string{"04-13", "04-20"}},
		{"0 8 * * mon", schedule.Next, []string{"04-08", "04-13", "04-20"}},
		{"0 8 * * mon", schedule.Previous, []string{"04-02", "04-13", "04-20"}},
		{"0 8 4,5 * *", schedule.Next, []string{"04-08", "05-04", "05-05"}},
		{"0 8 4,5 * *", schedule.Previous, []string{"04-02", "05-04", "05-05"}},
	} {
		s := schedule.Schedule{
			Cron: cron(t, c.cron), Zone: zone(t, "Europe/Madrid"), DaysOff: c.do, WorkingDay: schedule.WorkingDays(weekend, holidays),
		}
		var got []string
		for _, at := range s.Next(moment(t, "2026-04-01T12:00:00Z"), len(c.want)) {
			got = append(got, at.In(s.Zone).Format("01-02"))
			require.Equal(t, 8, at.In(s.Zone).Hour())
		}
		require.Equal(t, c.want, got, "%s, %s", c.cron, c.do)
	}
	never := schedule.Schedule{
		Cron: cron(t, "0 8 * * *"), DaysOff: schedule.Next, WorkingDay: func(schedule.Day) bool { return false },
	}
	require.Empty(t, never.Next(moment(t, "2026-01-01T00:00:00Z"), 1), "who never works has no runs, and is told so soon")
}

func TestPauses(t *testing.T) {
	t.Parallel()
	s := schedule.Schedule{Cron: cron(t, "0 8 * * *"), Zone: time.UTC, CatchUp: schedule.All}
	s.Pauses = []schedule.Pause{
		{From: moment(t, "2026-05-02T08:00:00Z"), Until: moment(t, "2026-05-04T08:00:00Z")},
		{From: moment(t, "2026-05-06T00:00:00Z")},
	}
	require.Equal(t, []string{"2026-05-01T08:00Z", "2026-05-04T08:00Z", "2026-05-05T08:00Z"}, mustNext(t, s, "2026-05-01T00:00:00Z", 9))
	due := s.Due(moment(t, "2026-05-01T12:00:00Z"), moment(t, "2026-05-04T07:00:00Z"))
	require.Empty(t, due.Start, "a pause is not an outage")
	require.Zero(t, due.Passed)
}

// TestRunsAreTheFirstMoments compares with a clock on the wall that is read minute by minute.
func TestRunsAreTheFirstMoments(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anySchedule().Draw(t, "schedule")
		s.DaysOff = schedule.Keep
		after := nearChanges().Draw(t, "after")
		through := after.Add(36 * time.Hour)
		named := map[time.Time]bool{} // wall times
		for _, r := range (schedule.Schedule{Cron: s.Cron}).Between(after.AddDate(0, 0, -5), through.AddDate(0, 0, 5), 20_000) {
			named[r.At] = true
		}
		var want []time.Time
		var shown time.Time // the latest wall time that was shown, as UTC
		for at := after.Add(-26 * time.Hour).Truncate(time.Minute); !at.After(through); at = at.Add(time.Minute) {
			_, offset := at.In(s.Zone).Zone()
			wall := at.Add(time.Duration(offset) * time.Second)
			if shown.IsZero() {
				shown = wall.Add(-time.Minute)
			}
			due := false
			for ; shown.Before(wall); shown = shown.Add(time.Minute) {
				due = due || named[shown.Add(time.Minute)]
			}
			if due && at.After(after) {
				want = append(want, at)
			}
		}
		var got []time.Time
		for _, r := range s.Between(after, through, 10_000) {
			got = append(got, r.At)
		}
		require.Equal(t, want, got)
	})
}

func TestRunsRiseAndNoWallTimeComesTwiceInADay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anySchedule().Draw(t, "schedule")
		s.Spread = time.Duration(rapid.IntRange(0, 7200).Draw(t, "spread")) * time.Second
		s.Jitter = time.Duration(rapid.IntRange(0, 7200).Draw(t, "jitter")) * time.Second
		after := nearChanges().Draw(t, "after")
		runs := s.Between(after, after.AddDate(0, 0, 60), 200)
		seen := map[string]bool{}
		place := schedule.Place(s.Workflow, s.Tenant, s.Spread)
		for i, r := range runs {
			require.True(t, r.At.After(after))
			after = r.At
			wall := r.Nominal.In(s.Zone).Format("2006-01-02 15:04:05")
			require.False(t, seen[wall], wall)
			seen[wall] = true
			late := r.At.Sub(r.Nominal) - place
			require.GreaterOrEqual(t, late, time.Duration(0))
			require.LessOrEqual(t, late, s.Jitter)
			if i > 0 {
				require.True(t, r.Nominal.After(runs[i-1].Nominal))
			}
			if s.DaysOff != "" && s.DaysOff != schedule.Keep {
				require.True(t, s.WorkingDay(r.Day), r.Day)
			}
		}
	})
}

func TestNothingLiesBetweenTwoRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anySchedule().Draw(t, "schedule")
		s.Spread = time.Duration(rapid.IntRange(0, 7200).Draw(t, "spread")) * time.Second
		s.Jitter = time.Duration(rapid.IntRange(0, 900).Draw(t, "jitter")) * time.Second
		after := nearChanges().Draw(t, "after")
		list := s.Next(after, 6)
		requireRising(t, after, list)
		for i := range list {
			from := after
			if i > 0 {
				from = list[i-1]
			}
			inside := from.Add(time.Duration(rapid.Int64Range(0, int64(list[i].Sub(from))-1).Draw(t, "inside")))
			require.Equal(t, list[i:], s.Next(inside, len(list)-i), "the same from wherever one looks")
		}
	})
}

func TestTenantsSpreadEvenlyOverTheWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const tenants, window = 10_000, 15 * time.Minute
		workflow := rapid.Int64Range(1, 1000).Draw(t, "workflow")
		base := rapid.Int64Range(1, 1<<40).Draw(t, "first tenant")
		var perSecond [900]int
		for i := range int64(tenants) {
			at := schedule.Place(workflow, base+i, window)
			require.Equal(t, at, schedule.Place(workflow, base+i, window))
			perSecond[at/time.Second]++ // outside of the window it is out of range
		}
		for second, n := range perSecond { // 11.1 on average
			require.InDelta(t, 11.1, n, 3, "second %d", second)
		}
	})
	require.Zero(t, schedule.Place(1, 1, 0))
	require.NotEqual(t, schedule.Place(1, 7, time.Hour), schedule.Place(2, 7, time.Hour))
}

func TestScatteredTenantsSpreadToo(t *testing.T) {
	t.Parallel()
	for step := int64(1); step <= 1000; step++ { // every so manieth tenant has the workflow
		var tenths [10]int
		for i := range int64(10_000) {
			tenths[schedule.Place(3, i*step, 10*time.Minute)/time.Minute]++
		}
		require.Less(t, slices.Max(tenths[:]), 1500, "step %d", step)
		require.Greater(t, slices.Min(tenths[:]), 500, "step %d", step)
	}
}

// BenchmarkNext measures the next run of a daily schedule with holidays, as for each tenant after each run.
func BenchmarkNext(b *testing.B) {
	z, err := time.LoadLocation("Europe/Madrid")
	require.NoError(b, err)
	s := schedule.Schedule{
		Cron: cron(b, "0 8 * * *"), Zone: z, DaysOff: schedule.Next, Spread: time.Hour, Jitter: time.Minute, Workflow: 1,
		WorkingDay: schedule.WorkingDays([]time.Weekday{time.Saturday, time.Sunday}, []schedule.Day{schedule.Date(2026, 12, 25)}),
	}
	after := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for i := range b.N {
		s.Tenant = int64(i)
		s.Next(after, 1)
	}
}
