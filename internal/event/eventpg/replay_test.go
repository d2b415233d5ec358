package eventpg_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/event/eventtest"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// picky is a sink that can never take the third event of its aggregate, and refuses all that come with it.
type picky struct{ took chan int }

func (picky) Name() string { return "picky" }

func (p picky) Publish(_ context.Context, events []event.Event) error {
	var poison event.PoisonError
	for _, e := range events {
		if e.Sequence == 3 {
			poison.Add(e, errors.New("too sharp"))
		}
	}
	if err := poison.Err(); err != nil {
		return err
	}
	for _, e := range events {
		p.took <- e.Sequence
	}
	return nil
}

// What a sink can never take is left out again; everything beside it goes out.
func TestReplayLeavesPoisonOut(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	commit(t, pool, eventtest.Interleaved(1, 5)...)
	cursors := eventpg.NewCursors(pool, func(context.Context, store.Tx, string, int64) error { return nil })
	_, err := cursors.Load(t.Context(), "picky")
	require.NoError(t, err)
	_, _, err = eventpg.AskReplay(t.Context(), pool, "picky", 1, 0)
	require.True(t, errs.Is(err, errs.KindInvalid), "%v", err)
	require.ErrorContains(t, err, "nothing from 1 on has gone to picky yet")
	_, _, err = eventpg.AskReplay(t.Context(), pool, "nobody", 1, 0)
	require.True(t, errs.Is(err, errs.KindNotFound), "%v", err)
	require.NoError(t, cursors.Mark(t.Context(), "picky", 1, 5, time.Now()))
	id, end, err := eventpg.AskReplay(t.Context(), pool, "picky", 2, 0)
	require.NoError(t, err)
	require.EqualValues(t, 5, end)

	sink := picky{make(chan int, 10)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- eventpg.RunReplays(ctx, pool, sink, eventtest.Always{}, slog.New(slog.DiscardHandler))
	}()
	require.Equal(t, []int{2, 4, 5}, []int{<-sink.took, <-sink.took, <-sink.took})
	require.Eventually(t, func() bool {
		r, err := eventpg.ReplayState(t.Context(), pool, id)
		return err == nil && r.Done
	}, time.Minute, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
}
