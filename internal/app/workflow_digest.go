package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"brigade/internal/notify"
	"brigade/internal/workflow"
)

// digestLate is how many days after its own a digest is still of interest: who goes back over past dates sends none.
const digestLate = 7

// digestStep sums up a week as a summary does, and writes it to those who answer for each tenant. A tenant's messages of a week
// are written once: who does the step again, or the workflow once more, finds them there.
func (a *App) digestStep(ctx context.Context, b *workflow.Batch) []workflow.Outcome {
	outcomes := workflow.Summarize(ctx, b)
	now := a.clock.Now()
	if b.Day+digestLate < workflow.DayIn(now.UTC()) {
		return outcomes
	}
	changes := make([]notify.Change, len(b.Jobs))
	for i, j := range b.Jobs {
		changes[i] = digestOf(b, j)
		changes[i].At = now
	}
	if _, err := a.ledger.Tell(ctx, changes); err != nil {
		for i := range outcomes {
			outcomes[i] = workflow.Outcome{Err: err}
		}
	}
	return outcomes
}

// digestOf is a tenant's week. The Monday that begins it, counted in days, tells one week's from another's.
func digestOf(b *workflow.Batch, j workflow.Job) notify.Change {
	monday := b.Day - workflow.Day((int(b.Day.Time().Weekday())+6)%7)
	return notify.Change{
		Tenant: j.Tenant, Sequence: int(monday), Kind: notify.Digest,
		Facts: notify.Facts{OrderID: -j.Tenant, Number: "the week before " + monday.String(), Reason: digestText(j)}, // no order has such an id
	}
}

// digestText says in sentences what the steps of a week came to; what they do not say is left out.
func digestText(j workflow.Job) string {
	type quality struct{ WAPE *float64 }
	var forecasts struct {
		From, To        string
		Quality, Before quality
		Gaps            int
	}
	var models struct{ Fitted, Adopted int }
	var said []string
	if json.Unmarshal(j.Results["evaluation"], &forecasts) == nil && forecasts.Quality.WAPE != nil {
		text := fmt.Sprintf("Forecasts from %s to %s were off by %.0f %% (WAPE)", forecasts.From, forecasts.To, 100**forecasts.Quality.WAPE)
		if w := forecasts.Before.WAPE; w != nil {
			text += fmt.Sprintf(", before by %.0f %%", 100**w)
		}
		said = append(said, text+".")
	}
	if forecasts.Gaps > 0 {
		said = append(said, fmt.Sprintf("Sales of %d days are missing.", forecasts.Gaps))
	}
	if json.Unmarshal(j.Results["retraining"], &models) == nil && models.Fitted > 0 {
		said = append(said, fmt.Sprintf("%d models were fitted anew, %d of them are used from now on.", models.Fitted, models.Adopted))
	}
	if len(said) == 0 {
		return "There is nothing to compare yet."
	}
	return strings.Join(said, " ")
}
