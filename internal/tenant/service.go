package tenant

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/singleflight"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

const (
	tokenFor   = 20 * time.Second // how long a revoked token may still be let in by another process
	outletsFor = time.Second      // how old what is known of outlets may be
	askFor     = 5 * time.Second  // how long the database may take to answer
	tokensKept = 10_000
	tenantKept = 10_000
)

// DemoSlug is the slug of the demo restaurant's tenant.
const DemoSlug = "demo"

// Service answers who asks and where things happen. It is safe for concurrent use.
type Service struct {
	store   Store
	now     func() time.Time // the machine's: tokens do not age with the product's clock
	tokens  *cache[Hash, actor.Actor]
	outlets *cache[int64, []Outlet]
	asking  singleflight.Group
}

// New returns a service over a store.
func New(store Store) *Service {
	return &Service{
		store:   store,
		now:     time.Now,
		tokens:  newCache[Hash, actor.Actor](tokensKept),
		outlets: newCache[int64, []Outlet](tenantKept),
	}
}

// Authenticate returns the actor that a token stands for. It is KindUnauthorized for a token that is unknown, expired
// or revoked, and KindForbidden for a tenant that is suspended or cancelled. An answer is remembered for 20 s: for so
// long a token revoked by another process may still be let in here.
func (s *Service) Authenticate(ctx context.Context, plain string) (actor.Actor, error) {
	hash, ok := hashOf(plain)
	if !ok {
		return actor.Actor{}, errUnknownToken
	}
	if a, ok := s.tokens.get(hash, s.now()); ok {
		return a, nil
	}
	return once(ctx, s, string(hash[:]), func(ctx context.Context) (actor.Actor, error) { return s.lookUp(ctx, hash) })
}

var errUnknownToken = errs.Unauthorized("the token is unknown, expired or revoked")

func (s *Service) lookUp(ctx context.Context, hash Hash) (actor.Actor, error) {
	asked := s.now()
	c, err := s.store.Credential(ctx, hash)
	switch {
	case errs.Is(err, errs.KindNotFound):
		return actor.Actor{}, errUnknownToken
	case err != nil:
		return actor.Actor{}, err
	case c.TenantStatus != Active:
		return actor.Actor{}, errs.Forbidden("the tenant is %s", c.TenantStatus)
	}
	a := actor.Actor{Tenant: c.Tenant, Outlet: c.DefaultOutlet, Name: c.Name, Role: c.Role, Driver: c.Driver}
	if c.Outlet != 0 {
		a.Outlet, a.Bound = c.Outlet, true
	}
	until := asked.Add(tokenFor)
	if c.Expires != nil && c.Expires.Before(until) {
		until = *c.Expires
	}
	s.tokens.put(hash, a, until)
	return a, nil
}

// once lets callers who want to know the same at the same time ask the database once. A caller who gives up does not
// take the answer away from the others.
func once[V any](ctx context.Context, s *Service, key string, ask func(context.Context) (V, error)) (V, error) {
	answer := s.asking.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askFor)
		defer cancel()
		return ask(ctx)
	})
	var none V
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case r := <-answer:
		if r.Err != nil {
			return none, r.Err
		}
		return r.Val.(V), nil
	}
}

// NewToken is what a token shall be.
type NewToken struct {
	Name    string // of who will use it: it appears in histories as who made a change; 1 to 100 characters
	Role    actor.Role
	Outlet  int64      // 0 = every outlet of the tenant
	Driver  int64      // whose own it is, for the role driver; 0 = nobody's
	Expires *time.Time // nil = never
}

// CreateToken makes a token for the actor's tenant and returns it in plain text: this once, for it is not kept.
// Only owners may (else KindForbidden), and owners bound to an outlet for that outlet alone.
// KindInvalid names faulty fields, an unknown outlet among them.
func (s *Service) CreateToken(ctx context.Context, by actor.Actor, want NewToken) (string, Token, error) {
	if err := by.Require(); err != nil {
		return "", Token{}, err
	}
	if by.Bound && want.Outlet == 0 {
		want.Outlet = by.Outlet
	}
	if err := s.checkNew(ctx, by, want); err != nil {
		return "", Token{}, err
	}
	plain, hash := newToken()
	t, err := s.store.InsertToken(ctx, Token{
		Tenant: by.Tenant, Outlet: want.Outlet, Name: want.Name, Role: want.Role, Expires: want.Expires, Driver: want.Driver,
	}, hash)
	if err != nil {
		return "", Token{}, err
	}
	return plain, t, nil
}

func (s *Service) checkNew(ctx context.Context, by actor.Actor, want NewToken) error {
	var f errs.Fields
	if n := utf8.RuneCountInString(want.Name); n < 1 || n > 100 || strings.ContainsFunc(want.Name, unicode.IsControl) {
		f.Add("name", "must have 1 to 100 printable characters")
	}
	if !want.Role.Valid() {
		f.Add("role", "must be one of %v", actor.Roles)
	}
	if want.Driver != 0 && want.Role != actor.Driver {
		f.Add("driver", "must only be given for the role driver")
	}
	if want.Expires != nil && !want.Expires.After(s.now()) {
		f.Add("expires", "must be in the future")
	}
	if want.Outlet != 0 {
		_, err := s.Outlet(ctx, by.Tenant, want.Outlet)
		if err != nil && !errs.Is(err, errs.KindNotFound) {
			return err
		}
		if err != nil || !by.Sees(want.Outlet) {
			f.Add("outlet", "must be an outlet of the tenant")
		}
	}
	return f.Err()
}

// ListTokens returns the tokens that the actor may see, newest first, revoked ones included. Owners only.
func (s *Service) ListTokens(ctx context.Context, by actor.Actor) ([]Token, error) {
	if err := by.Require(); err != nil {
		return nil, err
	}
	return s.store.Tokens(ctx, by.Tenant, by.OutletFilter())
}

// RevokeToken ends a token: at once in this process, within 20 s in others. Repeating it changes nothing.
// Owners only; KindNotFound when the actor's tenant has no such token.
func (s *Service) RevokeToken(ctx context.Context, by actor.Actor, id int64) error {
	if err := by.Require(); err != nil {
		return err
	}
	hash, err := s.store.RevokeToken(ctx, by.Tenant, by.OutletFilter(), id)
	if err != nil {
		return err
	}
	s.tokens.drop(hash)
	return nil
}

// ListTenants returns all tenants by slug. It is for the operator, not for actors.
func (s *Service) ListTenants(ctx context.Context) ([]Tenant, error) { return s.store.Tenants(ctx) }

// ListOutlets returns a tenant's outlets by slug, as they were at most a second ago.
// The answer is shared: do not change it.
func (s *Service) ListOutlets(ctx context.Context, tenant int64) ([]Outlet, error) {
	if known, ok := s.outlets.get(tenant, s.now()); ok {
		return known, nil
	}
	return once(ctx, s, strconv.FormatInt(tenant, 10), func(ctx context.Context) ([]Outlet, error) {
		asked := s.now()
		list, err := s.store.Outlets(ctx, tenant)
		if err == nil {
			s.outlets.put(tenant, list, asked.Add(outletsFor))
		}
		return list, err
	})
}

// Outlet returns one outlet of a tenant, as it was at most a second ago; KindNotFound when it has no such outlet.
// It is cheap enough to be asked with each order.
func (s *Service) Outlet(ctx context.Context, tenant, id int64) (Outlet, error) {
	return s.find(ctx, tenant, func(o Outlet) bool { return o.ID == id })
}

// OutletBySlug is Outlet for people, who know outlets by their slugs.
func (s *Service) OutletBySlug(ctx context.Context, tenant int64, slug string) (Outlet, error) {
	return s.find(ctx, tenant, func(o Outlet) bool { return o.Slug == slug })
}

func (s *Service) find(ctx context.Context, tenant int64, match func(Outlet) bool) (Outlet, error) {
	list, err := s.ListOutlets(ctx, tenant)
	if err != nil {
		return Outlet{}, err
	}
	i := slices.IndexFunc(list, match)
	if i < 0 {
		return Outlet{}, errs.NotFound("there is no such outlet")
	}
	return list[i], nil
}

// ActorFor returns somebody who acts for a whole tenant without a token: the operator at the command line, the demo.
// KindNotFound when there is no such tenant, KindForbidden when it is suspended or cancelled.
func (s *Service) ActorFor(ctx context.Context, slug, name string, role actor.Role) (actor.Actor, error) {
	tenants, err := s.store.Tenants(ctx)
	if err != nil {
		return actor.Actor{}, err
	}
	i := slices.IndexFunc(tenants, func(t Tenant) bool { return t.Slug == slug })
	if i < 0 {
		return actor.Actor{}, errs.NotFound("there is no tenant %q", slug)
	}
	if tenants[i].Status != Active {
		return actor.Actor{}, errs.Forbidden("the tenant is %s", tenants[i].Status)
	}
	a := actor.Actor{Tenant: tenants[i].ID, Name: name, Role: role}
	o, err := s.find(ctx, a.Tenant, func(o Outlet) bool { return o.Default })
	if err != nil && !errs.Is(err, errs.KindNotFound) {
		return actor.Actor{}, err
	}
	a.Outlet = o.ID
	return a, nil
}

// DemoActor returns the owner of the demo restaurant, as whom everybody acts in a demo on a loopback address.
// KindNotFound when the demo restaurant is not loaded.
func (s *Service) DemoActor(ctx context.Context) (actor.Actor, error) {
	return s.ActorFor(ctx, DemoSlug, "demo owner", actor.Owner)
}
