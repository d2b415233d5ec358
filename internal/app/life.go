package app

import (
	"cmp"
	"context"
	"os"
	"time"

	"brigade/internal/api"
	"brigade/internal/config"
	"brigade/internal/job"
	"brigade/internal/lease"
	"brigade/internal/menu/menupg"
	"brigade/internal/order"
	"brigade/internal/payment"
	"brigade/internal/pos"
	"brigade/internal/recipe"
	"brigade/internal/store"
)

// settleOrder brings the money of an order to where its life wants it.
type settleOrder struct {
	Order int64 `json:"order"`
}

// Kind implements job.Args.
func (settleOrder) Kind() string { return "order_settle" }

// Queue implements job.Routed.
func (settleOrder) Queue() job.Queue { return job.Payment }

// buildLife makes what follows orders with terms: who pays, who keeps the time.
func (a *App) buildLife(ctx context.Context) error {
	if err := a.pool.QueryRow(ctx, "select salt from installation").Scan(&a.salt); err != nil {
		return store.Classify(err)
	}
	a.orderRows.Salt(a.salt)
	providers := map[order.Method]order.Payments{order.Cash: payment.CashBox{}, order.Test: payment.NewTrial(), order.Provider: paidThere{a.orderRows}}
	if o := cmp.Or(a.cfg.Stripe, stripeOfEnvironment()); o.Key != "" {
		a.stripe = payment.NewStripe(o, a.links.URL)
		providers[order.Card] = a.stripe
	}
	for m, p := range providers {
		providers[m] = tracedPayments{p, a.traces, a.metrics.Steps}
	}
	a.cashier = order.NewCashier(a.orderRows, providers, a.clock)
	a.till = order.NewTill(a.cashier, tillHands)
	a.orders.Agree(a.orderRows, a.cashier.Accepts)
	a.care = order.NewCare(a.orders, a.orderRows)
	a.timekeeper = order.NewTimekeeper(tracedTimers{a.orderRows, a.traces}, planner{a.pool, a.orderRows, a.kitchen}, a.clock, func() bool {
		_, mine := a.node.Owned(timersResource)
		return mine
	}, a.log)
	a.sale, a.saleGates = pos.NewClient(saleAnswersIn), order.NewGates(saleAtOnce)
	job.Register(a.workers, func(ctx context.Context, j askSale, _ job.Try) error { return a.askPointOfSale(ctx, j) })
	job.Register(a.workers, func(ctx context.Context, j settleOrder, _ job.Try) error { return a.cashier.Settle(ctx, j.Order) })
	return nil
}

// How many steps of payments a process asks for at a time, and how often it looks for those that nobody asks for any more.
const (
	tillHands  = 512
	tillSweeps = time.Second
)

// startTill asks for payments where orders are written, and makes jobs of what did not come to an end there.
func (a *App) startTill(context.Context) error {
	a.run("till", a.till.Run)
	if !a.has(config.RoleJobs) {
		return nil
	}
	a.run("abandoned payments", func(ctx context.Context) error {
		tick := time.NewTicker(tillSweeps)
		defer tick.Stop()
		for {
			if _, err := a.orderRows.Abandoned(ctx); err != nil && ctx.Err() == nil {
				a.log.WarnContext(ctx, "payments that nobody asks for were not looked for", "action", "payment_sweep_failed", "error", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
	return nil
}

// stripeOfEnvironment reads the account from where nobody else sees it.
func stripeOfEnvironment() payment.StripeOptions {
	return payment.StripeOptions{
		Key: os.Getenv("BRIGADE_STRIPE_KEY"), URL: os.Getenv("BRIGADE_STRIPE_URL"),
		WebhookSecret: os.Getenv("BRIGADE_STRIPE_WEBHOOK_SECRET"),
	}
}

// heardStripe looks at the payment that Stripe tells of; nil when cards are not accepted.
func (a *App) heardStripe() api.WebhookHeard {
	if a.stripe == nil {
		return nil
	}
	return func(ctx context.Context, body []byte, signature string) error {
		id, err := a.stripe.Heard(body, signature)
		if err != nil || id == 0 {
			return err
		}
		return store.Commit(ctx, a.pool, func(tx store.Tx) error { return a.jobs.Insert(ctx, tx, settleOrder{id}) })
	}
}

// orderJobs writes the jobs of orders.
func (a *App) orderJobs(ctx context.Context, tx store.Tx, jobs []order.Job) error {
	list := make([]job.Routed, 0, len(jobs))
	for _, j := range jobs {
		if j.Kind == order.JobSettle {
			list = append(list, settleOrder{j.Order})
			continue
		}
		list = append(list, askSale{j.Order, j.Kind == order.JobUnprepare})
	}
	parents, err := a.tracesOfJobs(ctx, tx, jobs)
	if err != nil {
		return err
	}
	return a.jobs.InsertTraced(ctx, tx, list, parents)
}

// recipes finds the recipes of orders that come into the kitchen later than they were taken.
func recipes(ctx context.Context, tx store.Tx, ids []int64) (map[int64]recipe.Recipe, error) {
	return menupg.Recipes(ctx, tx, ids)
}

// timersRung tells the timekeeper that there may be a new timer.
func (a *App) timersRung() {
	if a.timekeeper != nil {
		a.timekeeper.Poke()
	}
}

const timersResource = "orders:timers"

// startTimers keeps the time of orders: one node does.
func (a *App) startTimers(context.Context) error {
	if !a.has(config.RoleKitchen) {
		return nil
	}
	a.run("order timers", a.timekeeper.Run)
	list := func(context.Context) ([]string, error) { return []string{timersResource}, nil }
	return a.node.Want("orders", list, func(lease.Change) { a.timekeeper.Poke() })
}
