package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Pipeline is a transaction whose Exec waits: statements from which nobody needs an answer go to Postgres together, in
// their order, with Flush or before the next Query. So a batch of writes is one round trip. It is for one goroutine.
//
// Exec returns no error and an empty tag; a statement that fails makes Flush (or the Query before which it was sent)
// fail, and the transaction with it.
type Pipeline struct {
	Tx
	batch *pgx.Batch
	next  *expectation
}

// expectation is how many rows a statement must change.
type expectation struct {
	rows      int64
	otherwise error
}

// NewPipeline returns a pipeline over a transaction. Flush it before the transaction ends.
func NewPipeline(tx Tx) *Pipeline { return &Pipeline{Tx: tx, batch: &pgx.Batch{}} }

// Expect makes the next Exec fail with an error, when it is sent, unless it changes so many rows.
func (p *Pipeline) Expect(rows int, otherwise error) {
	p.next = &expectation{int64(rows), otherwise}
}

// Exec queues a statement.
func (p *Pipeline) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	want := p.next
	p.next = nil
	q := p.batch.Queue(sql, args...)
	if want != nil {
		q.Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() != want.rows {
				return want.otherwise
			}
			return nil
		})
	}
	return pgconn.CommandTag{}, nil
}

// Flush sends what waits and returns the first failure.
func (p *Pipeline) Flush(ctx context.Context) error {
	if p.batch.Len() == 0 {
		return nil
	}
	if x, ok := p.Tx.(*numbered); ok {
		x.askAlong(p.batch)
	}
	b := p.batch
	p.batch = &pgx.Batch{}
	return p.Tx.SendBatch(ctx, b).Close()
}

// Query sends what waits, then the query.
func (p *Pipeline) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if err := p.Flush(ctx); err != nil {
		return nil, err
	}
	return p.Tx.Query(ctx, sql, args...)
}

// QueryRow sends what waits, then the query.
func (p *Pipeline) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if err := p.Flush(ctx); err != nil {
		return failedRow{err}
	}
	return p.Tx.QueryRow(ctx, sql, args...)
}

// SendBatch sends what waits, then the batch.
func (p *Pipeline) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if err := p.Flush(ctx); err != nil {
		return failedResults{err}
	}
	return p.Tx.SendBatch(ctx, b)
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

type failedResults struct{ err error }

func (r failedResults) Exec() (pgconn.CommandTag, error) { return pgconn.CommandTag{}, r.err }
func (r failedResults) Query() (pgx.Rows, error)         { return nil, r.err }
func (r failedResults) QueryRow() pgx.Row                { return failedRow(r) }
func (r failedResults) Close() error                     { return r.err }
func (r failedResults) Tx() pgx.Tx                       { return nil }

// numbered is a transaction whose number is asked for at some time before the commit: along with a pipeline's
// statements, which costs no round trip, or else right before.
type numbered struct {
	Tx
	xid       int64
	known     bool
	committed []func()
	ended     []func()
}

// OnCommit calls do once the transaction of a Commit is committed, before anybody hears of it; not when it is rolled
// back, or tried again.
func OnCommit(tx Tx, do func()) {
	n := numberedOf(tx)
	n.committed = append(n.committed, do)
}

// OnEnd calls do once the transaction of a Commit has ended, one way or the other.
func OnEnd(tx Tx, do func()) {
	n := numberedOf(tx)
	n.ended = append(n.ended, do)
}

func numberedOf(tx Tx) *numbered {
	if p, ok := tx.(*Pipeline); ok {
		tx = p.Tx
	}
	return tx.(*numbered)
}

func callAll(all []func()) {
	for _, do := range all {
		do()
	}
}

const askNumber = "select pg_current_xact_id()::text::bigint"

// askAlong lets the number come with a batch, as its last statement.
func (n *numbered) askAlong(b *pgx.Batch) {
	if n.known {
		return
	}
	b.Queue(askNumber).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&n.xid)
		n.known = err == nil
		return err
	})
}

// number returns the transaction's number.
func (n *numbered) number(ctx context.Context) (int64, error) {
	if n.known {
		return n.xid, nil
	}
	err := n.QueryRow(ctx, askNumber).Scan(&n.xid)
	return n.xid, err
}
