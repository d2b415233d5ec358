// Package bench puts Brigade under load and says how fast it is, beside the raw speed of the same Postgres in the same
// run: machines differ, the ratio hardly does.
//
// Each benchmark starts a Brigade of its own, in this process, on databases of its own that are dropped in the end, and
// checks afterwards that what was answered is what is there. The load generator shares the machine.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/kafka"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/kitchen"
	"brigade/internal/order"
	"brigade/internal/telemetry"
	"brigade/internal/workflow"
)

// Setup says what Brigade a benchmark needs.
type Setup struct {
	State       string // folder for a private Postgres, when there is no DatabaseURL
	DatabaseURL string
	HTTP        bool     // serve the API on a free port, for whoever can reach the loopback address
	Demo        bool     // with the demo's data, in which nobody acts
	Jobs        bool     // with the role that runs jobs
	Delivery    bool     // with the role that decides who delivers
	Kafka       []string // brokers, when they are used
	Nights      bool     // nothing but the role that does workflows
	Still       bool     // nothing but the API: nobody decides, nobody relays
	Services    Services // instead of all that: contract R's
	Redis       string   // URL, when one is used
	Tenants     []string // texts of tenant files to load
	Logger      *slog.Logger
}

// Services says which of contract R's services to start: the order service, and so many workers who cook at once.
type Services struct {
	RabbitMQ string // URL
	Workers  int    // 0: no services
}

// Brigade is a running one, from the inside.
type Brigade struct {
	URL         string // of the API; "" without HTTP
	DatabaseURL string
	Orders      *order.Service
	Kitchen     *kitchen.Service
	Events      *event.Tail
	Workflows   *workflow.Service
	// Owner returns who may do everything for a tenant, by its slug.
	Owner func(ctx context.Context, slug string) (actor.Actor, error)
	// Token returns a token of somebody, for pages.
	Token func(ctx context.Context, who actor.Actor) (string, error)
	// Owned tells how many kitchens this process decides for.
	Owned func() int
	Stop  func(ctx context.Context) error
}

// Starter starts a Brigade.
type Starter func(ctx context.Context, s Setup) (*Brigade, error)

// Options say how a benchmark runs. Zero values take the defaults.
type Options struct {
	Duration    time.Duration // of the main part; 20 s
	Connections int           // of orders; 64
	Rate        float64       // orders per second of the paced part; 0: half of what was reached (orders), 200 (kitchen)
	Kitchens    int           // 20, or 1,000 idle ones
	Orders      int           // for later; 100,000
	Timers      int           // that ring while these wait; 200
	Screens     int           // of screens; 50
	InFlight    int           // of kitchen: orders under way in each kitchen; 32
	Server      string        // of orders: the URL of a running Brigade instead of one of its own
	Token       telemetry.Secret
	DatabaseURL string        // a server on which databases can be made; "": a private one
	Dir         string        // where its folder is made; "": the system's folder for temporary files
	SkipRaw     bool          // do not measure the raw Postgres
	CPUProfile  string        // write a profile of the main part here
	Events      int           // of events: how many wait; 100,000
	Workers     int           // of services; 4
	Tenants     int           // of nightly; 10,000
	Products    int           // of each of them; 5
	Days        int           // of which they have sales; 730
	Drivers     int           // of positions; 10,000
	Every       time.Duration // between a driver's positions; 3 s
	Batch       int           // positions that a gateway sends at once; 100
	Kafka       kafka.Options
	RabbitMQ    rabbitmq.Options
	Redis       string    // of kitchen: a URL; it is run without it too, to compare
	Progress    io.Writer // nil: nowhere
	Start       Starter
}

func (o Options) withDefaults() Options {
	setDefault(&o.Duration, 20*time.Second)
	setDefault(&o.Connections, 64)
	setDefault(&o.InFlight, 32)
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return o
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (o Options) check() error {
	var f errs.Fields
	if o.Duration < time.Second || o.Duration > time.Hour {
		f.Add("--duration", "must be from 1s to 1h, not %v", o.Duration)
	}
	if o.Connections < 1 || o.Connections > 10_000 {
		f.Add("--connections", "must be 1 to 10000, not %d", o.Connections)
	}
	if o.Rate < 0 {
		f.Add("--rate", "must not be negative")
	}
	if o.Kitchens < 0 || o.Kitchens > 100_000 {
		f.Add("--kitchens", "must be 1 to 100000, not %d", o.Kitchens)
	}
	if o.Orders < 0 || o.Orders > 10_000_000 {
		f.Add("--orders", "must be 1 to 10000000, not %d", o.Orders)
	}
	if o.InFlight < 1 || o.InFlight > 10_000 {
		f.Add("--in-flight", "must be 1 to 10000, not %d", o.InFlight)
	}
	if o.Events < 0 || o.Events > 100_000_000 {
		f.Add("--events", "must be 1 to 100000000, not %d", o.Events)
	}
	if o.Workers < 0 || o.Workers > 1000 {
		f.Add("--workers", "must be 1 to 1000, not %d", o.Workers)
	}
	o.checkNight(&f)
	return f.Err()
}

func (o Options) checkNight(f *errs.Fields) {
	if o.Tenants < 0 || o.Tenants > 100_000 {
		f.Add("--tenants", "must be 1 to 100000, not %d", o.Tenants)
	}
	if o.Products < 0 || o.Products > 1000 {
		f.Add("--products", "must be 1 to 1000, not %d", o.Products)
	}
	if o.Days < 0 || o.Days > 3660 {
		f.Add("--days", "must be 1 to 3660, not %d", o.Days)
	}
}

// say tells people how far a benchmark is.
func (o Options) say(format string, a ...any) { fmt.Fprintf(o.Progress, format+"\n", a...) }

// stage is where a benchmark takes place: a Brigade of its own and a Postgres.
type stage struct {
	*Brigade
	o        Options
	setup    Setup  // with which it was started
	postgres server // its processes, to tell what it costs; 0: not to be seen
	cleanup  []func(context.Context) error
}

// setUp starts a Brigade. Its database is in a private Postgres, or made for the run on the server of --database-url.
func setUp(ctx context.Context, o Options, s Setup) (st *stage, err error) {
	st = &stage{o: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.close(context.WithoutCancel(ctx)))
		}
	}()
	if o.DatabaseURL != "" {
		url, drop, err := makeDatabase(ctx, o.DatabaseURL, "brigade_bench")
		if err != nil {
			return st, err
		}
		st.cleanup = append(st.cleanup, drop)
		s.DatabaseURL = url
	} else {
		dir, err := os.MkdirTemp(o.Dir, "brigade-bench-")
		if err != nil {
			return st, fmt.Errorf("make a folder for the private Postgres: %w", err)
		}
		st.cleanup = append(st.cleanup, func(context.Context) error { return os.RemoveAll(dir) })
		s.State = dir
	}
	s.Logger = telemetry.NewLogger(o.Progress, slog.LevelWarn, "brigade", telemetry.WithFormat(telemetry.FormatText))
	o.say("starting a brigade of its own")
	b, err := o.Start(ctx, s)
	if err != nil {
		return st, err
	}
	st.Brigade, st.setup = b, s
	st.cleanup = append(st.cleanup, b.Stop)
	return st, nil
}

// close ends what setUp began, the last first.
func (st *stage) close(ctx context.Context) (err error) {
	for i := len(st.cleanup) - 1; i >= 0; i-- {
		err = errors.Join(err, st.cleanup[i](ctx))
	}
	st.cleanup = nil
	return err
}

// awaitOwner waits until this process decides for n kitchens.
func (st *stage) awaitOwner(ctx context.Context, n int) error {
	for st.Owned() < n {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// profiled runs the main part of a benchmark, with a CPU profile if one is wanted, after a collection of garbage.
func (o Options) profiled(run func()) error {
	runtime.GC()
	if o.CPUProfile == "" {
		run()
		return nil
	}
	f, err := os.Create(o.CPUProfile)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(err, f.Close())
	}
	run()
	pprof.StopCPUProfile()
	return f.Close()
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
