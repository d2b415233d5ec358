package lease

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
)

// StaleError says that a commit came too late: these resources have another owner by now. Nothing may be written.
type StaleError struct{ Resources []string }

func (e *StaleError) Error() string {
	return "somebody else decides by now for " + strings.Join(e.Resources, ", ")
}

// Unwrap gives the error its kind: the same request may succeed with the new owner.
func (e *StaleError) Unwrap() error {
	return errs.Unavailable("another node has taken over: try again")
}

// checkSQL holds the rows against a takeover (FOR UPDATE), not against other commits, and returns what is stale.
const checkSQL = `
with locked as (
    select resource, fence from leases where resource = any ($1::text[]) order by resource for key share
)
select distinct c.resource
from unnest($1::text[], $2::bigint[]) as c (resource, fence)
left join locked l on l.resource = c.resource
where l.fence is distinct from c.fence
order by c.resource`

// Check makes sure, inside the committing transaction, that the caller still owns the resources with these fences
// (fences[i] belongs to resources[i]), and keeps it so until the transaction ends: a takeover waits for it, and one
// that came first makes Check return a *StaleError that names what was lost.
func Check(ctx context.Context, tx pgx.Tx, resources []string, fences []int64) error {
	var b pgx.Batch
	QueueCheck(&b, resources, fences)
	return tx.SendBatch(ctx, &b).Close()
}

// QueueCheck is Check as part of a batch, for callers that save the round trip. The *StaleError comes from the
// batch results' Close; the statements of the batch have run by then, so the transaction must be rolled back.
func QueueCheck(b *pgx.Batch, resources []string, fences []int64) {
	b.Queue(checkSQL, resources, fences).Query(func(rows pgx.Rows) error {
		stale, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		if len(stale) > 0 {
			return &StaleError{Resources: stale}
		}
		return nil
	})
}
