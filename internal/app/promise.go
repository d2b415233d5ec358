package app

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/menu"
	"brigade/internal/menu/menupg"
	"brigade/internal/notify"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/recipe"
	"brigade/internal/store"
)

// promise gives new orders their time while they are written, as far as their kitchen's plan is at hand; of others the
// kitchen's owner says it right after.
func (a *App) promise(orders []*order.Order, work []kitchen.Work) {
	byOutlet := map[int64][]int{}
	for i := range work {
		if !work[i].Hold {
			byOutlet[work[i].Outlet] = append(byOutlet[work[i].Outlet], i)
		}
	}
	for outlet, at := range byOutlet {
		some := make([]kitchen.Work, len(at))
		for k, i := range at {
			some[k] = work[i]
		}
		for k, q := range a.desk.QuotesAtHand(outlet, some) {
			if i := at[k]; q.Known {
				work[i].Promise = q.Promise(work[i])
				orders[i].Promise = &order.Promise{P50: q.P50, P90: q.P90}
			}
		}
	}
}

// tellSlips tells guests whose orders will be later than they were told, in the kitchen's transaction.
func (a *App) tellSlips(ctx context.Context, tx store.Tx, promises []kitchen.Promised) error {
	ids := make([]int64, len(promises))
	for i, p := range promises {
		ids[i] = p.Ticket.Order
	}
	orders, err := a.orderRows.Briefly(ctx, tx, ids)
	if err != nil {
		return err
	}
	var changes []notify.Change
	for _, p := range promises {
		o, found := orders[p.Ticket.Order]
		if !found || o.Status.Closed() {
			continue
		}
		at := p.Told
		changes = append(changes, notify.Change{
			Tenant: o.Tenant, Outlet: o.Outlet, Sequence: p.Slips, Kind: notify.Delayed, At: a.clock.Now(),
			Facts: notify.Facts{
				OrderID: o.ID, Number: o.Number, OldStatus: string(o.Status), Status: string(o.Status), Type: string(o.Type),
				CustomerName: o.CustomerName, ChangedBy: "kitchen", Reason: "it takes longer than promised", ExpectedAt: &at,
			},
		})
	}
	told, err := a.ledger.TellIn(ctx, tx, changes)
	for _, m := range told {
		if m.Channel == notify.Console {
			a.log.InfoContext(ctx, notify.Sentence(m.Change.Facts), "action", "notification_received",
				"order_number", m.Change.Facts.Number, "changed_by", m.Change.Facts.ChangedBy)
		}
	}
	return err
}

// pausedBy is who pauses what a kitchen cannot keep up with.
const pausedBy = "kitchen"

// pauseForKitchen begins and ends the pauses that a kitchen's limits ask for, in the kitchen's transaction. What somebody
// has paused by hand stays as he wants it.
func (a *App) pauseForKitchen(ctx context.Context, tx store.Tx, p kitchen.Pressed) error {
	pauses := menupg.NewPauses(a.pool, a.append, a.committed)
	for _, x := range p.Begin {
		m := menu.Pause{Kind: menu.PauseKind(x.Kind), Name: x.Name, Reason: cmp.Or(p.Reason, "the kitchen cannot keep up"), By: pausedBy, At: p.At}
		if err := pauses.BeginIn(ctx, tx, p.Tenant, p.Outlet, m); err != nil {
			return err
		}
	}
	for _, x := range p.End {
		m := menu.Pause{Kind: menu.PauseKind(x.Kind), Name: x.Name, By: pausedBy, At: p.At}
		if err := pauses.EndIn(ctx, tx, p.Tenant, p.Outlet, m); err != nil {
			return err
		}
	}
	return nil
}

// kitchensForOrders foretells what kitchens will do with orders.
type kitchensForOrders struct {
	kitchen *kitchen.Service
}

// Foretell implements order.Foreteller.
func (k kitchensForOrders) Foretell(ctx context.Context, w order.Wish) (order.Quote, error) {
	q, err := k.kitchen.Quote(ctx, workOf(w))
	if err != nil {
		return order.Quote{}, err
	}
	return order.Quote{
		State: string(q.Verdict.State), Known: q.Known, Promise: order.Promise{P50: q.P50, P90: q.P90}, Earliest: q.Verdict.Earliest,
		Limit: order.Limit{Kind: string(q.Limit.Kind), Name: q.Limit.Name}, Over: sentences(q.Verdict.Over),
		Refused: q.Verdict.Refusal(w.Wanted) != nil,
	}, nil
}

func sentences(list []errs.Text) []string {
	said := make([]string, len(list))
	for i, t := range list {
		said[i] = t.String()
	}
	return said
}

// Admit implements order.Foreteller.
func (k kitchensForOrders) Admit(ctx context.Context, w order.Wish) error {
	limited, err := k.kitchen.Limited(ctx, w.Outlet)
	if err != nil || !limited {
		return err
	}
	q, err := k.kitchen.Quote(ctx, workOf(w))
	if err != nil {
		return err
	}
	return q.Verdict.Refusal(w.Wanted)
}

func workOf(w order.Wish) kitchen.Work {
	return kitchen.Work{Tenant: w.Tenant, Outlet: w.Outlet, Due: w.Wanted, Lines: workLines(w.Lines)}
}

// planner tells by the live plan when a kitchen must have an order so that it is ready in time.
type planner struct {
	pool    *pgxpool.Pool
	orders  *orderpg.Store
	kitchen *kitchen.Service
}

// Lead implements order.Planner: until nine of ten such orders would be ready if the kitchen got it now. A kitchen that
// cannot make it at all is given it as if it were alone: somebody has to see it.
func (p planner) Lead(ctx context.Context, t order.Timer) (alone, queue time.Duration, err error) {
	lines, err := p.orders.LinesToMake(ctx, t.Order, func(ids []int64) (map[int64]recipe.Recipe, error) {
		return menupg.ReadRecipes(ctx, p.pool, ids)
	})
	if err != nil {
		return 0, 0, err
	}
	q, err := p.kitchen.Quote(ctx, kitchen.Work{Tenant: t.Tenant, Outlet: t.Outlet, Due: t.WantedAt, Lines: workLines(lines)})
	if errs.Is(err, errs.KindNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	if !q.Known {
		return longest(lines), 0, nil
	}
	return q.Made.Alone, max(0, q.Made.P90-q.Made.Alone), nil
}

// longest is what the longest of some recipes takes if nothing waits.
func longest(lines []order.Line) (alone time.Duration) {
	for _, l := range lines {
		alone = max(alone, recipe.Alone(l.Recipe.Steps))
	}
	return alone
}
