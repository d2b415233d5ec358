package bench

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"brigade/internal/errs"
)

// Report is what a benchmark found. Times are in milliseconds, rates per second; a ratio is a rate divided by the mean
// raw rate.
type Report struct {
	Bench   string   `json:"bench"`
	Machine Machine  `json:"machine"`
	Raw     *Raw     `json:"raw,omitempty"`
	Full    *Load    `json:"full,omitempty"`  // as fast as it goes
	Kafka   *Load    `json:"kafka,omitempty"` // of positions: the same over Kafka
	Paced   *Load    `json:"paced,omitempty"` // at a fixed rate, measured from the time at which each was due
	Assign  *Assign  `json:"assign,omitempty"`
	Idle    *Idle    `json:"idle,omitempty"`
	Waiting *Waiting `json:"waiting,omitempty"`
	Nightly *Nightly `json:"nightly,omitempty"`
	Live    *Live    `json:"live,omitempty"`
	Check   *Check   `json:"check,omitempty"`

	Without []*Load `json:"without_redis,omitempty"` // the full part once before and once after, when Redis is used

	Carried []Carried `json:"carried,omitempty"`
	Resting *Resting  `json:"resting,omitempty"`
	Broker  *Load     `json:"bare_rabbitmq,omitempty"` // published with confirmation, consumed and acknowledged
}

// Machine is where it ran. Load is the machine's load average over a minute before it began: other work takes from
// Brigade and raw Postgres alike, but not evenly.
type Machine struct {
	CPUs     int     `json:"cpus"`
	Load     float64 `json:"load_before"`
	Postgres string  `json:"postgres,omitempty"`
}

func thisMachine() Machine {
	m := Machine{CPUs: runtime.GOMAXPROCS(0)}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(text), &m.Load) // 0 where there is none
	}
	return m
}

// Raw is the speed of Postgres without Brigade: transactions per second of pgbench -N with 16 clients.
type Raw struct {
	Method string  `json:"method"` // pgbench, or go: the same statements by pgx
	Before float64 `json:"tps_before"`
	After  float64 `json:"tps_after"`
	Mean   float64 `json:"tps_mean"`
}

// Load is what came of a stretch of load.
type Load struct {
	What      string   `json:"what"`
	Seconds   float64  `json:"seconds"`
	Done      int      `json:"done"`
	Errors    int      `json:"errors"`
	Error     string   `json:"first_error,omitempty"`
	PerSecond float64  `json:"per_second"`
	Ratio     float64  `json:"ratio_to_raw,omitempty"`
	Latency   *Latency `json:"latency_ms,omitempty"`
	Cores     float64  `json:"cores"`                    // that this process used, load generator included
	PGCores   float64  `json:"postgres_cores,omitempty"` // that Postgres used; 0: not known
}

// Latency in milliseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Assign is how long ready tasks waited for their assignment during the paced part.
type Assign struct {
	Tasks int     `json:"tasks"`
	Rows  Latency `json:"ready_to_assigned_ms"` // assigned_at − ready_at of the rows
	Heard Latency `json:"ready_to_heard_ms"`    // until a subscriber of the event tail heard of it, commit included
}

// Idle is what kitchens cost in which nothing happens.
type Idle struct {
	Kitchens    int     `json:"kitchens"`
	Seconds     float64 `json:"seconds"`
	CPUPercent  float64 `json:"cpu_percent_of_a_core"`
	PGPercent   float64 `json:"postgres_cpu_percent_of_a_core,omitempty"` // 0: not known
	RSSMiB      float64 `json:"rss_mib"`
	StartedInMS float64 `json:"started_in_ms"` // until the process decided for all of them
}

// Check is whether what was answered is what is there.
type Check struct {
	Accepted  int      `json:"accepted"`            // orders that were answered with yes
	Stored    int      `json:"stored"`              // of them in Postgres
	Completed int      `json:"completed,omitempty"` // of them completed, with every task once
	Tasks     int      `json:"tasks,omitempty"`
	Faults    []string `json:"faults,omitempty"`
}

func (c *Check) expect(ok bool, format string, a ...any) {
	if !ok {
		c.Faults = append(c.Faults, fmt.Sprintf(format, a...))
	}
}

// err returns a KindInternal error when the run is worthless.
func (r Report) err() error {
	if r.Check != nil && len(r.Check.Faults) > 0 {
		return &errs.Error{Msg: "the benchmark is void: " + strings.Join(r.Check.Faults, "; ")}
	}
	return nil
}

// relate fills in what depends on the raw speed.
func (r *Report) relate() {
	if r.Raw == nil || r.Raw.Mean == 0 {
		return
	}
	for _, l := range []*Load{r.Full, r.Paced} {
		if l != nil {
			l.Ratio = l.PerSecond / r.Raw.Mean
		}
	}
}

// Write writes the report for people.
func (r Report) Write(w io.Writer) {
	fmt.Fprintf(w, "%s on %d CPUs, load %.1f before", r.Bench, r.Machine.CPUs, r.Machine.Load)
	if r.Machine.Postgres != "" {
		fmt.Fprintf(w, ", PostgreSQL %s", r.Machine.Postgres)
	}
	fmt.Fprintln(w)
	if r.Raw != nil {
		fmt.Fprintf(w, "  raw       %8.0f tx/s        (%s; before %.0f, after %.0f)\n", r.Raw.Mean, r.Raw.Method, r.Raw.Before, r.Raw.After)
	}
	r.Broker.write(w, "broker")
	for _, c := range r.Carried {
		c.write(w)
	}
	r.Full.write(w, "full")
	r.compare(w)
	r.Paced.write(w, "paced")
	r.Kafka.write(w, "kafka")
	if a := r.Assign; a != nil {
		fmt.Fprintf(w, "  assigned  p50 %.1f  p90 %.1f  p99 %.1f  max %.1f ms after ready (%d tasks)\n", a.Rows.P50, a.Rows.P90, a.Rows.P99, a.Rows.Max, a.Tasks)
		fmt.Fprintf(w, "  heard     p50 %.1f  p90 %.1f  p99 %.1f  max %.1f ms after ready\n", a.Heard.P50, a.Heard.P90, a.Heard.P99, a.Heard.Max)
	}
	if i := r.Idle; i != nil {
		fmt.Fprintf(w, "  idle      %d kitchens for %.0f s: %.1f %% of a core, %.0f MiB (Postgres: %.1f %% of a core); taken over in %.0f ms\n",
			i.Kitchens, i.Seconds, i.CPUPercent, i.RSSMiB, i.PGPercent, i.StartedInMS)
	}
	if i := r.Resting; i != nil {
		fmt.Fprintf(w, "  idle      %d relays for %.0f s: %.1f %% of a core (Postgres: %.1f %%)\n", i.Relays, i.Seconds, i.CPUPercent, i.PGPercent)
	}
	r.Waiting.write(w)
	r.Nightly.write(w)
	r.Live.write(w)
	r.Check.write(w)
}

func (l *Load) write(w io.Writer, name string) {
	if l == nil {
		return
	}
	fmt.Fprintf(w, "  %-9s %8.0f %s/s", name, l.PerSecond, l.What)
	if l.Ratio > 0 {
		fmt.Fprintf(w, "  = %.2f × raw", l.Ratio)
	}
	fmt.Fprintf(w, "  (%d in %.1f s, %d errors; %.2f cores, Postgres %.2f)\n", l.Done, l.Seconds, l.Errors, l.Cores, l.PGCores)
	if t := l.Latency; t != nil {
		fmt.Fprintf(w, "            p50 %.1f  p90 %.1f  p99 %.1f  max %.1f ms\n", t.P50, t.P90, t.P99, t.Max)
	}
	if l.Error != "" {
		fmt.Fprintf(w, "            first error: %s\n", l.Error)
	}
}

func (c *Check) write(w io.Writer) {
	if c == nil {
		return
	}
	fmt.Fprintf(w, "  check     %d accepted, %d stored", c.Accepted, c.Stored)
	if c.Tasks > 0 {
		fmt.Fprintf(w, ", %d completed with %d tasks", c.Completed, c.Tasks)
	}
	fmt.Fprintln(w)
	for _, fault := range c.Faults {
		fmt.Fprintf(w, "  FAULT     %s\n", fault)
	}
}

// latencyOf sorts the times and returns their percentiles; nil when there are none.
func latencyOf(times []time.Duration) *Latency {
	if len(times) == 0 {
		return nil
	}
	slices.Sort(times)
	at := func(q float64) float64 { return ms(times[int(q*float64(len(times)-1))]) }
	return &Latency{P50: at(0.50), P90: at(0.90), P99: at(0.99), Max: at(1)}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
