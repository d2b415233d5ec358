package menu

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	freshFor    = time.Second            // how long a menu is trusted before its version is compared
	bearableFor = 3 * time.Second        // how long it is still served while somebody else compares
	missedFor   = 100 * time.Millisecond // how long it is trusted when it does not have what is asked for
	askFor      = 5 * time.Second        // how long the database may take to answer
	menusKept   = 2000                   // outlets whose menus are kept in memory
)

// Catalogue answers from memory what outlets sell, for every order that comes in. What another process changes is
// seen after a second or so; what this process changes at once, if it calls Invalidate. It is safe for concurrent use.
type Catalogue struct {
	store Store
	now   func() time.Time // the machine's: the database does not change with the product's clock

	mu    sync.RWMutex
	menus map[place]*cached
}

type place struct{ tenant, outlet int64 }

// cached is one outlet's menu.
type cached struct {
	menu    atomic.Pointer[listing]
	asking  singleflight.Group
	waiting atomic.Bool // somebody waits for the answer, so that others need not
}

// listing is a menu as it was read; only checked changes, by a copy.
type listing struct {
	version string
	checked time.Time
	items   []Item
	pauses  []Pause
	bySKU   map[string]*Item
	byName  map[string]*Item // lower case
}

// NewCatalogue returns a catalogue over a store.
func NewCatalogue(store Store) *Catalogue {
	return &Catalogue{store: store, now: time.Now, menus: map[place]*cached{}}
}

// Items returns what an outlet sells, in the order in which items came onto the menu; nothing for an outlet that is not
// the tenant's. The answer is shared: do not change it.
func (c *Catalogue) Items(ctx context.Context, tenant, outlet int64) ([]Item, error) {
	l, err := c.listing(ctx, place{tenant, outlet}, freshFor)
	if err != nil {
		return nil, err
	}
	return l.items, nil
}

// Pauses returns what of an outlet is paused, also what has ended by itself. The answer is shared: do not change it.
func (c *Catalogue) Pauses(ctx context.Context, tenant, outlet int64) ([]Pause, error) {
	l, err := c.listing(ctx, place{tenant, outlet}, freshFor)
	if err != nil {
		return nil, err
	}
	return l.pauses, nil
}

// Lookup finds items by SKU, else by name (whatever its case). The answer has one entry for each that is asked for;
// nil when it is not sold, which is made sure of. The items are shared: do not change them.
func (c *Catalogue) Lookup(ctx context.Context, tenant, outlet int64, skusOrNames []string) ([]*Item, error) {
	p := place{tenant, outlet}
	l, err := c.listing(ctx, p, freshFor)
	if err != nil {
		return nil, err
	}
	found, all := l.find(skusOrNames)
	if all || c.within(l, missedFor) {
		return found, nil
	}
	if l, err = c.listing(ctx, p, missedFor); err != nil {
		return nil, err
	}
	found, _ = l.find(skusOrNames)
	return found, nil
}

func (l *listing) find(skusOrNames []string) (found []*Item, all bool) {
	found, all = make([]*Item, len(skusOrNames)), true
	for i, s := range skusOrNames {
		if found[i] = l.bySKU[s]; found[i] == nil {
			found[i] = l.byName[strings.ToLower(s)]
		}
		all = all && found[i] != nil
	}
	return found, all
}

// Invalidate forgets all menus, so that the next question sees what is in the database now.
func (c *Catalogue) Invalidate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.menus = map[place]*cached{} // who is reading an old menu keeps it to himself
}

// listing returns an outlet's menu that was compared with the database at most maxAge ago. While one caller waits for
// a comparison, the others are served what was true a moment ago.
func (c *Catalogue) listing(ctx context.Context, p place, maxAge time.Duration) (*listing, error) {
	e := c.entry(p)
	l := e.menu.Load()
	if c.within(l, maxAge) {
		return l, nil
	}
	first := e.waiting.CompareAndSwap(false, true)
	if first {
		defer e.waiting.Store(false)
	} else if maxAge == freshFor && c.within(l, bearableFor) {
		return l, nil
	}
	answer := e.asking.DoChan("", func() (any, error) { return c.refresh(context.WithoutCancel(ctx), p, e, maxAge) })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-answer:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*listing), nil
	}
}

func (c *Catalogue) refresh(ctx context.Context, p place, e *cached, maxAge time.Duration) (*listing, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	l := e.menu.Load()
	if c.within(l, maxAge) { // somebody else's answer came just now
		return l, nil
	}
	l, err := c.read(ctx, p, l)
	if err == nil {
		e.menu.Store(l)
	}
	return l, err
}

func (c *Catalogue) within(l *listing, d time.Duration) bool {
	return l != nil && c.now().Sub(l.checked) < d
}

func (c *Catalogue) entry(p place) *cached {
	c.mu.RLock()
	e := c.menus[p]
	c.mu.RUnlock()
	if e != nil {
		return e
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.menus[p]; e != nil {
		return e
	}
	if len(c.menus) >= menusKept {
		for other := range c.menus { // any: reading it again is cheap
			delete(c.menus, other)
			break
		}
	}
	e = &cached{}
	c.menus[p] = e
	return e
}

// read returns the known listing when its version still holds, else a new one. The version is read before the items:
// a change in between makes the next comparison fail, never a change unseen.
func (c *Catalogue) read(ctx context.Context, p place, known *listing) (*listing, error) {
	now := c.now()
	version, err := c.store.Version(ctx, p.tenant, p.outlet)
	if err != nil {
		return nil, err
	}
	if known != nil && known.version == version {
		same := *known
		same.checked = now
		return &same, nil
	}
	items, err := c.store.Items(ctx, p.tenant, p.outlet)
	if err != nil {
		return nil, err
	}
	pauses, err := c.store.Pauses(ctx, p.tenant, p.outlet)
	if err != nil {
		return nil, err
	}
	return newListing(version, now, items, pauses), nil
}

func newListing(version string, now time.Time, items []Item, pauses []Pause) *listing {
	l := &listing{
		version: version, checked: now, items: items, pauses: pauses,
		bySKU: make(map[string]*Item, len(items)), byName: make(map[string]*Item, len(items)),
	}
	for i := range items {
		l.bySKU[items[i].SKU] = &items[i]
		l.byName[strings.ToLower(items[i].Name)] = &items[i]
	}
	return l
}
