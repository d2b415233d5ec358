package event_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/event"
)

func at(positions ...int64) []event.Event {
	events := make([]event.Event, len(positions))
	for i, p := range positions {
		events[i].Position = p
	}
	return events
}

func positions(events []event.Event) []int64 {
	p := []int64{}
	for _, e := range events {
		p = append(p, e.Position)
	}
	return p
}

func TestFollowerPassesAGapOnlyWhenNobodyCanFillIt(t *testing.T) {
	t.Parallel()
	f := event.Follow(5)
	got, f := f.Take(at(6, 7, 9, 12))
	require.Equal(t, []int64{6, 7}, positions(got))
	require.True(t, f.Gap())
	require.False(t, f.Stuck(), "a page that brought something is no reason to ask who writes")

	got, f = f.Take(at(9, 12))
	require.Empty(t, got)
	require.True(t, f.Stuck())

	f = f.Probed(event.Probe{Head: 12, Writers: []string{"3/1", "4/1"}})
	got, f = f.Take(at(9, 12))
	require.Empty(t, got, "either writer may hold 8")

	f = f.Probed(event.Probe{Head: 14, Writers: []string{"4/1", "5/1"}})
	got, f = f.Take(at(9, 12, 14))
	require.Empty(t, got, "4/1 may hold 8 still; 5/1 came later")

	f = f.Probed(event.Probe{Head: 14, Writers: []string{"5/1"}})
	got, f = f.Take(at(9, 10, 12, 14))
	require.Equal(t, []int64{9, 10, 12}, positions(got), "nothing up to 12 can come; 13 can, from 5/1")
	require.Equal(t, int64(12), f.Cursor())
}

func TestFollowerWithoutWritersPassesAtOnce(t *testing.T) {
	t.Parallel()
	_, f := event.Follow(0).Take(at(100, 101, 105)) // the log was pruned
	got, f := f.Probed(event.Probe{Head: 105}).Take(at(100, 101, 105))
	require.Equal(t, []int64{100, 101, 105}, positions(got))
	require.False(t, f.Gap())
}

// world is a log with writers that come and go as Postgres allows it.
type world struct {
	next    int64
	names   int
	open    map[string][]int64 // positions that each open transaction holds
	visible []int64
}

func (w *world) Begin(*rapid.T) {
	w.names++
	w.open[fmt.Sprint("tx", w.names)] = nil
}

func (w *world) Insert(t *rapid.T) {
	name := w.pick(t)
	for range rapid.IntRange(1, 4).Draw(t, "rows") {
		w.open[name] = append(w.open[name], w.next)
		w.next++
	}
}

func (w *world) Commit(t *rapid.T) {
	name := w.pick(t)
	w.visible = append(w.visible, w.open[name]...)
	slices.Sort(w.visible)
	delete(w.open, name)
}

func (w *world) Rollback(t *rapid.T) { delete(w.open, w.pick(t)) }

func (w *world) pick(t *rapid.T) string {
	if len(w.open) == 0 {
		t.Skip("nobody writes")
	}
	return rapid.SampledFrom(w.writers()).Draw(t, "writer")
}

func (w *world) writers() []string {
	names := []string{}
	for name := range w.open {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (w *world) page(after int64, limit int) []event.Event {
	i, _ := slices.BinarySearch(w.visible, after+1)
	rest := w.visible[i:]
	return at(rest[:min(limit, len(rest))]...)
}

func (w *world) head() int64 {
	if len(w.visible) == 0 {
		return 0
	}
	return w.visible[len(w.visible)-1]
}

// Whatever the writers do between any two steps of a reader, he delivers every committed position once and in order,
// and once all have ended he is at the end after a few looks. A probe's two halves (head, then writers) and the
// page are separate steps, because the world does not stand still between them.
func TestFollowerLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &world{next: 1, open: map[string][]int64{}}
		f := event.Follow(0)
		delivered := []int64{}
		var head *int64
		take := func(limit int) {
			got, next := f.Take(w.page(f.Cursor(), limit))
			delivered, f = append(delivered, positions(got)...), next
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": w.Begin, "insert": w.Insert, "commit": w.Commit, "rollback": w.Rollback,
			"page":     func(t *rapid.T) { take(rapid.IntRange(1, 5).Draw(t, "limit")) },
			"see head": func(*rapid.T) { h := w.head(); head = &h },
			"see writers": func(t *rapid.T) {
				if head == nil || !f.Stuck() {
					t.Skip("no probe under way")
				}
				f, head = f.Probed(event.Probe{Head: *head, Writers: w.writers()}), nil
			},
			"": func(t *rapid.T) {
				if !slices.IsSorted(delivered) {
					t.Fatalf("out of order: %v", delivered)
				}
				upTo, _ := slices.BinarySearch(w.visible, f.Cursor()+1)
				if !slices.Equal(delivered, w.visible[:upTo]) {
					t.Fatalf("delivered %v of %v", delivered, w.visible[:upTo])
				}
			},
		})
		w.open = nil
		for range 4 * (len(w.visible) + 2) {
			if f.Stuck() {
				f = f.Probed(event.Probe{Head: w.head(), Writers: w.writers()})
			}
			take(3)
		}
		require.Equal(t, append([]int64{}, w.visible...), delivered)
	})
}
