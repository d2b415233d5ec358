package forecast

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Metrics say how good forecasts were. What cannot be computed is NaN: no days, only zeros, no scale.
type Metrics struct {
	Days     int
	MAE      float64 // in units of sales
	RMSE     float64 // in units of sales
	MAPE     float64 // 1 = 100 %, over days with sales
	WAPE     float64 // sum of absolute errors ÷ sum of sales
	Accuracy float64 // 1 − WAPE, not below 0
	R2       float64
	Bias     float64 // (forecast − actual) ÷ actual, in total
}

// Measure compares forecasts with what was sold, day by day; both are of the same length. Days on which either is NaN
// (closed, not known) are left out.
func Measure(actual, forecast []float64) Metrics {
	y, f := paired(actual, forecast)
	m := Metrics{Days: len(y), MAE: MAE(y, f), RMSE: RMSE(y, f), MAPE: MAPE(y, f), WAPE: WAPE(y, f), R2: R2(y, f), Bias: Bias(y, f)}
	m.Accuracy = max(1-m.WAPE, 0)
	return m
}

// paired leaves out the days that one of both does not know.
func paired(actual, forecast []float64) (y, f []float64) {
	for i := range min(len(actual), len(forecast)) {
		if !math.IsNaN(actual[i]) && !math.IsNaN(forecast[i]) {
			y, f = append(y, actual[i]), append(f, forecast[i])
		}
	}
	return y, f
}

// MAE is the mean absolute error, in units of sales.
func MAE(actual, forecast []float64) float64 {
	return absolute(actual, forecast) / float64(len(actual))
}

func absolute(actual, forecast []float64) (sum float64) {
	for i, y := range actual {
		sum += math.Abs(forecast[i] - y)
	}
	return sum
}

func total(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

// RMSE is the root of the mean squared error, in units of sales.
func RMSE(actual, forecast []float64) float64 {
	sum := 0.0
	for i, y := range actual {
		sum += (forecast[i] - y) * (forecast[i] - y)
	}
	return math.Sqrt(sum / float64(len(actual)))
}

// MAPE is the mean absolute error as a share of what was sold, over days on which something was.
func MAPE(actual, forecast []float64) float64 {
	var sum, n float64
	for i, y := range actual {
		if y != 0 {
			sum, n = sum+math.Abs((forecast[i]-y)/y), n+1
		}
	}
	return sum / n
}

// WAPE is the sum of absolute errors as a share of all sales (Kolassa and Schütz 2007): unlike MAPE it is not ruled by
// the days with few sales.
func WAPE(actual, forecast []float64) float64 {
	return absolute(actual, forecast) / total(actual)
}

// Bias is how much too high (above 0) or too low forecasts were in total, as a share of all sales.
func Bias(actual, forecast []float64) float64 {
	return (total(forecast) - total(actual)) / total(actual)
}

// R2 is the share of the variance that the forecasts explain; below 0 they are worse than the mean.
func R2(actual, forecast []float64) float64 {
	centre, residual, variance := stat.Mean(actual, nil), 0.0, 0.0
	for i, y := range actual {
		residual += (forecast[i] - y) * (forecast[i] - y)
		variance += (y - centre) * (y - centre)
	}
	if variance == 0 {
		return math.NaN()
	}
	return 1 - residual/variance
}

// MASE is the mean absolute error over that of the naive forecast, which is scale (Hyndman and Koehler: Another look at
// measures of forecast accuracy, 2006). Below 1 is better than naive.
func MASE(actual, forecast []float64, scale float64) float64 {
	return MAE(actual, forecast) / scale
}

// RMSSE is the root of the mean squared error over that of the naive forecast; scale2 is the latter's mean square
// (Makridakis et al.: The M5 competition, 2022).
func RMSSE(actual, forecast []float64, scale2 float64) float64 {
	return RMSE(actual, forecast) / math.Sqrt(scale2)
}

// Scales returns the scales of MASE and RMSSE: the mean absolute and the mean squared difference to the same weekday of
// the week before, over the days of a history on which both are known and open.
func Scales(s *Series) (mase, rmsse2 float64) {
	n := 0.0
	for i := week; i < len(s.Sales); i++ {
		d := s.Start + Day(i)
		e := s.Sales[i] - s.Sales[i-week]
		if math.IsNaN(e) || !s.Calendar.Open(d) || !s.Calendar.Open(d-week) {
			continue
		}
		mase, rmsse2, n = mase+math.Abs(e), rmsse2+e*e, n+1
	}
	return mase / n, rmsse2 / n
}

// Coverage is the share of days on which sales were within [low, high].
func Coverage(actual, low, high []float64) float64 {
	n := 0.0
	for i, y := range actual {
		if low[i] <= y && y <= high[i] {
			n++
		}
	}
	return n / float64(len(actual))
}

// Pinball is the mean pinball loss of forecasts of the quantile at a level (Koenker and Bassett: Regression quantiles,
// 1978), in units of sales: what is too low costs level, what is too high 1 − level.
func Pinball(actual, quantile []float64, level float64) float64 {
	sum := 0.0
	for i, y := range actual {
		if e := y - quantile[i]; e >= 0 {
			sum += level * e
		} else {
			sum -= (1 - level) * e
		}
	}
	return sum / float64(len(actual))
}
