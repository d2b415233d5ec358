package holiday_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/planning/forecast"
	"brigade/internal/planning/holiday"
)

func TestPublicHolidays(t *testing.T) {
	t.Parallel()
	day := func(text string) forecast.Day {
		d, err := forecast.ParseDay(text)
		require.NoError(t, err)
		return d
	}
	spain := holiday.Between("es", day("2026-01-01"), day("2026-12-31"))
	for _, d := range []string{"2026-01-01", "2026-01-06", "2026-04-03", "2026-05-01", "2026-10-12", "2026-12-25"} {
		require.Contains(t, spain, day(d))
	}
	require.NotContains(t, spain, day("2026-07-14"))
	require.Empty(t, holiday.Between("", day("2026-01-01"), day("2026-12-31")))
	require.Equal(t, "es", holiday.CountryOf("Europe/Madrid"))
	for _, c := range holiday.Countries() {
		require.NotEmpty(t, holiday.Between(c, day("2026-01-01"), day("2026-12-31")), c)
	}
}
