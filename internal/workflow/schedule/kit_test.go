package schedule_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/workflow/schedule"
)

func cron(t require.TestingT, text string) schedule.Cron {
	c, err := schedule.ParseCron(text)
	require.NoError(t, err, text)
	return c
}

func zone(t require.TestingT, name string) *time.Location {
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func moment(t require.TestingT, text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at
}

var zones = []string{
	"UTC", "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia",
}

// anyCron draws expressions with few runs a day as well as many.
func anyCron() *rapid.Generator[schedule.Cron] {
	return rapid.Custom(func(t *rapid.T) schedule.Cron {
		pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "field") }
		return cron(t, pick("0", "30", "15,45", "*/20", "59", "7-9")+" "+pick("0", "1", "2", "1-3", "*", "*/6", "8", "23")+" "+
			pick("*", "*", "1", "*/3", "28-31")+" "+pick("*", "*", "3,10", "apr-nov")+" "+pick("*", "*", "1-5", "sun", "7,3"))
	})
}

// anySchedule draws schedules without spread, jitter and pauses.
func anySchedule() *rapid.Generator[schedule.Schedule] {
	return rapid.Custom(func(t *rapid.T) schedule.Schedule {
		s := schedule.Schedule{
			Cron: anyCron().Draw(t, "cron"), Zone: zone(t, rapid.SampledFrom(zones).Draw(t, "zone")),
			DaysOff: rapid.SampledFrom([]schedule.DaysOff{
				"", schedule.Keep, schedule.Skip, schedule.Previous, schedule.Next,
			}).Draw(t, "days off"),
			Workflow: rapid.Int64Range(1, 99).Draw(t, "workflow"), Tenant: rapid.Int64().Draw(t, "tenant"),
		}
		holidays := rapid.SliceOfN(rapid.Int32Range(0, 40), 0, 12).Draw(t, "holidays")
		s.WorkingDay = schedule.WorkingDays([]time.Weekday{time.Saturday, time.Sunday}, nil)
		if len(holidays) > 0 {
			weekdays := s.WorkingDay
			s.WorkingDay = func(d schedule.Day) bool {
				for _, h := range holidays {
					if int32(d)%41 == h {
						return false
					}
				}
				return weekdays(d)
			}
		}
		return s
	})
}

// nearChanges draws moments within weeks of the changes of clocks, and others.
func nearChanges() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		near := rapid.SampledFrom([]time.Time{
			time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC),
			time.Date(2026, 4, 5, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 4, 0, 0, 0, 0, time.UTC),
			time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
			time.Date(2011, 12, 30, 0, 0, 0, 0, time.UTC), time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC),
		}).Draw(t, "near")
		return near.Add(time.Duration(rapid.IntRange(-5*24*3600, 2*24*3600).Draw(t, "seconds")) * time.Second)
	})
}

func requireRising(t require.TestingT, after time.Time, list []time.Time) {
	for _, at := range list {
		require.True(t, at.After(after), "%s after %s", at, after)
		after = at
	}
}

func mustNext(t *testing.T, s schedule.Schedule, after string, n int) []string {
	t.Helper()
	var list []string
	for _, at := range s.Next(moment(t, after), n) {
		list = append(list, at.In(s.Zone).Format("2006-01-02T15:04Z07:00"))
	}
	return list
}
