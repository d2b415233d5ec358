package stock

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// Purchases lists purchase orders, the latest first; without q.All those that are open. q.Code is a supplier's.
func (s *Service) Purchases(ctx context.Context, who actor.Actor, q Query) ([]Purchase, error) {
	if err := s.within(ctx, who, &q); err != nil {
		return nil, err
	}
	return s.store.Purchases(ctx, who.Tenant, q)
}

// Purchase returns a purchase order. Errors: KindNotFound.
func (s *Service) Purchase(ctx context.Context, who actor.Actor, id int64) (Purchase, error) {
	p, err := s.store.Purchase(ctx, who.Tenant, id)
	if err == nil && !who.Sees(p.Outlet) {
		return Purchase{}, errs.NotFound("there is no purchase order %d", id)
	}
	return p, err
}

// Find returns a purchase order of an outlet (0: the actor's own) by its number, or any of the tenant's by its id.
// Errors: KindNotFound.
func (s *Service) Find(ctx context.Context, who actor.Actor, outlet int64, ref string) (Purchase, error) {
	if id, err := strconv.ParseInt(ref, 10, 64); err == nil {
		return s.Purchase(ctx, who, id)
	}
	outlet, err := s.at(ctx, who, outlet)
	if err != nil {
		return Purchase{}, err
	}
	id, err := s.store.PurchaseID(ctx, who.Tenant, outlet, strings.ToUpper(ref))
	if err != nil {
		return Purchase{}, err
	}
	return s.Purchase(ctx, who, id)
}

// Order is what somebody wants to buy of one supplier.
type Order struct {
	Outlet    int64 // 0: the actor's own
	Supplier  string
	Key       string    // the client's: the same again answers as before; "": none
	DeliverOn time.Time // midnight UTC of the day; zero: the next one possible
	Note      string
	Lines     []OrderLine
}

// OrderLine is a product, by the supplier's code or, as the preferred one, by its ingredient.
type OrderLine struct {
	Product    string // "": the supplier's preferred one of the ingredient
	Ingredient string
	Packs      int
}

// Draft writes a purchase order by hand. Errors: KindForbidden, KindNotFound, KindInvalid.
func (s *Service) Draft(ctx context.Context, who actor.Actor, o Order) (Purchase, error) {
	if err := who.Require(actor.Manager); err != nil {
		return Purchase{}, err
	}
	outlet, err := s.at(ctx, who, o.Outlet)
	if err != nil {
		return Purchase{}, err
	}
	seller, err := s.seller(ctx, who.Tenant, outlet, o.Supplier)
	if err != nil {
		return Purchase{}, err
	}
	if err := o.check(); err != nil {
		return Purchase{}, err
	}
	wishes, err := s.wishes(ctx, who.Tenant, seller, o.Lines)
	if err != nil {
		return Purchase{}, err
	}
	return s.add(ctx, who, seller, NewPurchase{Outlet: outlet, Key: o.Key, DeliverOn: o.DeliverOn, Note: o.Note, Wishes: wishes})
}

func (o Order) check() error {
	var f errs.Fields
	if len(o.Lines) > mostEntries {
		f.Add("lines", "must be at most %d", mostEntries)
	}
	if badText(o.Note) {
		f.Add("note", "must be UTF-8 without NUL, of at most %d characters", mostText)
	}
	if len(o.Key) > mostText {
		f.Add("key", "must have at most %d characters", mostText)
	}
	return f.Err()
}

func (s *Service) seller(ctx context.Context, tenant, outlet int64, code string) (Supplier, error) {
	list, err := s.store.Suppliers(ctx, tenant, Query{Outlet: outlet, Code: code, Most: 1})
	if err == nil && (len(list) == 0 || code == "") {
		err = errs.NotFound("there is no supplier %q here", code)
	}
	if err != nil {
		return Supplier{}, err
	}
	return list[0], nil
}

// MostPacks is how many packs of a product can be ordered at once.
const MostPacks = 100_000

// wishes finds the products that lines mean. Errors: KindInvalid, which names all that are not there.
func (s *Service) wishes(ctx context.Context, tenant int64, seller Supplier, lines []OrderLine) ([]Wish, error) {
	products, err := s.store.Products(ctx, tenant, Query{Outlet: seller.Outlet})
	if err != nil {
		return nil, err
	}
	var f errs.Fields
	list := make([]Wish, 0, len(lines))
	for i, l := range lines {
		at := slices.IndexFunc(products, func(p Product) bool {
			return p.Supplier == seller.ID && (l.Product != "" && p.Code == l.Product || l.Product == "" && p.Of == l.Ingredient)
		})
		switch {
		case at < 0:
			f.Add(fmt.Sprintf("lines[%d]", i), "%s does not sell %s", seller.Name, cmp.Or(l.Product, l.Ingredient, "nothing"))
		case l.Packs < 0 || l.Packs > MostPacks:
			f.Add(fmt.Sprintf("lines[%d].packs", i), "must be 0 to %d", MostPacks)
		case slices.ContainsFunc(list, func(w Wish) bool { return w.Product == products[at].ID }):
			f.Add(fmt.Sprintf("lines[%d]", i), "%s is here twice", products[at].Name)
		default:
			list = append(list, Wish{Product: products[at].ID, Packs: l.Packs})
		}
	}
	return list, f.Err()
}

// add writes a draft for a day on which the supplier delivers. Errors: KindInvalid for a day on which he does not.
func (s *Service) add(ctx context.Context, who actor.Actor, seller Supplier, n NewPurchase) (Purchase, error) {
	zone, err := s.zone(ctx, who.Tenant, n.Outlet)
	if err != nil {
		return Purchase{}, err
	}
	n.Supplier, n.By, n.At = seller.ID, who.Name, s.clock.Now().Truncate(time.Microsecond)
	if n.DeliverOn, n.OrderBy, err = seller.deliver(n.DeliverOn, n.At, zone); err != nil {
		return Purchase{}, err
	}
	return s.store.AddPurchase(ctx, who.Tenant, n)
}

// deliver settles the day of a delivery (as midnight UTC) and until when it must be ordered; a zero day is the next one possible.
func (s Supplier) deliver(day, now time.Time, zone *time.Location) (on, orderBy time.Time, err error) {
	if day.IsZero() {
		next, by := s.NextDelivery(now, zone)
		y, m, d := next.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), by.UTC(), nil
	}
	y, m, d := day.Date()
	local := time.Date(y, m, d, 0, 0, 0, 0, zone)
	by := s.OrderBy(local)
	switch {
	case !s.Delivers(local.Weekday()):
		err = errs.Invalid("%s does not deliver on %ss", s.Name, local.Weekday())
	case !now.Before(by):
		err = errs.Invalid("it is too late for %s: it had to be ordered until %s", local.Format("2006-01-02"), by.Format("2006-01-02 15:04"))
	case local.Sub(now) > mostAhead:
		err = errs.Invalid("%s is too far away", local.Format("2006-01-02"))
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), by.UTC(), err
}

// Suggested writes a draft for each supplier from whom something should be bought: by the plan where there is one, else so
// that every ingredient comes up to its par level. Nothing is needed: no drafts. Errors: KindForbidden, KindNotFound.
func (s *Service) Suggested(ctx context.Context, who actor.Actor, outlet int64, key string) ([]Purchase, error) {
	if err := who.Require(actor.Manager); err != nil {
		return nil, err
	}
	outlet, err := s.at(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	list, err := s.suggestions(ctx, who.Tenant, outlet)
	if err != nil {
		return nil, err
	}
	sellers, err := s.store.Suppliers(ctx, who.Tenant, Query{Outlet: outlet})
	if err != nil {
		return nil, err
	}
	drafts := make([]Purchase, 0, len(list))
	for _, g := range list {
		i := slices.IndexFunc(sellers, func(x Supplier) bool { return x.ID == g.Supplier })
		if i < 0 || len(g.Lines) == 0 {
			continue
		}
		for j := range g.Lines {
			packs := g.Lines[j].Packs
			g.Lines[j].Suggested = &packs
		}
		p, err := s.add(ctx, who, sellers[i], NewPurchase{
			Outlet: outlet, Key: orderKey(key, len(drafts)), Suggested: true, DeliverOn: g.DeliverOn, Wishes: g.Lines,
		})
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, p)
	}
	return drafts, nil
}

func (s *Service) suggestions(ctx context.Context, tenant, outlet int64) ([]Suggestion, error) {
	if s.suggest != nil {
		list, err := s.suggest.Suggest(ctx, tenant, outlet)
		if err != nil || list != nil {
			return list, err
		}
	}
	levels, err := s.store.Levels(ctx, tenant, Query{Outlet: outlet})
	if err != nil {
		return nil, err
	}
	products, err := s.store.Products(ctx, tenant, Query{Outlet: outlet})
	if err != nil {
		return nil, err
	}
	open, err := s.store.Purchases(ctx, tenant, Query{Outlet: outlet})
	return UpToPar(levels, products, drafted(open)), err
}

// drafted is how much of each ingredient is in drafts.
func drafted(open []Purchase) map[int64]Quantity {
	sums := map[int64]Quantity{}
	for _, p := range open {
		for _, l := range p.Lines {
			if p.Status == Draft {
				sums[l.Ingredient] += l.Ordered()
			}
		}
	}
	return sums
}

// UpToPar suggests what brings each ingredient up to its par level, with what is ordered and drafted already, from the first
// product that has it.
func UpToPar(levels []Level, products []Product, drafted map[int64]Quantity) []Suggestion {
	var list []Suggestion
	for _, l := range levels {
		missing := l.Par - l.Available() - l.OnOrder - drafted[l.ID]
		i := slices.IndexFunc(products, func(p Product) bool { return p.Ingredient == l.ID })
		if missing <= 0 || l.Par == 0 || i < 0 {
			continue
		}
		p := products[i]
		at := slices.IndexFunc(list, func(g Suggestion) bool { return g.Supplier == p.Supplier })
		if at < 0 {
			list = append(list, Suggestion{Supplier: p.Supplier})
			at = len(list) - 1
		}
		list[at].Lines = append(list[at].Lines, Wish{Product: p.ID, Packs: min(p.Packs(missing), MostPacks)})
	}
	return list
}

// Edit is what shall become of a draft; what is nil stays.
type Edit struct {
	Version   int // that was seen; 0: whichever
	DeliverOn *time.Time
	Note      *string
	Set       []OrderLine // products with new numbers of packs; 0 takes them out
}

// Edit changes a draft. What was suggested stays with its lines, so that it can be seen what was made of it. Errors:
// KindForbidden, KindNotFound, KindInvalid, KindConflict when it is no draft any more, or somebody else has changed it.
func (s *Service) Edit(ctx context.Context, who actor.Actor, id int64, e Edit) (Purchase, error) {
	p, err := s.mine(ctx, who, id, actor.Manager)
	if err != nil {
		return Purchase{}, err
	}
	changes, err := s.wishes(ctx, who.Tenant, p.Supplier, e.Set)
	if err != nil {
		return Purchase{}, err
	}
	zone, err := s.zone(ctx, who.Tenant, p.Outlet)
	if err != nil {
		return Purchase{}, err
	}
	if e.Note != nil && badText(*e.Note) {
		return Purchase{}, errs.Invalid("the note must be UTF-8 without NUL, of at most %d characters", mostText)
	}
	now := s.clock.Now().Truncate(time.Microsecond)
	return s.store.ChangePurchase(ctx, who.Tenant, id, func(p *Purchase) ([]Wish, error) {
		if err := p.Editable(); err != nil {
			return nil, err
		}
		if e.Version != 0 && e.Version != p.Version {
			return nil, errs.Conflict("%s was changed by %s: look at it again", p.Number, p.ChangedBy)
		}
		if e.Note != nil {
			p.Note = *e.Note
		}
		if e.DeliverOn != nil {
			if p.DeliverOn, p.OrderBy, err = p.Supplier.deliver(*e.DeliverOn, now, zone); err != nil {
				return nil, err
			}
		}
		p.touch(who.Name, now)
		return p.with(changes), nil
	})
}

// with returns the lines of a draft with some changed, as wishes; never nil.
func (p *Purchase) with(changes []Wish) []Wish {
	list := make([]Wish, 0, len(p.Lines)+len(changes))
	for _, l := range p.Lines {
		list = append(list, Wish{Product: l.Product, Packs: l.Packs, Suggested: l.Suggested})
	}
	for _, c := range changes {
		i := slices.IndexFunc(list, func(w Wish) bool { return w.Product == c.Product })
		if i < 0 {
			list = append(list, c)
			continue
		}
		list[i].Packs = c.Packs
	}
	return slices.DeleteFunc(list, func(w Wish) bool { return w.Packs == 0 && w.Suggested == nil })
}

// mine returns a purchase order that the actor sees and may work on.
func (s *Service) mine(ctx context.Context, who actor.Actor, id int64, roles ...actor.Role) (Purchase, error) {
	if err := who.Require(roles...); err != nil {
		return Purchase{}, err
	}
	return s.Purchase(ctx, who, id)
}

// Send sends a purchase order to its supplier by e-mail, where he has an address and mail can be sent; else it is only noted
// as sent, for whoever downloads it. Again: nothing changes. Errors: KindForbidden, KindNotFound, KindInvalid, KindConflict.
func (s *Service) Send(ctx context.Context, who actor.Actor, id int64) (Purchase, error) {
	if _, err := s.mine(ctx, who, id, actor.Manager); err != nil {
		return Purchase{}, err
	}
	return s.store.ChangePurchase(ctx, who.Tenant, id, func(p *Purchase) ([]Wish, error) {
		to := ""
		if s.mails {
			to = p.Supplier.Email
		}
		return nil, p.Send(to, who.Name, s.clock.Now().Truncate(time.Microsecond))
	})
}

// Cancel gives a purchase order up. What came in stays; again, nothing changes. Errors: KindForbidden, KindNotFound, KindConflict.
func (s *Service) Cancel(ctx context.Context, who actor.Actor, id int64) (Purchase, error) {
	if _, err := s.mine(ctx, who, id, actor.Manager); err != nil {
		return Purchase{}, err
	}
	return s.store.ChangePurchase(ctx, who.Tenant, id, func(p *Purchase) ([]Wish, error) {
		return nil, p.Cancel(who.Name, s.clock.Now().Truncate(time.Microsecond))
	})
}

// Receive takes a delivery into stock: without lines, all that is open. With the same key again nothing changes.
// Errors: KindForbidden, KindNotFound, KindInvalid, KindConflict unless it was sent.
func (s *Service) Receive(ctx context.Context, who actor.Actor, r Receipt) (Purchase, error) {
	if _, err := s.mine(ctx, who, r.Purchase, actor.Manager, actor.Cook); err != nil {
		return Purchase{}, err
	}
	r.By, r.At = who.Name, s.clock.Now().Truncate(time.Microsecond)
	for i, l := range r.Lines {
		if !l.Expires.IsZero() && (l.Expires.Before(r.At) || l.Expires.Sub(r.At) > mostAhead) {
			return Purchase{}, errs.Invalid("lines[%d].expires must be in the future, and within ten years", i)
		}
	}
	if len(r.Key) > mostText {
		return Purchase{}, errs.Invalid("the key must have at most %d characters", mostText)
	}
	return s.store.Receive(ctx, who.Tenant, r)
}
