package store

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// Meter counts what is asked of Postgres in the name of one piece of work.
type Meter struct{ nanos, rows atomic.Int64 }

// Took is how long Postgres was waited for. What is asked at the same time counts twice.
func (m *Meter) Took() time.Duration { return time.Duration(m.nanos.Load()) }

// Rows is how many rows were read and written.
func (m *Meter) Rows() int64 { return m.rows.Load() }

type meterKey struct{}

type meterStart struct {
	meter *Meter
	at    time.Time
}

type startKey struct{}

// Metered returns a context whose queries are counted.
func Metered(ctx context.Context) (context.Context, *Meter) {
	m := &Meter{}
	return context.WithValue(ctx, meterKey{}, m), m
}

// metering counts the queries of contexts that want it; others cost a look.
type metering struct{}

func start(ctx context.Context) context.Context {
	m, ok := ctx.Value(meterKey{}).(*Meter)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, startKey{}, meterStart{m, time.Now()})
}

func end(ctx context.Context, rows int64) {
	if s, ok := ctx.Value(startKey{}).(meterStart); ok {
		s.meter.nanos.Add(int64(time.Since(s.at)))
		s.meter.rows.Add(rows)
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (metering) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return start(ctx)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (metering) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) {
	end(ctx, d.CommandTag.RowsAffected())
}

// TraceCopyFromStart implements pgx.CopyFromTracer.
func (metering) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	return start(ctx)
}

// TraceCopyFromEnd implements pgx.CopyFromTracer.
func (metering) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceCopyFromEndData) {
	end(ctx, d.CommandTag.RowsAffected())
}

// TraceBatchStart implements pgx.BatchTracer.
func (metering) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return start(ctx)
}

// TraceBatchQuery implements pgx.BatchTracer.
func (metering) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	if s, ok := ctx.Value(startKey{}).(meterStart); ok {
		s.meter.rows.Add(d.CommandTag.RowsAffected())
	}
}

// TraceBatchEnd implements pgx.BatchTracer.
func (metering) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchEndData) { end(ctx, 0) }
