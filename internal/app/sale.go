package app

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/trace"

	"brigade/internal/errs"
	"brigade/internal/job"
	"brigade/internal/order"
	"brigade/internal/pos"
	"brigade/internal/telemetry"
)

// askSale asks the external point of sale of an order's outlet to prepare it, or to stop.
type askSale struct {
	Order  int64 `json:"order"`
	Cancel bool  `json:"cancel"`
}

// Kind implements job.Args.
func (askSale) Kind() string { return "order_sale" }

// Queue implements job.Routed.
func (askSale) Queue() job.Queue { return job.Sale }

const (
	saleAnswersIn = 5 * time.Second
	saleRetry     = 2 * time.Second
	saleAtOnce    = 8 // calls of one outlet's point of sale
)

// askPointOfSale does the job. What fails is shown with the order until it is done.
func (a *App) askPointOfSale(ctx context.Context, j askSale) error {
	o, terms, err := a.orderRows.ForSale(ctx, j.Order)
	if err != nil {
		return err
	}
	if !j.Cancel && terms.Waits != order.WaitsAcceptance {
		return nil // it was answered, or given up
	}
	set, err := a.orderRows.Settings(ctx, o.Outlet)
	if err != nil {
		return err
	}
	if set.PosURL == "" {
		return errs.Permanent(errs.Conflict("outlet %d has no external point of sale any more", o.Outlet))
	}
	ask := pos.Request{Order: o.ID, Number: o.Number, Cancel: j.Cancel}
	for _, l := range o.Lines {
		ask.Lines = append(ask.Lines, pos.Line{SKU: l.SKU, Name: l.Name, Quantity: l.Quantity})
	}
	leave, ok := a.saleGates.Enter(strconv.FormatInt(o.Outlet, 10))
	if !ok {
		return errs.RetryAfter(order.Later(), errs.Unavailable("the point of sale is in trouble, or busy: few ask it at a time"))
	}
	answer, err := a.sale.Ask(ctx, set.PosURL, set.PosSecret, ask)
	leave(err)
	failure := ""
	if err != nil {
		failure = err.Error()
	}
	if failure != terms.Failure {
		if _, told := a.orderRows.Tell(ctx, order.Happening{Order: o.ID, Failure: &failure, At: a.clock.Now()}); told != nil {
			return told
		}
	}
	if err != nil {
		return errs.RetryAfter(saleRetry, err)
	}
	return a.heardSale(ctx, o.Outlet, o.ID, answer)
}

// saleSignals are what a point of sale can say.
var saleSignals = map[string]order.Signal{
	"accepted": order.PosAccepted, "rejected": order.PosRejected, "finished": order.Finished,
}

func (a *App) heardSale(ctx context.Context, outlet, id int64, answer pos.Answer) error {
	if answer.Event == "" || answer.Event == "cancelled" {
		return nil
	}
	signal, ok := saleSignals[answer.Event]
	if !ok {
		return errs.Invalid("there is no event %q", answer.Event)
	}
	_, err := a.orderRows.Tell(ctx, order.Happening{
		Order: id, Outlet: outlet, Signal: signal, By: "point of sale", Reason: answer.Reason, At: a.clock.Now().Truncate(time.Microsecond),
	})
	return err
}

// calledBack reads a call-back of an outlet's point of sale. Errors: KindUnauthorized, KindInvalid, KindNotFound,
// KindConflict.
func (a *App) calledBack(ctx context.Context, outlet int64, signature, timestamp string, body []byte) error {
	set, err := a.orderRows.Settings(ctx, outlet)
	if err != nil {
		return err
	}
	if err := pos.Verify(set.PosSecret, signature, timestamp, body, time.Now()); err != nil {
		return err
	}
	var answer pos.Answer
	if err := json.Unmarshal(body, &answer); err != nil {
		return errs.Malformed("the call-back is not JSON").Because(err)
	}
	ctx, span := a.traces.begin(ctx, answer.Order, "point of sale says "+answer.Event, trace.SpanKindServer)
	err = a.heardSale(ctx, outlet, answer.Order, answer)
	telemetry.End(span, err)
	return err
}
