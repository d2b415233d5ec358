package eventpg

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/event"
	"brigade/internal/event/eventpg/db"
)

// Log implements event.Log on Postgres.
type Log struct{ pool *pgxpool.Pool }

// NewLog returns the log in the pool's database.
func NewLog(pool *pgxpool.Pool) *Log { return &Log{pool: pool} }

// Page implements event.Log.
func (l *Log) Page(ctx context.Context, after int64, limit int) ([]event.Event, error) {
	rows, err := db.New(l.pool).PageEvents(ctx, db.PageEventsParams{After: after, MaxEvents: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("read the event log after %d: %w", after, err)
	}
	return fromRows(rows), nil
}

// Probe implements event.Log. The write lock is the one that Postgres takes on the table for every insert.
func (l *Log) Probe(ctx context.Context) (event.Probe, error) {
	row, err := db.New(l.pool).LogHead(ctx)
	if err != nil {
		return event.Probe{}, fmt.Errorf("look who writes to the event log: %w", err)
	}
	return event.Probe{Head: row.Head, Writers: row.Writers}, nil
}

// Read implements event.Log.
func (l *Log) Read(ctx context.Context, q event.Query) ([]event.Event, error) {
	return Read(ctx, l.pool, q)
}

const defaultLimit = 1000

// Read returns the events that q asks for, in order of position; it sees what is committed just now, gaps or not.
func Read(ctx context.Context, pool *pgxpool.Pool, q event.Query) ([]event.Event, error) {
	if q.UpTo == 0 {
		q.UpTo = math.MaxInt64
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	types := make([]string, len(q.Types))
	for i, t := range q.Types {
		types[i] = string(t)
	}
	rows, err := readRows(ctx, db.New(pool), q, types)
	if err != nil {
		return nil, fmt.Errorf("read events after %d: %w", q.After, err)
	}
	return fromRows(rows), nil
}

func readRows(ctx context.Context, queries *db.Queries, q event.Query, types []string) ([]db.EventLog, error) {
	if q.Tenant == 0 {
		return queries.ReadEvents(ctx, db.ReadEventsParams{
			OutletID: q.Outlet, Types: types, After: q.After, UpTo: q.UpTo, MaxEvents: int32(q.Limit),
		})
	}
	return queries.ReadTenantEvents(ctx, db.ReadTenantEventsParams{
		TenantID: q.Tenant, OutletID: q.Outlet, Types: types, After: q.After, UpTo: q.UpTo, MaxEvents: int32(q.Limit),
	})
}

func fromRows(rows []db.EventLog) []event.Event {
	events := make([]event.Event, len(rows))
	for i := range rows {
		r := &rows[i]
		events[i] = event.Event{
			Position: r.Position, ID: r.ID.Bytes, Tenant: r.TenantID, Outlet: r.OutletID, Type: event.Type(r.Type),
			Version: int(r.Version), AggregateType: r.AggregateType, AggregateID: r.AggregateID,
			Sequence: int(r.Sequence), OccurredAt: r.OccurredAt.UTC(), Origin: r.Origin,
			TraceParent: r.TraceParent, Payload: r.Payload,
		}
	}
	return events
}
