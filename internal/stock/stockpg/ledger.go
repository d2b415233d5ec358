package stockpg

import (
	"context"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/stock"
	"brigade/internal/stock/stockpg/db"
	"brigade/internal/store"
)

// ledger changes the stock of outlets whose rows its transaction has locked.
type ledger struct {
	tx     store.Tx
	q      *db.Queries
	parts  Parts
	turned bool
	demo   int64 // the tenant whose orders never run out of what nobody counts; 0: none
}

// move is a change of an ingredient's stock: a row of the ledger.
type move struct {
	tenant, outlet, ingredient int64
	kind                       stock.MovementKind
	quantity                   int64 // below 0: out
	order, purchase            int64
	lot                        int64     // of what goes out: this one; 0: whatever expires first
	expires                    time.Time // of what comes in; zero: by the ingredient's shelf life
	key, reason, by            string
	at                         time.Time
	hand                       bool // somebody counted or corrected it himself
	noted                      bool // by whoever moves: the row is kept though the quantity is 0
}

// sum is what a level changes by.
type sum struct {
	onHand, owed, reserved int64
	seen, counted, hand    bool
}

// apply writes moves, all at one time: lots, the ledger, and the sums; and turns items that are made of what changed. reserved is
// what is held back for orders, by ingredient.
func (l *ledger) apply(ctx context.Context, at time.Time, moves []move, reserved map[int64]int64) error {
	sums := map[int64]*sum{}
	of := func(ingredient int64) *sum {
		if sums[ingredient] == nil {
			sums[ingredient] = &sum{}
		}
		return sums[ingredient]
	}
	for id, q := range reserved {
		of(id).reserved += q
	}
	for i := range moves {
		v := of(moves[i].ingredient)
		v.onHand += moves[i].quantity
		v.hand = v.hand || moves[i].hand
		v.counted = v.counted || moves[i].kind == stock.Count
		v.seen = v.seen || v.counted || moves[i].kind == stock.Bought || moves[i].kind == stock.Make && moves[i].quantity > 0
	}
	if err := l.comeIn(ctx, moves, of); err != nil {
		return err
	}
	if err := l.goOut(ctx, moves, of); err != nil {
		return err
	}
	if err := l.note(ctx, moves); err != nil {
		return err
	}
	return l.settle(ctx, at, sums)
}

// comeIn makes lots of what comes in; what is owed is paid back first.
func (l *ledger) comeIn(ctx context.Context, moves []move, of func(int64) *sum) error {
	var in []*move
	var ingredients []int64
	for i := range moves {
		if moves[i].quantity > 0 {
			in, ingredients = append(in, &moves[i]), append(ingredients, moves[i].ingredient)
		}
	}
	if len(in) == 0 {
		return nil
	}
	rows, err := l.q.LevelsNow(ctx, ingredients)
	if err != nil {
		return err
	}
	levels := map[int64]*db.LevelsNowRow{}
	for i := range rows {
		levels[rows[i].IngredientID] = &rows[i]
	}
	ids, err := l.q.NewLotIDs(ctx, int32(len(in)))
	if err != nil {
		return err
	}
	var p db.AddLotsParams
	for i, m := range in {
		level := levels[m.ingredient]
		paid := min(level.OwedMilli, m.quantity)
		level.OwedMilli -= paid
		of(m.ingredient).owed -= paid
		m.lot = ids[i]
		p.Ids, p.Tenants, p.Outlets = append(p.Ids, m.lot), append(p.Tenants, m.tenant), append(p.Outlets, m.outlet)
		p.Ingredients, p.Received = append(p.Ingredients, m.ingredient), append(p.Received, m.at)
		p.Expires = append(p.Expires, m.expiry(time.Duration(level.ShelfHours)*time.Hour))
		p.Initial, p.Remaining = append(p.Initial, m.quantity), append(p.Remaining, m.quantity-paid)
		p.Purchases, p.Notes = append(p.Purchases, m.purchase), append(p.Notes, m.reason)
	}
	return l.q.AddLots(ctx, p)
}

// expiry is when a new lot expires; the epoch stands for never.
func (m *move) expiry(shelf time.Duration) time.Time {
	switch {
	case !m.expires.IsZero():
		return m.expires
	case shelf > 0:
		return m.at.Add(shelf)
	}
	return time.Unix(0, 0).UTC()
}

// goOut takes what goes out from its lots. What no lot has is owed.
func (l *ledger) goOut(ctx context.Context, moves []move, of func(int64) *sum) error {
	out := map[int64]int64{}
	for _, m := range moves {
		switch {
		case m.quantity >= 0:
		case m.lot != 0:
			n, err := l.q.TakeFromLot(ctx, db.TakeFromLotParams{ID: m.lot, Ingredient: m.ingredient, Quantity: -m.quantity})
			if err != nil {
				return err
			}
			if n == 0 {
				return errs.Conflict("lot %d does not have so much of it", m.lot)
			}
		default:
			out[m.ingredient] -= m.quantity
		}
	}
	if len(out) == 0 {
		return nil
	}
	var p db.TakeFromLotsParams
	for _, id := range sortedKeys(out) {
		p.Ingredients, p.Quantities = append(p.Ingredients, id), append(p.Quantities, out[id])
	}
	missing, err := l.q.TakeFromLots(ctx, p)
	for _, m := range missing {
		of(m.IngredientID).owed += m.Missing
	}
	return err
}

// note appends the moves to the ledger.
func (l *ledger) note(ctx context.Context, moves []move) error {
	var p db.AddMovementsParams
	for _, m := range moves {
		if m.quantity == 0 && !m.noted {
			continue
		}
		p.Tenants, p.Outlets, p.Ingredients = append(p.Tenants, m.tenant), append(p.Outlets, m.outlet), append(p.Ingredients, m.ingredient)
		p.Kinds, p.Quantities = append(p.Kinds, string(m.kind)), append(p.Quantities, m.quantity)
		p.Orders, p.Purchases, p.Lots = append(p.Orders, m.order), append(p.Purchases, m.purchase), append(p.Lots, m.lot)
		p.Keys, p.Reasons, p.Makers = append(p.Keys, m.key), append(p.Reasons, m.reason), append(p.Makers, m.by)
		p.Ats = append(p.Ats, m.at)
	}
	if p.Tenants == nil {
		return nil
	}
	return l.q.AddMovements(ctx, p)
}

// settle moves the sums and turns the items that are made of what changed.
func (l *ledger) settle(ctx context.Context, at time.Time, sums map[int64]*sum) error {
	if len(sums) == 0 {
		return nil
	}
	p := db.MoveLevelsParams{At: at}
	for _, id := range sortedKeys(sums) {
		v := sums[id]
		p.Ingredients, p.OnHands, p.Oweds = append(p.Ingredients, id), append(p.OnHands, v.onHand), append(p.Oweds, v.owed)
		p.Reserveds, p.Seens, p.Counteds = append(p.Reserveds, v.reserved), append(p.Seens, v.seen), append(p.Counteds, v.counted)
		p.Hands = append(p.Hands, v.hand)
	}
	if err := l.q.MoveLevels(ctx, p); err != nil {
		return err
	}
	if l.demo != 0 {
		if err := l.refill(ctx, at, p.Ingredients); err != nil {
			return err
		}
	}
	return l.turn(ctx, at, p.Ingredients)
}

// refill plays the suppliers of a demo: what its orders have nearly used up comes at once, however many orders somebody
// sends to it. What somebody has counted or corrected himself runs out as in life.
func (l *ledger) refill(ctx context.Context, at time.Time, ingredients []int64) error {
	low, err := l.q.LowForDemo(ctx, db.LowForDemoParams{Ingredients: ingredients, Tenant: l.demo})
	if err != nil || len(low) == 0 {
		return err
	}
	moves := make([]move, len(low))
	for i, r := range low {
		moves[i] = move{
			tenant: r.TenantID, outlet: r.OutletID, ingredient: r.IngredientID, kind: stock.Bought, quantity: r.Missing,
			reason: "the demo's supplier came", by: "demo", at: at,
		}
	}
	l.demo = 0 // once is enough
	return l.apply(ctx, at, moves, nil)
}

// turn takes items off the menu that can no longer be made, and puts back those that can be again. Only a turn is acted
// upon: who puts an item back by hand that is still missing something is not overruled until it was there and ran out again.
func (l *ledger) turn(ctx context.Context, at time.Time, ingredients []int64) error {
	rows, err := l.q.TurnedItems(ctx, ingredients)
	if err != nil {
		return err
	}
	for _, r := range rows {
		item := Turned{r.TenantID, r.OutletID, r.Sku, r.Name, at}
		if r.Missing == 0 {
			err = l.back(ctx, item)
		} else {
			err = l.out(ctx, item, r.Missing)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *ledger) out(ctx context.Context, item Turned, missing int64) error {
	l.turned = true
	err := l.q.NoteOut(ctx, db.NoteOutParams{Outlet: item.Outlet, Sku: item.SKU, Tenant: item.Tenant, Ingredient: missing, Since: item.At})
	if err != nil || l.parts.Out == nil {
		return err
	}
	return l.parts.Out(ctx, l.tx, item)
}

func (l *ledger) back(ctx context.Context, item Turned) error {
	l.turned = true
	err := l.q.NoteBack(ctx, db.NoteBackParams{Outlet: item.Outlet, Sku: item.SKU})
	if err != nil || l.parts.Back == nil {
		return err
	}
	return l.parts.Back(ctx, l.tx, item)
}

// sortedKeys are a map's keys in their order.
func sortedKeys[V any](m map[int64]V) []int64 {
	keys := make([]int64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
