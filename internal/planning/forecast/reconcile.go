package forecast

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Total is a forecast of a sum: of an outlet, of an item everywhere, of the whole network.
type Total struct {
	Mean     float64
	Variance float64 // of its errors; +Inf: follow the parts
	Parts    []int   // which forecasts it is the sum of
}

// Reconcile changes the forecasts of one day, and of totals over them, as little as their error variances suggest, so
// that they agree; it returns the new parts, and the totals are sums of these. Nothing becomes negative and what is 0
// (closed, withdrawn) stays 0.
//
// It is the least-squares reconciliation with a diagonal covariance, known as MinT with WLS: Wickramasuriya,
// Athanasopoulos and Hyndman: Optimal forecast reconciliation through trace minimization, 2019. Without totals, or with
// totals of infinite variance, it is bottom-up. It costs the cube of the number of totals, and is linear in the parts.
func Reconcile(parts, variances []float64, totals []Total) []float64 {
	result := make([]float64, len(parts))
	free := make([]float64, len(parts))
	for i, p := range parts {
		result[i] = max(p, 0)
		if p > 0 && variances[i] > 0 {
			free[i] = variances[i]
		}
	}
	// Parts that would become negative are held at 0 and the rest is solved again.
	for range len(parts) + 1 {
		adjusted := adjust(result, free, totals)
		if !hold(adjusted, result, free) {
			return adjusted
		}
	}
	return result
}

// hold sets the parts that became negative to 0 for good, and tells whether there were any.
func hold(adjusted, result, free []float64) bool {
	found := false
	for i, v := range adjusted {
		if v < 0 {
			result[i], free[i], found = 0, 0, true
		}
	}
	return found
}

// adjust returns the parts that minimise the squared changes over the variances, of parts and of totals.
func adjust(parts, variances []float64, totals []Total) []float64 {
	adjusted := append([]float64(nil), parts...)
	var used []Total
	for _, t := range totals {
		if !math.IsInf(t.Variance, 1) && !math.IsNaN(t.Mean) {
			used = append(used, t)
		}
	}
	if len(used) == 0 {
		return adjusted
	}
	gain, ok := solveTotals(parts, variances, used)
	if !ok {
		return adjusted
	}
	for k, t := range used {
		for _, i := range t.Parts {
			adjusted[i] += variances[i] * gain.AtVec(k)
		}
	}
	return adjusted
}

// solveTotals returns (S V Sᵀ + U)⁻¹ (totals − S parts), with S the sums, V and U the variances of parts and totals.
func solveTotals(parts, variances []float64, totals []Total) (*mat.VecDense, bool) {
	n := len(totals)
	members := make([]map[int]bool, n)
	for k, t := range totals {
		members[k] = make(map[int]bool, len(t.Parts))
		for _, i := range t.Parts {
			members[k][i] = true
		}
	}
	cov, miss := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	for k, t := range totals {
		m := t.Mean
		for _, i := range t.Parts {
			m -= parts[i]
		}
		miss.SetVec(k, m)
		for l := k; l < n; l++ {
			cov.SetSym(k, l, shared(t.Parts, members[l], variances))
		}
		cov.SetSym(k, k, cov.At(k, k)+max(t.Variance, 1e-9*(1+cov.At(k, k))))
	}
	var chol mat.Cholesky
	if !chol.Factorize(cov) {
		return nil, false
	}
	var gain mat.VecDense
	if err := chol.SolveVecTo(&gain, miss); err != nil {
		return nil, false
	}
	return &gain, true
}

// shared is the variance of the parts that two totals have in common.
func shared(parts []int, others map[int]bool, variances []float64) (sum float64) {
	for _, i := range parts {
		if others[i] {
			sum += variances[i]
		}
	}
	return sum
}

// Variance returns the error variance that a forecast's interval stands for, taking it for a normal one.
func (a *Ahead) Variance(levels []float64) float64 {
	n := len(a.Quantiles)
	if n < 2 || n != len(levels) {
		return 0
	}
	sd := (a.Quantiles[n-1] - a.Quantiles[0]) / (normalQuantile(levels[n-1]) - normalQuantile(levels[0]))
	return sd * sd
}
