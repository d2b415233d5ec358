package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// Lanes write at the same time, but never two requests with the same key.
func TestLanesKeepKeysApart(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	busy := map[string]bool{}
	begun, end := make(chan []string, 100), make(chan struct{})
	work := func(_ context.Context, tx store.Tx, keys []string) ([]store.Outcome[bool], error) {
		mu.Lock()
		own := map[string]bool{}
		for _, k := range keys {
			require.False(t, busy[k], "%s is written by two", k)
			own[k] = true
		}
		for k := range own {
			busy[k] = k != ""
		}
		mu.Unlock()
		begun <- keys
		<-end
		store.OnCommit(tx, func() {
			mu.Lock()
			defer mu.Unlock()
			for k := range own {
				busy[k] = false
			}
		})
		return make([]store.Outcome[bool], len(keys)), nil
	}
	b := store.NewBatcher(pgtest.New(t), work, store.BatcherOptions{Lanes: 2})
	b.Apart(func(k string) string { return k })
	defer b.Close()

	var callers sync.WaitGroup
	place := func(key string) {
		callers.Go(func() {
			_, err := b.Do(context.Background(), key)
			require.NoError(t, err)
		})
	}
	place("a")
	require.Equal(t, []string{"a"}, <-begun)
	place("a")
	require.Eventually(t, func() bool { return b.Waiting() == 1 }, patience, time.Millisecond)
	place("b")
	require.Equal(t, []string{"b"}, <-begun, "the other lane takes what it may")
	require.Equal(t, 1, b.Waiting())
	for i := range 200 {
		place([]string{"a", "b", "c", ""}[i%4])
	}
	close(end)
	callers.Wait()
}

// What waits for a commit is called once it is there, and not for what is rolled back.
func TestOnCommit(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	var heard []string
	attempts := 0
	err := store.Commit(t.Context(), pool, func(tx store.Tx) error {
		attempts++
		pipe := store.NewPipeline(tx)
		store.OnCommit(pipe, func() { heard = append(heard, "committed") })
		if attempts == 1 {
			return store.ErrOvertaken
		}
		require.Empty(t, heard)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"committed"}, heard)
}
