package kitchenpg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/kitchen"
)

// BenchmarkCommit writes 500 changed tasks of 250 tickets in one transaction: half of them started, half completed.
func BenchmarkCommit(b *testing.B) {
	h := newHouse(b, 1)
	h.exec("update stations set capacity = 100000")
	h.exec("update machines set capacity = 100000")
	h.exec("update staff set max_parallel = 100000")
	s := h.store(1)
	l := h.layout(s, h.outlets[0])
	var works []kitchen.Work
	for range 250 {
		works = append(works, h.work(l, 1))
	}
	b.ReportAllocs()
	commit := func(j *kitchen.Journal, tickets []*kitchen.Ticket) {
		require.NoError(b, s.Commit(b.Context(), j, []kitchen.Fence{{Outlet: l.Outlet, Token: 1}}))
		for _, t := range tickets {
			t.Written()
		}
	}
	tasks := 0
	for b.Loop() {
		b.StopTimer()
		for i := range works {
			works[i].Order = h.orders.Add(1)
		}
		tickets := h.open(s, works...)
		f := kitchen.NewFloor(h.layout(s, l.Outlet), kitchen.DefaultSettings(), tickets, noon, kitchen.NewIndex())
		each := func(do func(j *kitchen.Journal, task *kitchen.Task)) *kitchen.Journal {
			j := kitchen.NewJournal(l)
			for _, t := range tickets {
				do(j, t.Tasks[0])
				do(j, t.Tasks[1])
			}
			return j
		}
		j := kitchen.NewJournal(l)
		f.Plan(j, noon)
		b.StartTimer()
		commit(j, tickets)
		b.StopTimer()
		j = each(func(j *kitchen.Journal, t *kitchen.Task) {
			_, _, err := f.Start(j, t.ID, noon)
			require.NoError(b, err)
		})
		b.StartTimer()
		commit(j, tickets)
		b.StopTimer()
		j = each(func(j *kitchen.Journal, t *kitchen.Task) {
			_, _, err := f.Complete(j, t.ID, noon.Add(time.Minute), "Asha")
			require.NoError(b, err)
		})
		b.StartTimer()
		commit(j, tickets)
		tasks += 1500
	}
	b.ReportMetric(float64(tasks)/b.Elapsed().Seconds(), "tasks/s")
}
