package planningpg

import (
	"context"
	"errors"

	"brigade/internal/planning"
	"brigade/internal/planning/planningpg/db"
	"brigade/internal/store"
)

// Sales is a file of sales; *salesfile.File.
type Sales interface {
	// Rewind begins again from the start.
	Rewind() error
	// Next returns the next line that can be used; ok is false at the end.
	Next() (l planning.Line, ok bool)
	// Keyed tells whether lines have keys of their own, which must not come twice.
	Keyed() bool
	// Fault notes that a line is wrong.
	Fault(line int, format string, a ...any)
	// Faults returns what is wrong as one error; nil when nothing is.
	Faults() error
}

// errDry takes a dry run back.
var errDry = errors.New("dry run")

// Import takes a file of sales into account: whole, or not at all when anything in it is wrong. The same file again
// changes nothing. A dry run does everything and takes it back. Errors: KindInvalid with every faulty line.
func (s *Store) Import(ctx context.Context, tenant int64, source string, file Sales, dry bool) (merged planning.Merged, err error) {
	if err := planning.CheckSource(source); err != nil {
		return merged, err
	}
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		if err := file.Rewind(); err != nil {
			return err
		}
		id, q, err := begin(ctx, tx, tenant, source)
		if err != nil {
			return err
		}
		if err := stageFile(ctx, q, file); err != nil {
			return err
		}
		if err := forMany(ctx, tx); err != nil {
			return err
		}
		if merged, err = merge(ctx, q, tenant, id); err == nil && dry {
			err = errDry
		}
		return err
	})
	if errors.Is(err, errDry) {
		err = nil
	}
	return merged, err
}

const stageChunk = 20_000

// stageFile stages all lines. Errors: what is wrong with the file.
func stageFile(ctx context.Context, q *db.Queries, file Sales) error {
	chunk := make([]planning.Line, 0, stageChunk)
	for {
		l, ok := file.Next()
		if ok {
			chunk = append(chunk, l)
		}
		if !ok || len(chunk) == stageChunk {
			if err := stage(ctx, q, chunk); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
		if !ok {
			break
		}
	}
	if file.Keyed() {
		twice, err := q.StagedTwice(ctx, 1000)
		if err != nil {
			return err
		}
		for _, r := range twice {
			file.Fault(int(r.Last), "key %q is that of line %d, too", r.Key, r.First)
		}
	}
	return file.Faults()
}

// forMany makes plans for many rows, for the rest of the transaction: usually they are made for few.
func forMany(ctx context.Context, tx store.Tx) error {
	for _, sql := range []string{
		"analyze sales_staging", "set local enable_seqscan = on", "set local plan_cache_mode = force_custom_plan",
		"set local work_mem = '128MB'",
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
