package network

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
)

const (
	// PictureFor is how old a network's figures may be; of real time.
	PictureFor = 15 * time.Second
	// LargePictureFor is how old the figures of a network may be that takes more than a second to draw: nobody waits while it is
	// drawn anew.
	LargePictureFor = 2 * time.Minute

	largeFrom  = time.Second
	drawWithin = time.Minute // how long the database may take
	kept       = 200         // pictures at a time
)

// Product is what an outlet sells of a product.
type Product struct {
	SKU      string
	Name     string
	Milli    int64
	Revenue  int64
	Before   int64 // thousandths that were sold in the days before
	Expected int64 // thousandths, over the days ahead
}

// Detail is what lies behind an outlet's figures.
type Detail struct {
	Days     []DaySales
	Products []Product // those with most revenue, at most 500
}

// Member is a tenant that has joined a network.
type Member struct {
	Parent   string // slug
	Slug     string
	Name     string
	Status   string
	Outlets  int
	JoinedBy string
	JoinedAt time.Time
}

// Store keeps networks.
type Store interface {
	// Parent returns a tenant as the head of a network. Errors: KindNotFound.
	Parent(ctx context.Context, tenant int64) (Parent, error)
	// Draw reads a network's figures, all at one moment.
	Draw(ctx context.Context, parent Parent, w Window) (Picture, error)
	// Detail reads what lies behind an outlet's figures.
	Detail(ctx context.Context, site Site, w Window) (Detail, error)
}

// Service tells parents of their networks. It is safe for use by many goroutines.
type Service struct {
	store   Store
	clock   clock.Clock
	now     func() time.Time // real: how old a picture is does not depend on how fast the product's clock runs
	mu      sync.Mutex
	drawn   map[string]drawn
	drawing singleflight.Group
}

type drawn struct {
	picture *Picture
	until   time.Time // then it is drawn anew when somebody asks
	last    time.Time // until then it is shown meanwhile
}

// NewService returns a service; the clock is the product's.
func NewService(store Store, clock clock.Clock) *Service {
	return &Service{store: store, clock: clock, now: time.Now, drawn: map[string]drawn{}}
}

// Picture returns the network of the caller's own tenant, which the request names by slug or id, over a number of days
// (0: DefaultDays). It is at most PictureFor old, or LargePictureFor when it takes long to draw; it is shared: do not change it.
// Errors: KindForbidden for another tenant, for one that is not of the enterprise tier, and for whoever is bound to an
// outlet; KindInvalid for too many days.
func (s *Service) Picture(ctx context.Context, who actor.Actor, parent string, days int) (*Picture, error) {
	if days == 0 {
		days = DefaultDays
	}
	if days < 1 || days > MostDays {
		var f errs.Fields
		f.Add("days", "must be 1 to %d", MostDays)
		return nil, f.Err()
	}
	p, err := s.admit(ctx, who, parent)
	if err != nil {
		return nil, err
	}
	key := strconv.FormatInt(p.ID, 10) + "/" + strconv.Itoa(days)
	pic, old := s.known(key)
	if pic != nil && !old {
		return pic, nil
	}
	answer := s.draw(ctx, key, p, days)
	if pic != nil {
		return pic, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-answer:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*Picture), nil
	}
}

// admit finds the parent that a request names and whether the caller may see its network.
func (s *Service) admit(ctx context.Context, who actor.Actor, ref string) (Parent, error) {
	if who.Bound {
		return Parent{}, errs.Forbidden("a token for one outlet does not see the network")
	}
	p, err := s.store.Parent(ctx, who.Tenant)
	if err != nil {
		return Parent{}, err
	}
	if ref != p.Slug && ref != strconv.FormatInt(p.ID, 10) {
		return Parent{}, errs.Forbidden("%s is not your tenant", ref)
	}
	if p.Tier != Tier {
		return Parent{}, errs.Forbidden("networks are for tenants of the %s tier; yours is %s", Tier, p.Tier)
	}
	return p, nil
}

// known returns the picture that is kept, if it may be shown, and whether it is time for another one.
func (s *Service) known(key string) (pic *Picture, old bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.drawn[key]
	if now := s.now(); ok && now.Before(d.last) {
		return d.picture, !now.Before(d.until)
	}
	return nil, false
}

// draw reads a picture, once for all who ask at the same time. Who gives up does not take it away from others.
func (s *Service) draw(ctx context.Context, key string, p Parent, days int) <-chan singleflight.Result {
	return s.drawing.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drawWithin)
		defer cancel()
		asked := s.now()
		w := NewWindow(s.clock.Now(), p.Zone, days)
		pic, err := s.store.Draw(ctx, p, w)
		if err != nil {
			return nil, err
		}
		pic.At = s.clock.Now()
		d := drawn{&pic, asked.Add(PictureFor), asked.Add(PictureFor)}
		if s.now().Sub(asked) > largeFrom {
			d.last = asked.Add(LargePictureFor)
		}
		s.keep(key, d)
		return &pic, nil
	})
}

func (s *Service) keep(key string, d drawn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for old, o := range s.drawn {
		if !s.now().Before(o.last) || len(s.drawn) >= kept {
			delete(s.drawn, old)
		}
	}
	s.drawn[key] = d
}

// Drill returns one of the network's outlets with what lies behind its figures. An outlet is named by its id, by its slug
// when only one has that, or as TENANT/OUTLET. Errors: as for Picture; KindNotFound, KindConflict for a slug that several have.
func (s *Service) Drill(ctx context.Context, who actor.Actor, parent string, days int, outlet string) (*Picture, *SiteFigures, Detail, error) {
	pic, err := s.Picture(ctx, who, parent, days)
	if err != nil {
		return nil, nil, Detail{}, err
	}
	site, err := pic.find(outlet)
	if err != nil {
		return nil, nil, Detail{}, err
	}
	detail, err := s.store.Detail(ctx, site.Site, pic.Window)
	return pic, site, detail, err
}

func (p *Picture) find(ref string) (*SiteFigures, error) {
	match := func(s SiteFigures) bool { return s.TenantSlug+"/"+s.Slug == ref || s.Slug == ref }
	first := slices.IndexFunc(p.Sites, match)
	if first < 0 {
		if id, err := strconv.ParseInt(ref, 10, 64); err == nil {
			if site, ok := p.Site(id); ok {
				return site, nil
			}
		}
		return nil, errs.NotFound("there is no outlet %q in the network", ref)
	}
	if i := slices.IndexFunc(p.Sites[first+1:], match); i >= 0 {
		return nil, errs.Conflict("several outlets are called %q: name it as %s/%s", ref, p.Sites[first].TenantSlug, ref)
	}
	return &p.Sites[first], nil
}
