package workerpg_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
	"brigade/internal/worker"
	"brigade/internal/worker/workerpg"
)

// house is a restaurant that was made for workers.
type house struct {
	*workerpg.Store
	t    *testing.T
	pool *pgxpool.Pool
	node atomic.Int64
	id   int64 // the tenant's
}

func open(t *testing.T) *house {
	h := &house{t: t, pool: pgtest.New(t)}
	h.Store = workerpg.New(h.pool, workerpg.Parts{
		Node: h.node.Load, Committed: func() {},
		Advance: func(context.Context, store.Tx, []workerpg.Step) error { return nil },
	})
	t.Cleanup(h.Close)
	require.NoError(t, h.Found(t.Context()))
	require.NoError(t, h.pool.QueryRow(t.Context(), "select id from tenants").Scan(&h.id))
	h.join(time.Hour)
	return h
}

// join makes this process a node that lives for so long.
func (h *house) join(d time.Duration) {
	var id int64
	require.NoError(h.t, h.pool.QueryRow(h.t.Context(),
		"insert into nodes (name, roles, expires_at) values ('n', 'kitchen-worker', now() + make_interval(secs => $1)) returning id", d.Seconds()).Scan(&id))
	h.node.Store(id)
}

func (h *house) somebody() worker.Identity {
	return worker.Identity{Tenant: h.id, Name: "chef_mario", Session: uuid.New()}
}

func (h *house) register(id worker.Identity) error {
	return h.Register(h.t.Context(), id, worker.Types, 30*time.Second)
}

// Of many who want a name at the same time one gets it; he keeps it while he lives.
func TestANameIsOnesOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	var wg sync.WaitGroup
	var won atomic.Int32
	for range 20 {
		wg.Go(func() {
			err := h.register(h.somebody())
			if err == nil {
				won.Add(1)
				return
			}
			if !errs.Is(err, errs.KindConflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load())
	require.ErrorContains(t, h.register(h.somebody()), "there is a live worker called chef_mario already")
}

// A name is free again when its holder left, when his process died, or when he was silent for two of his heartbeats.
func TestWhenANameIsFreeAgain(t *testing.T) {
	t.Parallel()
	for what, lose := range map[string]func(h *house, first worker.Identity) error{
		"left": func(h *house, first worker.Identity) error { return h.Leave(t.Context(), first) },
		"died": func(h *house, _ worker.Identity) error {
			_, err := h.pool.Exec(t.Context(), "update nodes set expires_at = now() - interval '1 second'")
			h.join(time.Hour)
			return err
		},
		"was silent": func(h *house, _ worker.Identity) error {
			_, err := h.pool.Exec(t.Context(), "update workers set last_seen = now() - interval '61 seconds'")
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			first, second := h.somebody(), h.somebody()
			require.NoError(t, h.register(first))
			require.NoError(t, h.Beat(t.Context(), first))
			require.NoError(t, lose(h, first))
			require.NoError(t, h.register(second))
			require.ErrorContains(t, h.Beat(t.Context(), first), "another worker is called chef_mario by now")
			require.NoError(t, h.Leave(t.Context(), first), "he has nothing to leave any more")
			views, err := h.Workers(t.Context(), h.id)
			require.NoError(t, err)
			require.Len(t, views, 1)
			require.True(t, views[0].Online)
			require.Equal(t, worker.Types, views[0].Types)
		})
	}
}

// Whoever was not seen for two heartbeats is offline, without anybody noting it.
func TestSilenceIsOffline(t *testing.T) {
	t.Parallel()
	h := open(t)
	require.NoError(t, h.register(h.somebody()))
	for seconds, online := range map[int]bool{50: true, 70: false} {
		_, err := h.pool.Exec(t.Context(), fmt.Sprintf("update workers set last_seen = now() - interval '%d seconds'", seconds))
		require.NoError(t, err)
		views, err := h.Workers(t.Context(), h.id)
		require.NoError(t, err)
		require.Equal(t, online, views[0].Online, seconds)
	}
}

// The restaurant is made once, whoever comes first, and in an empty database only.
func TestFoundOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := h.Found(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var tenants, outlets int
	require.NoError(t, h.pool.QueryRow(t.Context(), "select (select count(*) from tenants), (select count(*) from outlets)").Scan(&tenants, &outlets))
	require.Equal(t, []int{1, 1}, []int{tenants, outlets})
	modes, err := h.Modes(t.Context(), h.id)
	require.NoError(t, err)
	require.Equal(t, map[string]workerpg.Mode{"main": workerpg.ByWorkers}, modes)
	require.True(t, errs.Is(h.SetMode(t.Context(), h.id, -1, workerpg.ByTasks), errs.KindNotFound))
}

// An order that workers were never asked to cook is nobody's.
func TestAnOrderOfNobody(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, err := h.Turn(t.Context(), worker.Turn{Tenant: h.id, Number: "ORD_1", Worker: "chef_mario", Take: true, At: time.Now()})
	require.True(t, errs.Is(err, errs.KindNotFound), "%v", err)
}
