package whatif_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/sim/replay"
	"brigade/internal/sim/whatif"
)

// More or fewer orders: as many as were asked for, all of them within the evening and by time, the others as they came.
func TestOrdersAreScaled(t *testing.T) {
	t.Parallel()
	e := evening(1)
	rapid.Check(t, func(t *rapid.T) {
		percent := rapid.IntRange(-90, 300).Filter(func(n int) bool { return n != 0 }).Draw(t, "percent")
		c, err := whatif.Parse("orders " + signed(percent) + "%")
		require.NoError(t, err)
		got, err := whatif.Apply(e, []whatif.Change{c})
		require.NoError(t, err)
		require.InDelta(t, float64(len(e.Orders))*(1+float64(percent)/100), float64(len(got.Orders)), 1)
		for i, o := range got.Orders {
			require.False(t, o.At.Before(e.Begin))
			require.True(t, i == 0 || !o.At.Before(got.Orders[i-1].At))
		}
	})
	c, err := whatif.Parse("orders +50%")
	require.NoError(t, err)
	one, err := whatif.Apply(e, []whatif.Change{c})
	require.NoError(t, err)
	again, err := whatif.Apply(e, []whatif.Change{c})
	require.NoError(t, err)
	require.Equal(t, one.Orders, again.Orders, "the same change makes the same evening")
	for _, text := range []string{"orders 20", "orders many", "orders +0%", "orders -100%", "orders +301%"} {
		_, err := whatif.Parse(text)
		require.True(t, errs.Is(err, errs.KindInvalid), text)
	}
}

func signed(n int) string {
	if n > 0 {
		return "+" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

var boss = actor.Actor{Tenant: 1, Outlet: 1, Role: actor.Manager, Name: "Inés"}

// until waits for a run to be over.
func until(t *testing.T, r *whatif.Runs, id string, state whatif.State) (x whatif.Trial) {
	t.Helper()
	require.Eventually(t, func() bool {
		var err error
		x, err = r.Get(boss, 1, id)
		require.NoError(t, err)
		return x.State == state
	}, 5*time.Minute, time.Millisecond, "it is %s", x.State)
	return x
}

func stopped(t *testing.T, r *whatif.Runs) {
	t.Helper()
	t.Cleanup(func() { require.NoError(t, r.Stop(context.Background())) })
}

func TestAQuestionIsAnsweredInTheBackground(t *testing.T) {
	t.Parallel()
	r := whatif.NewRuns(func(context.Context, whatif.Asked) ([]*replay.Evening, error) {
		return []*replay.Evening{evening(1), evening(2)}, nil
	}, func(context.Context) whatif.Player { return play })
	stopped(t, r)
	id, err := r.Start(boss, whatif.Asked{Outlet: 1, Days: 2, Changes: []string{"cook Ann like Asha", "orders +20%"}})
	require.NoError(t, err)
	x := until(t, r, id, whatif.Done)
	require.Equal(t, 20, x.Played)
	require.Equal(t, 20, x.Of)
	require.Greater(t, x.Answer.Orders[1], x.Answer.Orders[0])
	list, err := r.List(boss, 1)
	require.NoError(t, err)
	require.Len(t, list, 1)

	id, err = r.Start(boss, whatif.Asked{Outlet: 1, Days: 2, Changes: []string{"no-machine oven"}})
	require.NoError(t, err)
	require.ErrorContains(t, until(t, r, id, whatif.Failed).Fault, `there is no machine "oven"`)
	for _, who := range []actor.Actor{{Tenant: 2, Role: actor.Owner}, {Tenant: 1, Outlet: 2, Bound: true, Role: actor.Owner}} {
		_, err = r.Get(who, 1, id)
		require.True(t, errs.Is(err, errs.KindNotFound), "nobody else sees it")
	}
	_, err = r.Start(actor.Actor{Tenant: 1, Role: actor.Cook}, whatif.Asked{Outlet: 1, Days: 1, Changes: []string{"orders +20%"}})
	require.True(t, errs.Is(err, errs.KindForbidden))
	for _, a := range []whatif.Asked{
		{Days: 1, Made: 1, PerHour: 3, Changes: []string{"orders +20%"}},
		{Days: 15, Changes: []string{"orders +20%"}},
		{Made: 3, Changes: []string{"orders +20%"}},
		{Days: 1},
		{Days: 1, Changes: []string{"policy best"}},
		{Days: 1, Changes: []string{"dance"}},
	} {
		_, err = r.Start(boss, a)
		require.True(t, errs.Is(err, errs.KindInvalid), "%+v", a)
	}
}

// A planner that breaks down over a question takes nobody with it, and the next question is answered.
func TestAQuestionThatBreaksThePlannerFailsAlone(t *testing.T) {
	t.Parallel()
	broken := true
	r := whatif.NewRuns(func(context.Context, whatif.Asked) ([]*replay.Evening, error) {
		return []*replay.Evening{evening(1)}, nil
	}, func(context.Context) whatif.Player {
		if broken {
			return func(*replay.Evening, string) (*replay.Played, error) { panic("no such station") }
		}
		return play
	})
	stopped(t, r)
	var told atomic.Int64
	r.OnFault(func(a whatif.Asked, err error) { told.Add(a.Outlet) })
	asked := whatif.Asked{Outlet: 1, Days: 1, Changes: []string{"orders +20%"}}
	id, err := r.Start(boss, asked)
	require.NoError(t, err)
	require.ErrorContains(t, until(t, r, id, whatif.Failed).Fault, "no such station")
	require.EqualValues(t, 1, told.Load(), "somebody is told")
	broken = false
	id, err = r.Start(boss, asked)
	require.NoError(t, err)
	until(t, r, id, whatif.Done)
}

// A run can be cancelled while it waits and while it plays; so many may wait, and a process that ends takes no more.
func TestRunsAreCancelled(t *testing.T) {
	t.Parallel()
	reading := make(chan struct{}, 10)
	r := whatif.NewRuns(func(ctx context.Context, _ whatif.Asked) ([]*replay.Evening, error) {
		reading <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}, func(context.Context) whatif.Player { return play })
	stopped(t, r)
	var ids []string
	for range 5 {
		id, err := r.Start(boss, whatif.Asked{Outlet: 1, Days: 1, Changes: []string{"orders +20%"}})
		require.NoError(t, err)
		ids = append(ids, id)
	}
	_, err := r.Start(boss, whatif.Asked{Outlet: 1, Days: 1, Changes: []string{"orders +20%"}})
	require.True(t, errs.Is(err, errs.KindConflict), "enough wait")
	<-reading
	for _, id := range ids {
		require.NoError(t, r.Cancel(boss, 1, id))
		require.NoError(t, r.Cancel(boss, 1, id), "twice is as once")
		until(t, r, id, whatif.Cancelled)
	}
	require.True(t, errs.Is(r.Cancel(boss, 1, "unknown"), errs.KindNotFound))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = whatif.Within(ctx)(evening(1), "")
	require.ErrorIs(t, err, context.Canceled, "an evening that is being played ends as well")
	require.NoError(t, r.Stop(t.Context()))
	_, err = r.Start(boss, whatif.Asked{Outlet: 1, Days: 1, Changes: []string{"orders +20%"}})
	require.True(t, errs.Is(err, errs.KindUnavailable))
}
