package workflowpg

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
	"brigade/internal/store"
	"brigade/internal/workflow"
)

// mostRows is how many rows of a report are kept.
const mostRows = 1000

// Report returns what does a step that is one query: it reads, in a transaction that cannot write, within the step's time
// limit, as a role of Postgres ("": the one that brigade has).
func (s *Store) Report(role string) func(context.Context, *workflow.Batch, workflow.Job) (any, error) {
	return func(ctx context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
		return s.report(ctx, role, b, j)
	}
}

func (s *Store) report(ctx context.Context, role string, b *workflow.Batch, j workflow.Job) (any, error) {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return nil, store.Classify(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // there is nothing to keep
	limit := min(b.Work().TimeLimit(), time.Duration(math.MaxInt32)*time.Millisecond)
	if _, err := tx.Exec(ctx, fmt.Sprintf("set local statement_timeout = %d", limit.Milliseconds())); err != nil {
		return nil, store.Classify(err)
	}
	if role != "" {
		if _, err := tx.Exec(ctx, "set local role "+pgx.Identifier{role}.Sanitize()); err != nil {
			return nil, store.Classify(err)
		}
	}
	stmt, err := tx.Prepare(ctx, "", b.Work().SQL) // one statement, whose parameters are known
	if err != nil {
		return nil, errs.Permanent(fmt.Errorf("the query cannot be read: %w", err))
	}
	args := []any{j.Tenant, b.Day.Time()}
	if len(stmt.ParamOIDs) > len(args) {
		return nil, errs.Permanent(errs.Invalid("the query has %d parameters; $1 is the tenant, $2 the date", len(stmt.ParamOIDs)))
	}
	rows, err := tx.Query(ctx, b.Work().SQL, args[:len(stmt.ParamOIDs)]...)
	if err != nil {
		return nil, store.Classify(err)
	}
	return gather(rows)
}

func gather(rows pgx.Rows) (any, error) {
	defer rows.Close()
	list := []map[string]any{}
	for rows.Next() {
		if len(list) == mostRows {
			return nil, errs.Permanent(errs.Invalid("the report has more than %d rows", mostRows))
		}
		values, err := rows.Values()
		if err != nil {
			return nil, err
		}
		row := make(map[string]any, len(values))
		for i, f := range rows.FieldDescriptions() {
			row[f.Name] = values[i]
		}
		list = append(list, row)
	}
	if err := rows.Err(); err != nil {
		return nil, store.Classify(err)
	}
	return map[string]any{"rows": list}, nil
}
