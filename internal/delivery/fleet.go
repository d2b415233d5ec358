package delivery

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// What counts as a position.
const (
	absurdSpeed  = 50.0            // metres a second between two positions: one of them is wrong
	absurdSlack  = 200.0           // metres by which any two positions may differ
	futureSlack  = 2 * time.Minute // of a device's clock
	trackEvery   = 30 * time.Second
	trackMetres  = 100.0
	seenEvery    = 20 * time.Second
	mostAtOnce   = 10_000
	suspectAgree = 2 // positions in a row that agree with each other are believed, however far they jumped
)

// Verdict is what became of a position.
type Verdict int

// The verdicts.
const (
	Taken   Verdict = iota
	Stale           // older than one that is known
	Absurd          // nobody can be there by then
	Future          // not yet
	Unknown         // the tenant has no such driver
)

// Verdicts count positions by what became of them.
type Verdicts struct {
	Taken   int `json:"taken"`
	Stale   int `json:"out_of_order"`
	Absurd  int `json:"absurd"`
	Future  int `json:"from_the_future"`
	Unknown int `json:"of_nobody"`
}

func (v *Verdicts) count(x Verdict) {
	*[...]*int{&v.Taken, &v.Stale, &v.Absurd, &v.Future, &v.Unknown}[x]++
}

// Trace is what is kept in memory of where a driver was.
type Trace struct {
	last    Fix
	suspect Fix // a jump that later positions may confirm
	agree   int
	tracked Fix // the last one that was kept for good
}

// Take decides what a position is worth. A jump that nobody can have made is left out; when the next ones agree with it,
// it was the old one that was wrong. track tells whether it is worth keeping for good.
func (t *Trace) Take(f Fix, now time.Time) (v Verdict, track bool) {
	switch {
	case f.At.After(now.Add(futureSlack)):
		return Future, false
	case t.last.At.IsZero():
	case !f.At.After(t.last.At):
		return Stale, false
	case jumps(t.last, f):
		if t.agree > 0 && !jumps(t.suspect, f) {
			t.agree++
		} else {
			t.agree = 1
		}
		t.suspect = f
		if t.agree <= suspectAgree {
			return Absurd, false
		}
	}
	t.last, t.agree = f, 0
	if f.At.Sub(t.tracked.At) >= trackEvery || t.tracked.Metres(f.Point) >= trackMetres {
		t.tracked, track = f, true
	}
	return Taken, track
}

// jumps tells whether nobody can come from one position to the other in the time between.
func jumps(a, b Fix) bool {
	return a.Metres(b.Point) > absurdSlack+absurdSpeed*b.At.Sub(a.At).Abs().Seconds()
}

// FleetStore keeps positions.
type FleetStore interface {
	// Owners returns the tenants of drivers; those that do not exist are missing.
	Owners(ctx context.Context, drivers []int64) (map[int64]int64, error)
	// PutPositions writes last positions, the newest of each driver wins, tracks, and who was seen when.
	PutPositions(ctx context.Context, b Batch) error
	// ForgetTracks drops tracks that are older.
	ForgetTracks(ctx context.Context, before time.Time) (int64, error)
}

// Batch is what is written together: at most one last position of each driver.
type Batch struct {
	Last   []Located
	Tracks []Fix
	Seen   map[int64]time.Time
}

// Located is a position with its driver's tenant.
type Located struct {
	Fix
	Tenant int64
}

// Fleet takes in positions: the last one of each driver is kept in memory, and all that changed is written together,
// about once a second. A crash loses a second of positions; the next ones make up for it.
type Fleet struct {
	store FleetStore
	log   *slog.Logger

	mu      sync.Mutex
	tenants map[int64]int64 // driver → tenant
	traces  map[int64]*Trace
	dirty   map[int64]bool
	tracks  []Fix
	seen    map[int64]time.Time // to be written
	seenAt  map[int64]time.Time // when it was noted last
}

// NewFleet returns a fleet of which nothing is known. Run keeps it written.
func NewFleet(store FleetStore, log *slog.Logger) *Fleet {
	return &Fleet{
		store: store, log: log, tenants: map[int64]int64{}, traces: map[int64]*Trace{}, dirty: map[int64]bool{},
		seen: map[int64]time.Time{}, seenAt: map[int64]time.Time{},
	}
}

// Take takes in positions of a tenant's drivers, oldest first. Errors: KindInvalid when there are too many or one is no
// place on earth, KindUnavailable.
func (f *Fleet) Take(ctx context.Context, tenant int64, fixes []Fix, now time.Time) (v Verdicts, err error) {
	if len(fixes) > mostAtOnce {
		return v, errs.TooLarge("at most %d positions at once", mostAtOnce)
	}
	for i := range fixes {
		if p := fixes[i].Point; !(p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180) {
			return v, errs.Invalid("position %d is no place on earth: latitude %g, longitude %g", i, p.Lat, p.Lon)
		}
		if fixes[i].At.IsZero() {
			fixes[i].At = now
		}
	}
	if err := f.learnOwners(ctx, fixes); err != nil {
		return v, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range fixes {
		v.count(f.take(tenant, x, now))
	}
	return v, nil
}

func (f *Fleet) take(tenant int64, x Fix, now time.Time) Verdict {
	if f.tenants[x.Driver] != tenant {
		return Unknown
	}
	t := f.traces[x.Driver]
	if t == nil {
		t = &Trace{}
		f.traces[x.Driver] = t
	}
	v, track := t.Take(x, now)
	if v == Taken {
		f.dirty[x.Driver] = true
	}
	if track {
		f.tracks = append(f.tracks, x)
	}
	return v
}

// learnOwners finds out whose drivers are whom nobody here has heard of yet.
func (f *Fleet) learnOwners(ctx context.Context, fixes []Fix) error {
	var missing []int64
	f.mu.Lock()
	asked := map[int64]bool{}
	for _, x := range fixes {
		if _, ok := f.tenants[x.Driver]; !ok && !asked[x.Driver] {
			asked[x.Driver] = true
			missing = append(missing, x.Driver)
		}
	}
	f.mu.Unlock()
	if len(missing) == 0 {
		return nil
	}
	found, err := f.store.Owners(ctx, missing)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for driver, tenant := range found {
		f.tenants[driver] = tenant
	}
	return nil
}

// whose is the driver that somebody may send positions of. A driver's own token needs no look at the database.
func (f *Fleet) whose(ctx context.Context, who actor.Actor, ref string, find func(context.Context, actor.Actor, string) (*Driver, error)) (int64, error) {
	if who.Role == actor.Driver && who.Driver != 0 && ref == "" {
		return who.Driver, nil
	}
	d, err := find(ctx, who, ref)
	if err != nil {
		return 0, err
	}
	return d.ID, nil
}

// Seen notes that a driver gave a sign of life.
func (f *Fleet) Seen(driver int64, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at.Sub(f.seenAt[driver]) >= seenEvery {
		f.seenAt[driver], f.seen[driver] = at, at
	}
}

// overlay gives a driver the newer of the positions that the database and this node know.
func (f *Fleet) overlay(d *Driver) { d.Last = f.newest(d.ID, d.Last) }

func (f *Fleet) newest(driver int64, known *Fix) *Fix {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.traces[driver]
	if t == nil || t.last.At.IsZero() || known != nil && !t.last.At.After(known.At) {
		return known
	}
	last := t.last
	return &last
}

// How often positions are written, in real time.
const (
	flushEvery  = time.Second
	forgetEvery = time.Hour
	tracksFor   = 7 * 24 * time.Hour
)

// Run writes what changed until ctx ends, and once more then.
func (f *Fleet) Run(ctx context.Context, now func() time.Time) error {
	tick, clean := time.NewTicker(flushEvery), time.NewTicker(forgetEvery)
	defer tick.Stop()
	defer clean.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			f.Flush(last)
			return nil
		case <-tick.C:
			f.Flush(ctx)
		case <-clean.C:
			if _, err := f.store.ForgetTracks(ctx, now().Add(-tracksFor)); err != nil && ctx.Err() == nil {
				f.log.WarnContext(ctx, "old tracks were not dropped", "action", "tracks_failed", "error", err)
			}
		}
	}
}

// Flush writes what changed. What cannot be written now is written with the next.
func (f *Fleet) Flush(ctx context.Context) {
	b := f.batch()
	if len(b.Last)+len(b.Tracks)+len(b.Seen) == 0 {
		return
	}
	if err := f.store.PutPositions(ctx, b); err != nil {
		f.log.WarnContext(ctx, "positions were not written, trying again", "action", "positions_failed", "error", err)
		f.back(b)
	}
}

func (f *Fleet) batch() Batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := Batch{Tracks: f.tracks, Seen: f.seen, Last: make([]Located, 0, len(f.dirty))}
	for id := range f.dirty {
		b.Last = append(b.Last, Located{f.traces[id].last, f.tenants[id]})
	}
	f.tracks, f.seen = nil, map[int64]time.Time{}
	clear(f.dirty)
	return b
}

// mostTracks bounds what waits while Postgres is away.
const mostTracks = 200_000

func (f *Fleet) back(b Batch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range b.Last {
		f.dirty[l.Driver] = true
	}
	if len(f.tracks)+len(b.Tracks) <= mostTracks {
		f.tracks = append(b.Tracks, f.tracks...)
	}
	for id, at := range b.Seen {
		if f.seen[id].IsZero() {
			f.seen[id] = at
		}
	}
}
