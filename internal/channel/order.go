package channel

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/money"
)

// Order is an order as its provider writes it.
type Order struct {
	ID              string // the provider's: the same again is the same order
	Type            string // dine_in, takeout, delivery
	CustomerName    string
	TableNumber     int
	DeliveryAddress string
	Items           []Item
	Total           *money.Amount // of the items; nil: not said
	Paid            bool          // at the provider; else in cash, when it is handed over
	ReadyAt         time.Time     // zero: as soon as it can be
}

// Item is one item of a provider's order.
type Item struct {
	ID        string
	Quantity  int
	Price     *money.Amount // of one, without its modifiers; nil: not said
	Modifiers []Modifier
}

// Modifier is how a guest wants an item: with something more, or otherwise than usual.
type Modifier struct {
	ID       string
	Quantity int           // of each item; 0 = 1
	Price    *money.Amount // of one
}

// Line is a line of an order in the house's words.
type Line struct {
	SKU      string
	Note     string // to the cook
	Quantity int
	Price    *money.Amount // nil: the menu's
	Path     string        // where the provider wrote it
}

// Orders takes orders and follows them. All errors are those of orders.
type Orders interface {
	// Place takes an order in lines; the same channel and id again give the first answer.
	Place(ctx context.Context, c Channel, o Order, lines []Line) (Taken, error)
	// Find returns a channel's order by its provider's id. Errors: KindNotFound.
	Find(ctx context.Context, c Channel, id string) (Taken, error)
	// Cancel cancels it for its provider, who has nothing to pay back any more but what it pays back by itself.
	Cancel(ctx context.Context, c Channel, t Taken, reason string) (Taken, error)
	// PaidBack notes that the provider has paid back what it owed the guest. Errors: KindConflict when nothing is owed.
	PaidBack(ctx context.Context, c Channel, t Taken, note string) (Taken, error)
}

// Taken is an order as its provider is answered.
type Taken struct {
	ID       string // the provider's
	Number   string
	Status   string
	Total    money.Amount
	Currency string
	Owed     money.Amount // what the provider is to pay back to the guest
	Repeated bool         // it was taken before: this is the first answer
}

// Menu knows what an outlet sells.
type Menu interface {
	// Prices returns the prices of items, by SKU; what is not on the menu is missing.
	Prices(ctx context.Context, tenant, outlet int64, skus []string) (map[string]money.Amount, error)
}

// Place takes an order of the actor's channel. Errors: KindUnauthorized (not signed, or too long ago), KindInvalid (each
// faulty or unmapped item named), KindConflict (paused, sold out, or another order under the same id), KindNotFound.
func (s *Service) Place(ctx context.Context, who actor.Actor, name string, r Signed, o Order) (Taken, error) {
	c, err := s.signedBy(ctx, who, name, r)
	if err != nil {
		return Taken{}, err
	}
	lines, err := s.translate(ctx, c, o)
	if err != nil {
		return Taken{}, err
	}
	return s.Orders.Place(ctx, c, o, lines)
}

// signedBy finds the channel of a request, which its provider has signed.
func (s *Service) signedBy(ctx context.Context, who actor.Actor, name string, r Signed) (Channel, error) {
	c, err := s.get(ctx, who, name)
	if err != nil {
		return Channel{}, err
	}
	return c, s.verify(ctx, c, r)
}

// translate says an order in the house's words.
func (s *Service) translate(ctx context.Context, c Channel, o Order) ([]Line, error) {
	list, err := s.store.Meanings(ctx, c.ID, o.ids())
	if err != nil {
		return nil, err
	}
	meanings := make(map[string]Meaning, len(list))
	skus := make([]string, 0, len(list))
	for _, m := range list {
		meanings[m.ID] = m
		if m.SKU != "" {
			skus = append(skus, m.SKU)
		}
	}
	menu, err := s.Menu.Prices(ctx, c.Tenant, c.Outlet, skus)
	if err != nil {
		return nil, err
	}
	return Translate(o, meanings, menu, c.Prices)
}

// ids lists the provider's ids in an order.
func (o Order) ids() []string {
	var ids []string
	for _, it := range o.Items {
		ids = append(ids, it.ID)
		for _, m := range it.Modifiers {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Translate says an order in lines of the menu: a modifier that is an item is a line of its own, one that is a note goes
// with its item. Errors: KindInvalid, which names each item that means nothing and each price that is not right.
func Translate(o Order, meanings map[string]Meaning, menu map[string]money.Amount, p Prices) ([]Line, error) {
	t := translation{meanings: meanings, menu: menu, prices: p}
	if n := utf8.RuneCountInString(o.ID); n < 1 || n > maxID {
		t.faults.Add("id", "must have 1 to %d characters", maxID)
	}
	for i, it := range o.Items {
		t.item(fmt.Sprintf("items[%d]", i), it)
	}
	if p != MenuPrices && o.Total != nil && *o.Total != t.sum && len(t.faults) == 0 {
		t.faults.Add("total", "is %s, and the items make %s", *o.Total, t.sum)
	}
	return t.lines, t.faults.Err()
}

// Limits of what a provider may call things.
const (
	maxID    = 190
	maxNote  = 100
	maxCount = 100
)

type translation struct {
	meanings map[string]Meaning
	menu     map[string]money.Amount
	prices   Prices
	lines    []Line
	sum      money.Amount
	faults   errs.Fields
}

func (t *translation) item(path string, it Item) {
	if it.Quantity < 1 || it.Quantity > maxCount {
		t.faults.Add(path+".quantity", "must be 1 to %d", maxCount)
		return
	}
	m, ok := t.meaning(path, it.ID)
	if ok && m.SKU == "" {
		t.faults.Add(path+".id", "%q means a note to the cook, not an item", it.ID)
	}
	if t.prices == KeepPrices && it.Price == nil {
		t.faults.Add(path+".price", "is needed")
	}
	at := len(t.lines)
	t.lines = append(t.lines, Line{SKU: m.SKU, Quantity: it.Quantity, Path: path + ".id", Price: t.price(path, m.SKU, it.Price)})
	var notes []string
	var extra money.Amount
	for i, mod := range it.Modifiers {
		note, more := t.modifier(fmt.Sprintf("%s.modifiers[%d]", path, i), it.Quantity, mod)
		if note != "" {
			notes = append(notes, note)
		}
		extra += more
	}
	line := &t.lines[at]
	line.Note = strings.Join(notes, ", ")
	if line.Price != nil {
		with := *line.Price + extra
		line.Price = &with
	}
	t.sum += extra.Times(it.Quantity)
	t.count(m.SKU, it.Price, it.Quantity)
}

// modifier returns the note that a modifier is, with what it costs; what is an item becomes a line.
func (t *translation) modifier(path string, items int, mod Modifier) (note string, costs money.Amount) {
	n := max(mod.Quantity, 1)
	if mod.Quantity < 0 || n*items > maxCount {
		t.faults.Add(path+".quantity", "must be 1 to %d together", maxCount)
		return "", 0
	}
	m, ok := t.meaning(path, mod.ID)
	if !ok {
		return "", 0
	}
	price := mod.Price
	if price == nil && t.prices == KeepPrices {
		price = new(money.Amount)
	}
	if m.SKU == "" {
		if n > 1 {
			m.Note = fmt.Sprintf("%d × %s", n, m.Note)
		}
		return m.Note, t.surcharge(path, price, n)
	}
	t.lines = append(t.lines, Line{SKU: m.SKU, Quantity: n * items, Path: path + ".id", Price: t.price(path, m.SKU, price)})
	t.count(m.SKU, price, n*items)
	return "", 0
}

// surcharge is what a note costs: the menu has no price for it.
func (t *translation) surcharge(path string, price *money.Amount, n int) money.Amount {
	switch {
	case price == nil || t.prices == MenuPrices:
		return 0
	case t.prices == CheckPrices && *price != 0:
		t.faults.Add(path+".price", "is %s, and the menu has no price for a note", *price)
		return 0
	}
	return price.Times(n)
}

func (t *translation) meaning(path, id string) (Meaning, bool) {
	m, ok := t.meanings[id]
	if !ok {
		t.faults.Add(path+".id", "%q is not mapped to anything", id)
		return m, false
	}
	if _, sold := t.menu[m.SKU]; m.SKU != "" && !sold {
		t.faults.Add(path+".id", "%q means %q, which is not on the menu", id, m.SKU)
		return m, false
	}
	return m, true
}

// price is what a line costs; nil is the menu's price.
func (t *translation) price(path, sku string, theirs *money.Amount) *money.Amount {
	ours, sold := t.menu[sku]
	switch {
	case theirs != nil && *theirs < 0:
		t.faults.Add(path+".price", "must not be below 0")
	case t.prices == KeepPrices:
		return theirs
	case t.prices == CheckPrices && theirs != nil && sold && *theirs != ours:
		t.faults.Add(path+".price", "is %s, and the menu says %s", *theirs, ours)
	}
	return nil
}

// count adds what a line makes to the order's total.
func (t *translation) count(sku string, theirs *money.Amount, n int) {
	each := t.menu[sku]
	if t.prices == KeepPrices && theirs != nil {
		each = *theirs
	}
	t.sum += each.Times(n)
}

// Find returns an order of a channel by its provider's id. Errors: KindNotFound.
func (s *Service) Find(ctx context.Context, who actor.Actor, name, id string) (Taken, error) {
	c, err := s.get(ctx, who, name)
	if err != nil {
		return Taken{}, err
	}
	return s.Orders.Find(ctx, c, id)
}

// Cancel cancels an order for its provider. Repeated: the same answer. Errors: KindUnauthorized, KindNotFound; KindConflict
// when it was handed over.
func (s *Service) Cancel(ctx context.Context, who actor.Actor, name, id string, r Signed, reason string) (Taken, error) {
	c, t, err := s.signedOrder(ctx, who, name, id, r)
	if err != nil {
		return Taken{}, err
	}
	return s.Orders.Cancel(ctx, c, t, reason)
}

// PaidBack notes that the provider has paid its guest back what it owed. Errors: KindUnauthorized, KindNotFound;
// KindConflict when nothing is owed.
func (s *Service) PaidBack(ctx context.Context, who actor.Actor, name, id string, r Signed, note string) (Taken, error) {
	c, t, err := s.signedOrder(ctx, who, name, id, r)
	if err != nil {
		return Taken{}, err
	}
	return s.Orders.PaidBack(ctx, c, t, note)
}

func (s *Service) signedOrder(ctx context.Context, who actor.Actor, name, id string, r Signed) (Channel, Taken, error) {
	c, err := s.signedBy(ctx, who, name, r)
	if err != nil {
		return Channel{}, Taken{}, err
	}
	t, err := s.Orders.Find(ctx, c, id)
	return c, t, err
}

// Meanings lists what a channel's ids mean, by id. Errors: KindNotFound.
func (s *Service) Meanings(ctx context.Context, who actor.Actor, name string) ([]Meaning, error) {
	c, err := s.get(ctx, who, name)
	if err != nil {
		return nil, err
	}
	return s.store.Meanings(ctx, c.ID, nil)
}

// PutMeanings says what ids mean; with replace all others are forgotten. Errors: KindForbidden, KindNotFound, KindInvalid
// (each faulty one named, items that are not on the menu included).
func (s *Service) PutMeanings(ctx context.Context, who actor.Actor, name string, list []Meaning, replace bool) error {
	c, err := s.manage(ctx, who, name)
	if err != nil {
		return err
	}
	skus := make([]string, 0, len(list))
	for _, m := range list {
		skus = append(skus, m.SKU)
	}
	menu, err := s.Menu.Prices(ctx, c.Tenant, c.Outlet, skus)
	if err != nil {
		return err
	}
	if err := checkMeanings(list, menu); err != nil {
		return err
	}
	return s.store.PutMeanings(ctx, c.ID, list, replace)
}

func checkMeanings(list []Meaning, menu map[string]money.Amount) error {
	var f errs.Fields
	seen := map[string]bool{}
	for i, m := range list {
		at := fmt.Sprintf("items[%d].", i)
		if n := utf8.RuneCountInString(m.ID); n < 1 || n > maxID || strings.TrimSpace(m.ID) != m.ID {
			f.Add(at+"id", "must have 1 to %d characters, without blanks around them", maxID)
		}
		if seen[m.ID] {
			f.Add(at+"id", "%q is there twice", m.ID)
		}
		seen[m.ID] = true
		switch _, sold := menu[m.SKU]; {
		case (m.SKU == "") == (m.Note == ""):
			f.Add(at+"sku", "or note must be given, one of them")
		case m.SKU != "" && !sold:
			f.Add(at+"sku", "%q is not on the menu", m.SKU)
		case utf8.RuneCountInString(m.Note) > maxNote:
			f.Add(at+"note", "must have at most %d characters", maxNote)
		}
	}
	return f.Err()
}

// DropMeaning forgets what an id means. Errors: KindForbidden, KindNotFound.
func (s *Service) DropMeaning(ctx context.Context, who actor.Actor, name, id string) error {
	c, err := s.manage(ctx, who, name)
	if err != nil {
		return err
	}
	return s.store.DropMeaning(ctx, c.ID, id)
}
