package alertpg_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/alert"
	"brigade/internal/alert/alertpg"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// BenchmarkRaise signals one failure to each of 10,000 tenants, again and again.
func BenchmarkRaise(b *testing.B) {
	s := alertpg.New(pgtest.New(b), alertpg.Parts{Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
		return eventpg.Append(ctx, tx, 1, events)
	}})
	run := int64(0)
	for b.Loop() {
		run++
		signals := make([]alert.Signal, 10_000)
		for i := range signals {
			signals[i] = alert.Failed(alert.Run{Tenant: int64(i + 1), Workflow: "daily", Execution: run, Day: "2026-05-04"}, fmt.Sprint("no flour ", i), 1, 1)
		}
		_, err := s.Raise(b.Context(), time.Now(), signals)
		require.NoError(b, err)
	}
}
