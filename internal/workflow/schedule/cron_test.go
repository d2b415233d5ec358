package schedule_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/workflow/schedule"
)

func TestExpressionsMeanWhatTheySay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string // the first after Sunday, 2026-02-01T00:00:00Z
	}{
		{"0 8 * * *", []string{"02-01 08:00", "02-02 08:00"}},
		{"0 9 * * 1", []string{"02-02 09:00", "02-09 09:00"}},
		{"0 9 * * mon", []string{"02-02 09:00", "02-09 09:00"}},
		{"30 6 * * 7", []string{"02-01 06:30", "02-08 06:30"}},
		{"30 6 * * 5-7", []string{"02-01 06:30", "02-06 06:30", "02-07 06:30"}},
		{"*/25 7 * * *", []string{"02-01 07:00", "02-01 07:25", "02-01 07:50", "02-02 07:00"}},
		{"5/25 7 * * *", []string{"02-01 07:05", "02-01 07:30", "02-01 07:55"}},
		{"10-30/10,59 7 1 * *", []string{"02-01 07:10", "02-01 07:20", "02-01 07:30", "02-01 07:59", "03-01 07:10"}},
		{"0 0 31 * *", []string{"03-31 00:00", "05-31 00:00"}},
		{"0 12 13 * fri", []string{"02-06 12:00", "02-13 12:00", "02-20 12:00", "02-27 12:00", "03-06 12:00", "03-13 12:00"}},
		{"0 12 ? mar-apr *", []string{"03-01 12:00", "03-02 12:00"}},
		{"0 0 29 2 *", []string{"02-29 00:00", "02-29 00:00"}},
		{"@hourly", []string{"02-01 01:00", "02-01 02:00"}},
		{"@Weekly", []string{"02-08 00:00", "02-15 00:00"}},
		{" @monthly ", []string{"03-01 00:00", "04-01 00:00"}},
		{"@yearly", []string{"01-01 00:00"}},
	} {
		s := schedule.Schedule{Cron: cron(t, c.text)}
		var got []string
		for _, at := range s.Next(moment(t, "2026-02-01T00:00:00Z"), len(c.want)) {
			got = append(got, at.Format("01-02 15:04"))
		}
		require.Equal(t, c.want, got, c.text)
	}
	leap := schedule.Schedule{Cron: cron(t, "0 0 29 2 *")}
	require.Equal(t, 2104, leap.Next(moment(t, "2096-03-01T00:00:00Z"), 1)[0].Year(), "2100 is no leap year")
}

func TestFaultyExpressionsAreNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                 "five fields",
		"0 8 * *":          "not 4",
		"0 0 8 * * *":      "not 6",
		"60 8 * * *":       `minute: "60" must be 0 to 59`,
		"0 24 * * *":       `hour: "24" must be 0 to 23`,
		"0 8 0 * *":        `day of the month: "0" must be 1 to 31`,
		"0 8 * 13 *":       `month: "13" must be 1 to 12`,
		"0 8 * * 8":        `day of the week: "8" must be 0 to 7`,
		"0 8 * * montag":   `"montag"`,
		"0 8-6 * * *":      "ends before it begins",
		"*/0 8 * * *":      "step",
		"*/ 8 * * *":       "step",
		"1,,2 8 * * *":     `minute: ""`,
		"-1 8 * * *":       "minute",
		"+1 8 * * *":       "minute",
		"0 0 30 2 *":       "no day that exists",
		"0 0 31 4,6 *":     "no day that exists",
		"@every 5m":        "none of",
		"TZ=0":             "not 1",
		"TZ=UTC 0 8 * * *": "not 6",
	} {
		_, err := schedule.ParseCron(text)
		require.ErrorContains(t, err, want, text)
		require.True(t, errs.Is(err, errs.KindInvalid), text)
	}
}

func TestAnyTextIsReadOrRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[@0-9a-f,*/? -]{1,30}`)).Draw(t, "text")
		c, err := schedule.ParseCron(text)
		if err != nil {
			return
		}
		again := cron(t, c.String())
		require.Equal(t, c, again)
		require.NotEmpty(t, schedule.Schedule{Cron: c}.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 1))
	})
}

func TestFaultySchedulesAreRefusedWithAllFaults(t *testing.T) {
	t.Parallel()
	err := schedule.Schedule{
		DaysOff: "move", Spread: -1, Jitter: 25 * time.Hour, Grace: -1, CatchUp: "twice", Overlap: "fight",
	}.Check()
	for _, field := range []string{"cron", "days_off", "spread", "jitter", "grace", "catch_up", "overlap"} {
		require.ErrorContains(t, err, field+" must")
	}
	require.NoError(t, schedule.Schedule{Cron: cron(t, "0 8 * * *")}.Check())
}
