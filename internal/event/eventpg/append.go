// Package eventpg keeps the event log in Postgres: writing it, following it, and how far each sink has come.
package eventpg

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"brigade/internal/event"
	"brigade/internal/event/eventpg/db"
)

// Append is Write for those who do not want to know where the events are.
func Append(ctx context.Context, tx pgx.Tx, node int64, events []event.Event) error {
	_, err := Write(ctx, tx, node, events)
	return err
}

// Write writes events into the log in their order, as part of the transaction that changes what they tell of.
// node is the origin of all of them. One statement, whatever the number of events. It returns them as readers of the log
// will see them once the transaction is committed.
//
// The caller must hold the row of each aggregate (by having changed or locked it in this transaction) before
// he calls: that is what makes the order of positions the order of commits within an aggregate. He must not commit
// with synchronous_commit off: a crash could take back positions that readers have passed, and give them out again.
func Write(ctx context.Context, tx pgx.Tx, node int64, events []event.Event) ([]event.Event, error) {
	if len(events) == 0 {
		return nil, nil
	}
	positions, err := db.New(tx).AppendEvents(ctx, columns(node, events))
	if err != nil {
		return nil, fmt.Errorf("append %d events: %w", len(events), err)
	}
	written := slices.Clone(events)
	for i := range written {
		e := &written[i]
		e.Position, e.Origin, e.OccurredAt = positions[i], node, e.OccurredAt.UTC().Truncate(time.Microsecond)
	}
	return written, nil
}

func columns(node int64, events []event.Event) db.AppendEventsParams {
	n := len(events)
	c := db.AppendEventsParams{
		Origin: node, Ids: make([]pgtype.UUID, n), TenantIds: make([]int64, n), OutletIds: make([]int64, n),
		Types: make([]string, n), Versions: make([]int16, n), AggregateTypes: make([]string, n),
		AggregateIds: make([]int64, n), Sequences: make([]int32, n), OccurredAts: make([]time.Time, n),
		TraceParents: make([]string, n), Payloads: make([]string, n),
	}
	for i := range events {
		e := &events[i]
		c.Ids[i], c.TenantIds[i], c.OutletIds[i] = pgtype.UUID{Bytes: e.ID, Valid: true}, e.Tenant, e.Outlet
		c.Types[i], c.Versions[i] = string(e.Type), int16(e.Version)
		c.AggregateTypes[i], c.AggregateIds[i] = e.AggregateType, e.AggregateID
		c.Sequences[i], c.OccurredAts[i] = int32(e.Sequence), e.OccurredAt
		c.TraceParents[i], c.Payloads[i] = e.TraceParent, string(e.Payload)
	}
	return c
}
