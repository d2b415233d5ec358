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
	wants []*expectation // of what waits; nil: anything
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
	p.batch.Queue(sql, args...)
	p.wants = append(p.wants, p.next)
	p.next = nil
	return pgconn.CommandTag{}, nil
}

// Flush sends what waits and returns the first failure.
func (p *Pipeline) Flush(ctx context.Context) error {
	if p.batch.Len() == 0 {
		return nil
	}
	x, asks := p.Tx.(*numbered)
	asks = asks && !x.known
	waiting, wants := p.batch, p.wants
	p.batch, p.wants = &pgx.Batch{}, nil
	if asks {
		waiting.Queue(askNumber)
	}
	results := p.Tx.SendBatch(ctx, waiting)
	err := check(results, wants)
	if err == nil && asks {
		x.known = results.QueryRow().Scan(&x.xid) == nil
	}
	if ended := results.Close(); err == nil {
		err = ended
	}
	return err
}

// Query sends what waits, then the query, all together.
func (p *Pipeline) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if p.batch.Len() == 0 {
		return p.Tx.Query(ctx, sql, args...)
	}
	x, asks := p.Tx.(*numbered)
	asks = asks && !x.known
	waiting, wants := p.batch, p.wants
	p.batch, p.wants = &pgx.Batch{}, nil
	if asks {
		waiting.Queue(askNumber)
	}
	waiting.Queue(sql, args...)
	results := p.Tx.SendBatch(ctx, waiting)
	if err := check(results, wants); err != nil {
		return nil, abandon(results, err)
	}
	if asks {
		x.known = results.QueryRow().Scan(&x.xid) == nil
	}
	rows, err := results.Query()
	if err != nil {
		return nil, abandon(results, err)
	}
	return &lastRows{rows, results}, nil
}

// check reads what statements without rows did.
func check(results pgx.BatchResults, wants []*expectation) error {
	for _, want := range wants {
		tag, err := results.Exec()
		if err != nil {
			return err
		}
		if want != nil && tag.RowsAffected() != want.rows {
			return want.otherwise
		}
	}
	return nil
}

// abandon closes results after a failure, which is what it returns.
func abandon(results pgx.BatchResults, failure error) error {
	_ = results.Close()
	return failure
}

// lastRows are the rows of a batch's last query: the batch ends with them.
type lastRows struct {
	pgx.Rows
	batch pgx.BatchResults
}

// Next implements pgx.Rows.
func (r *lastRows) Next() bool {
	more := r.Rows.Next()
	if !more {
		r.Close()
	}
	return more
}

// Close implements pgx.Rows.
func (r *lastRows) Close() {
	r.Rows.Close()
	_ = r.batch.Close()
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
// back, or tried again. ok is false, and do is never called, when the transaction is not one of a Commit.
func OnCommit(tx Tx, do func()) (ok bool) {
	n, ok := numberedOf(tx)
	if ok {
		n.committed = append(n.committed, do)
	}
	return ok
}

// OnEnd calls do once the transaction of a Commit has ended, one way or the other. ok is as with OnCommit.
func OnEnd(tx Tx, do func()) (ok bool) {
	n, ok := numberedOf(tx)
	if ok {
		n.ended = append(n.ended, do)
	}
	return ok
}

func numberedOf(tx Tx) (n *numbered, ok bool) {
	if p, piped := tx.(*Pipeline); piped {
		tx = p.Tx
	}
	n, ok = tx.(*numbered)
	return n, ok
}

func callAll(all []func()) {
	for _, do := range all {
		do()
	}
}

const askNumber = "select pg_current_xact_id()::text::bigint"

// number returns the transaction's number.
func (n *numbered) number(ctx context.Context) (int64, error) {
	if n.known {
		return n.xid, nil
	}
	err := n.QueryRow(ctx, askNumber).Scan(&n.xid)
	return n.xid, err
}
