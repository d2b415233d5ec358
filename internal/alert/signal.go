package alert

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Run is a run of a workflow that there is something to say of.
type Run struct {
	Tenant    int64  // 0: for many
	Workflow  string // its name
	Execution int64  // 0: it did not begin
	Day       string // that it is for
	At        time.Time
	Zone      string // of a run that is for the tenants of one time zone; "": of none
}

func (r Run) matter(kind Kind) Matter { return Matter{r.Tenant, kind, "workflow/" + r.Workflow} }

func (r Run) ref() string {
	if r.Execution != 0 {
		return "execution/" + strconv.FormatInt(r.Execution, 10)
	}
	return "due/" + r.Zone + "/" + r.At.UTC().Format(time.RFC3339)
}

// Failed signals that a run failed, for some of its tenants or for all of those it is for. It is over when one completes:
// Clear its Matter then.
func Failed(r Run, why string, tenants, affected int) Signal {
	s := Signal{Matter: r.matter(Failure), Ref: r.ref(), Severity: Critical, Title: r.Workflow + " failed"}
	s.Detail = fmt.Sprintf("The run of %s for %s failed: %s.", r.Workflow, r.Day, strings.TrimRight(why, "."))
	if affected < tenants {
		s.Severity = Warning
		s.Detail += fmt.Sprintf(" %d of %d tenants are affected.", affected, tenants)
	}
	s.Data = map[string]any{
		"workflow": r.Workflow, "execution_id": r.Execution, "day": r.Day, "error": why, "tenants": tenants, "affected": affected,
	}
	return s
}

// TookLong signals that a run took long; Limit says what is long.
func TookLong(r Run, took, usual, limit time.Duration) Signal {
	round := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	return Signal{
		Matter: r.matter(Slow), Ref: r.ref(), Severity: Warning, Title: r.Workflow + " took long",
		Detail: fmt.Sprintf("The run of %s for %s took %v; such runs take %v, and %v would have been a lot.",
			r.Workflow, r.Day, round(took), round(usual), round(limit)),
		Data: map[string]any{
			"workflow": r.Workflow, "execution_id": r.Execution, "seconds": took.Seconds(), "usual_seconds": usual.Seconds(), "limit_seconds": limit.Seconds(),
		},
	}
}

// DidNotCome signals that a run which was due did not begin.
func DidNotCome(r Run) Signal {
	m := r.matter(Missing)
	m.Key += "/" + r.Zone
	return Signal{
		Matter: m, Ref: r.ref(), Severity: Critical, Title: r.Workflow + " did not run",
		Detail: fmt.Sprintf("The run of %s that was due at %s has not begun.", r.Workflow, r.At.UTC().Format("2006-01-02 15:04 MST")),
		Data:   map[string]any{"workflow": r.Workflow, "zone": r.Zone, "due_at": r.At.UTC()},
	}
}

// leastRuns is of how many runs a history must know before anything is slow by it.
const leastRuns = 8

// Limit says what is a lot for a run, by what the runs before it took: the median and three robust standard deviations
// (1.4826 times the median absolute deviation: Rousseeuw, Croux, Alternatives to the median absolute deviation, 1993), and half as
// much again as the median at least. ok is false for less than eight runs.
func Limit(took []time.Duration) (usual, limit time.Duration, ok bool) {
	if len(took) < leastRuns {
		return 0, 0, false
	}
	usual = median(took)
	off := make([]time.Duration, len(took))
	for i, d := range took {
		off[i] = (d - usual).Abs()
	}
	spread := time.Duration(3 * 1.4826 * float64(median(off)))
	return usual, usual + max(spread, usual/2), true
}

// median does not change the list.
func median(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	n := len(sorted)
	return sorted[(n-1)/2] + (sorted[n/2]-sorted[(n-1)/2])/2
}

const (
	// PoorMAPE is from where on forecasts are poor.
	PoorMAPE = 0.3
	// VeryPoorMAPE is from where on they are of little use.
	VeryPoorMAPE = 0.6
)

// Judged is how good the forecasts of a day were at an outlet, or at all.
type Judged struct {
	Tenant     int64
	Outlet     int64 // 0: all
	OutletName string
	Validation int64
	Day        string
	MAPE       float64 // share; NaN: cannot be said
	WAPE       float64
	Compared   int // forecasts
}

// Matter is what poor forecasts of an outlet are about.
func (j Judged) Matter() Matter {
	return Matter{j.Tenant, Forecast, "outlet/" + strconv.FormatInt(j.Outlet, 10)}
}

// Poor tells whether there is anything to signal.
func (j Judged) Poor() bool { return j.MAPE > PoorMAPE }

// PoorForecast signals that forecasts were poor. It is over when they are no more: Clear its Matter then.
func PoorForecast(j Judged) Signal {
	s := Signal{
		Matter: j.Matter(), Outlet: j.Outlet, Ref: "validation/" + strconv.FormatInt(j.Validation, 10), Severity: Warning,
		Title:  "Forecasts were poor",
		Detail: fmt.Sprintf("The %d forecasts for %s were off by %.0f %% on average (MAPE).", j.Compared, j.Day, 100*j.MAPE),
	}
	if j.OutletName != "" {
		s.Title += " at " + j.OutletName
	}
	if j.MAPE > VeryPoorMAPE {
		s.Severity = Critical
	}
	data := map[string]any{"validation_id": j.Validation, "day": j.Day, "compared": j.Compared, "mape": j.MAPE}
	if !math.IsNaN(j.WAPE) {
		data["wape"] = j.WAPE
	}
	s.Data = data
	return s
}

// Shortage is stock that will run out.
type Shortage struct {
	Tenant     int64
	Outlet     int64
	OutletName string
	Code       string // of the ingredient
	Name       string
	At         time.Time // when it is expected to be gone, in the outlet's zone
	Now        time.Time
	Plan       string // by which it is expected: named again, it does not count again
}

// Matter is what a shortage is about.
func (s Shortage) Matter() Matter {
	return Matter{s.Tenant, StockOut, "outlet/" + strconv.FormatInt(s.Outlet, 10) + "/" + s.Code}
}

// RunsOut signals a shortage: critical when it is expected within a day. Clear its Matter when it is no longer expected.
func RunsOut(s Shortage) Signal {
	severity := Warning
	if s.At.Sub(s.Now) <= 24*time.Hour {
		severity = Critical
	}
	return Signal{
		Matter: s.Matter(), Outlet: s.Outlet, Ref: "plan/" + s.Plan, Severity: severity,
		Title:  fmt.Sprintf("%s will run out at %s", s.Name, s.OutletName),
		Detail: fmt.Sprintf("%s is expected to be gone on %s.", s.Name, s.At.Format("2006-01-02 15:04")),
		Data:   map[string]any{"code": s.Code, "name": s.Name, "at": s.At},
	}
}
