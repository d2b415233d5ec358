package readyqueue

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"brigade/internal/event/brokertest"
	"brigade/internal/kitchen"
)

type fixed struct{ queues []kitchen.Queue }

func (f *fixed) Queues(context.Context, []int64) ([]kitchen.Queue, error) { return f.queues, nil }

// BenchmarkDraw draws twenty kitchens in each of which 100 tasks wait, 10 of them new and 10 gone since the last drawing.
func BenchmarkDraw(b *testing.B) {
	const kitchens, waiting, moved = 20, 100, 10
	client := redis.NewClient(&redis.Options{Addr: brokertest.Redis(b).Addr()})
	defer client.Close()
	source := &fixed{queues: make([]kitchen.Queue, kitchens)}
	m := New(client, source, Options{Installation: "bench", Aging: 0.14, Redraw: time.Hour})
	for i := range int64(kitchens) {
		q := &source.queues[i]
		q.Tenant, q.Outlet, q.Fence, q.At = 1, i+1, 1, time.Now()
		for k := range int64(waiting) {
			q.Tasks = append(q.Tasks, kitchen.Ranked{Task: i*1_000_000_000 + k, Priority: float64(k)})
		}
	}
	require.NoError(b, m.draw(b.Context(), true))
	for b.Loop() {
		for i := range source.queues {
			q := &source.queues[i]
			for range moved {
				next := kitchen.Ranked{Task: q.Tasks[len(q.Tasks)-1].Task + 1, Priority: 5}
				q.Tasks = append(q.Tasks[1:], next)
			}
			m.again([]int64{q.Outlet})
		}
		require.NoError(b, m.draw(b.Context(), false))
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*kitchens*moved*2), "µs/change")
}
