package kitchen

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/clock"
)

// What is refused as a whole is tried in parts: those that an error names apart, else in halves.
func TestPartsOfARefusedRound(t *testing.T) {
	t.Parallel()
	require.Equal(t, [][]int64{{1, 3}, {2}}, parts([]int64{1, 2, 3}, &NotOwnerError{Outlets: []int64{2, 9}}))
	require.Equal(t, [][]int64{{1}, {2, 3}}, parts([]int64{1, 2, 3}, errors.New("bad")))
	require.Equal(t, [][]int64{{1}, {2}}, parts([]int64{1, 2}, &NotOwnerError{Outlets: []int64{1, 2}}), "all are lost")
	require.Equal(t, [][]int64{{1}, {2}}, parts([]int64{1, 2}, &NotOwnerError{Outlets: []int64{9}}), "none of them is")
}

// A kitchen that could not be written is written apart and read after a pause, which grows until it succeeds.
func TestAnIllKitchenIsLeftAlone(t *testing.T) {
	t.Parallel()
	d := oneDesk(&memory{}, time.Now())
	r := &round{journals: map[int64]*Journal{}}
	for outlet := range int64(4) {
		r.journals[outlet] = NewJournal(nil)
		r.journals[outlet].Tickets = []*Ticket{{Outlet: outlet}}
	}
	require.Equal(t, [][]int64{{0, 1, 2, 3}}, d.portions(r))
	for range 20 {
		d.sicken(2)
	}
	require.Equal(t, longestIllness, d.ill[2].pause)
	require.Equal(t, [][]int64{{2}, {0, 1, 3}}, d.portions(r))
	d.loading[1], d.loading[2] = true, true
	require.Equal(t, []int64{1}, d.toLoad())
	d.ill[2].until = time.Now()
	require.Equal(t, []int64{1, 2}, d.toLoad())
	d.written(r, []int64{2})
	require.Equal(t, [][]int64{{0, 1, 2, 3}}, d.portions(r))
}

// Each kitchen has one desk, and what is said of many kitchens reaches each desk once.
func TestDesksShareTheKitchens(t *testing.T) {
	t.Parallel()
	s := NewDesks(3, &memory{}, clock.NewManual(time.Now()), DefaultSettings(), slog.New(slog.DiscardHandler), deaf{})
	var fences []Fence
	for outlet := range int64(10) {
		fences = append(fences, Fence{outlet, 1})
	}
	s.Own(fences, nil)
	n := 0
	for _, d := range s.all {
		in := d.take()
		require.Len(t, in, 1)
		for _, f := range in[0].gained {
			require.Same(t, d, s.of(f.Outlet))
			n++
		}
	}
	require.Equal(t, 10, n)
}
