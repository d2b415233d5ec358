// Package alert keeps what somebody should look at: runs that failed, took long or did not come, poor forecasts, stock
// that will run out. What is the same is one alert that is counted; an alert that nobody acknowledges is escalated; what is
// over is archived. Whoever looks after an outlet is told by the channels of notifications.
package alert

import (
	"encoding/json"
	"time"
)

// Kind says what an alert is about.
type Kind string

// The kinds.
const (
	Failure  Kind = "failure"  // a workflow's run failed
	Slow     Kind = "slow"     // a run took long, by what such runs take
	Missing  Kind = "missing"  // a run that was due did not begin
	Forecast Kind = "forecast" // forecasts were poor
	StockOut Kind = "stock_out"
)

// Kinds lists the kinds.
var Kinds = []Kind{Failure, Slow, Missing, Forecast, StockOut}

// Severity says how grave an alert is.
type Severity int

// The severities, rising.
const (
	Info     Severity = 1
	Warning  Severity = 2
	Critical Severity = 3
)

// String returns the severity's name.
func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Warning:
		return "warning"
	default:
		return "critical"
	}
}

// SeverityOf reads a severity's name; 0 for no such name.
func SeverityOf(name string) Severity {
	for s := Info; s <= Critical; s++ {
		if s.String() == name {
			return s
		}
	}
	return 0
}

// Status is what became of an alert.
type Status string

// The statuses. An alert lives until it is archived.
const (
	Open         Status = "open"
	Acknowledged Status = "acknowledged" // somebody looks after it: it is not escalated
	Archived     Status = "archived"
)

// Matter names what alerts are about: while an alert lives, what is about the same matter is counted in it.
type Matter struct {
	Tenant int64 // 0: the house's own
	Kind   Kind
	Key    string // workflow/daily, outlet/3/product/wrap
}

// Signal is one occurrence of something to look at.
type Signal struct {
	Matter
	Outlet   int64  // 0: all
	Ref      string // of this occurrence: signalled again, it does not count again
	Severity Severity
	Title    string // a few words
	Detail   string // sentences
	Data     any    // for programs; nil: nothing
}

// Alert is something to look at.
type Alert struct {
	ID int64
	Matter
	Outlet         int64
	Severity       Severity
	SeverityWas    Severity // before it was last raised or escalated; 0: it was new
	Level          int      // how often it was escalated
	Status         Status
	Title          string
	Detail         string
	Data           json.RawMessage
	Count          int // occurrences
	Version        int
	FirstAt        time.Time
	LastAt         time.Time
	EscalateAt     *time.Time // nil: it will not be
	AcknowledgedAt *time.Time
	AcknowledgedBy string
	ArchivedAt     *time.Time
	ArchivedBy     string
	Note           string
}

// MostEscalations is how often an alert that nobody acknowledges is escalated.
const MostEscalations = 3

// EscalateIn is how long an alert waits to be acknowledged before it is escalated, of product time: half an hour when it
// is critical, four hours for a warning, a day for information, and twice as long after each time. 0: no more.
func EscalateIn(s Severity, level int) time.Duration {
	if level >= MostEscalations {
		return 0
	}
	var first time.Duration
	switch s {
	case Critical:
		first = 30 * time.Minute
	case Warning:
		first = 4 * time.Hour
	case Info:
		first = 24 * time.Hour
	}
	return first << level
}

// Merge keeps one signal of each matter: the gravest, with what was said last.
func Merge(signals []Signal) []Signal {
	at := map[Matter]int{}
	var list []Signal
	for _, s := range signals {
		i, known := at[s.Matter]
		if !known {
			at[s.Matter] = len(list)
			list = append(list, s)
			continue
		}
		s.Severity = max(s.Severity, list[i].Severity)
		list[i] = s
	}
	return list
}
