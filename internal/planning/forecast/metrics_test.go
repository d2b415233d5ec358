package forecast_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/planning/forecast"
)

func TestMetricsByHand(t *testing.T) {
	t.Parallel()
	y, f := []float64{10, 20, 0, 30}, []float64{12, 16, 1, 33}
	require.InDelta(t, 2.5, forecast.MAE(y, f), 1e-12)
	require.InDelta(t, math.Sqrt(30.0/4), forecast.RMSE(y, f), 1e-12)
	require.InDelta(t, (0.2+0.2+0.1)/3, forecast.MAPE(y, f), 1e-12)
	require.InDelta(t, 10.0/60, forecast.WAPE(y, f), 1e-12)
	require.InDelta(t, 2.0/60, forecast.Bias(y, f), 1e-12)
	require.InDelta(t, 1-30.0/500, forecast.R2(y, f), 1e-12)
	require.InDelta(t, 0.5, forecast.MASE(y, f, 5), 1e-12)
	require.InDelta(t, math.Sqrt(7.5)/2, forecast.RMSSE(y, f, 4), 1e-12)
	require.InDelta(t, 0.75, forecast.Coverage(y, []float64{9, 20, 1, 0}, []float64{10, 21, 2, 40}), 1e-12)
	require.InDelta(t, (0.1*2+0.9*4+0.1*1+0.1*3)/4, forecast.Pinball(y, f, 0.9), 1e-12)
}

func TestMeasureLeavesOutWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	m := forecast.Measure([]float64{10, nan, 20, 30}, []float64{10, 5, nan, 15})
	require.Equal(t, 2, m.Days)
	require.InDelta(t, 7.5, m.MAE, 1e-12)
	require.InDelta(t, 1-15.0/40, m.Accuracy, 1e-12)
	empty := forecast.Measure(nil, nil)
	require.Zero(t, empty.Days)
	require.True(t, math.IsNaN(empty.MAE))
	require.True(t, math.IsNaN(forecast.R2([]float64{3, 3}, []float64{3, 4})))
	require.True(t, math.IsNaN(forecast.MAPE([]float64{0, 0}, []float64{3, 4})))
}

func TestScalesSkipClosedAndUnknownDays(t *testing.T) {
	t.Parallel()
	s := forecast.Series{Start: monday, Sales: []float64{1, 2, 3, 4, 5, 6, 7, 3, nan, 100, 8}}
	s.Calendar = &forecast.Calendar{Start: monday + 2, Days: []forecast.Marks{forecast.Closed}}
	mase, rmsse := forecast.Scales(&s)
	require.InDelta(t, (2.0+4)/2, mase, 1e-12)
	require.InDelta(t, (4.0+16)/2, rmsse, 1e-12)
}

func TestDaysKnowTheCalendar(t *testing.T) {
	t.Parallel()
	for i := range 3000 {
		d := forecast.DayOf(2023, time.January, 1+i)
		require.Equal(t, d.Time().Weekday(), d.Weekday())
		again, err := forecast.ParseDay(d.String())
		require.NoError(t, err)
		require.Equal(t, d, again)
	}
	require.Equal(t, time.Thursday, forecast.Day(0).Weekday())
	require.Equal(t, time.Wednesday, forecast.Day(-1).Weekday())
	_, err := forecast.ParseDay("2025-02-30")
	require.ErrorContains(t, err, "is not a date")
	zone, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	late := time.Date(2025, 3, 30, 23, 30, 0, 0, zone)
	require.Equal(t, forecast.DayOf(2025, time.March, 30), forecast.DayIn(late))
}
