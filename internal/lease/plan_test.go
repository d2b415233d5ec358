package lease

import (
	"context"
	"fmt"
	"hash/maphash"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/store/pgtest"
)

// Nodes that look in any order reach a state in which everything is owned by one node, nobody has more than his share,
// and nobody wants to change anything.
func TestPlanConverges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		wanted := make([]string, rapid.IntRange(0, 60).Draw(t, "resources"))
		for i := range wanted {
			wanted[i] = fmt.Sprint("kitchen:", i)
		}
		nodes := rapid.IntRange(1, 7).Draw(t, "nodes")
		seeds, held, free := make([]maphash.Seed, nodes), make([]map[string]int64, nodes), map[string]int64{"kitchen:gone": 1}
		for i := range nodes {
			seeds[i], held[i] = maphash.MakeSeed(), map[string]int64{}
		}
		held[0]["kitchen:closed"] = 1
		for _, r := range wanted { // any owner, or none
			if i := rapid.IntRange(-1, nodes-1).Draw(t, "owner"); i >= 0 {
				held[i][r] = 1
			} else {
				free[r] = 1
			}
		}
		share := (len(wanted) + nodes - 1) / nodes
		for quiet := 0; quiet < nodes; {
			i := quiet % nodes
			claim, giveBack := plan(seeds[i], wanted, set(wanted), held[i], free, nodes)
			require.False(t, len(claim) > 0 && len(giveBack) > 0 && len(held[i]) > share+1, "claims and gives back")
			move(held[i], free, giveBack)
			move(free, held[i], claim)
			quiet++
			if len(claim)+len(giveBack) > 0 {
				quiet = 0
				if rapid.Bool().Draw(t, "another node looks next") {
					seeds, held = append(seeds[1:], seeds[0]), append(held[1:], held[0])
				}
			}
		}
		owned := 0
		for _, h := range held {
			require.LessOrEqual(t, len(h), share)
			owned += len(h)
		}
		require.Len(t, wanted, owned)
	})
}

func move(from, to map[string]int64, resources []string) {
	for _, r := range resources {
		to[r] = from[r]
		delete(from, r)
	}
}

func TestPlanGivesBackGradually(t *testing.T) {
	t.Parallel()
	held := map[string]int64{}
	var wanted []string
	for i := range 100 {
		wanted = append(wanted, fmt.Sprint("kitchen:", i))
		held[wanted[i]] = 1
	}
	_, giveBack := plan(maphash.MakeSeed(), wanted, set(wanted), held, nil, 2)
	require.Len(t, giveBack, 13, "a quarter of 50, rounded up")
	_, giveBack = plan(maphash.MakeSeed(), wanted, set(wanted), held, map[string]int64{"kitchen:0": 1}, 2)
	require.Empty(t, giveBack, "somebody has yet to take what is free")
}

func TestIsOf(t *testing.T) {
	t.Parallel()
	require.True(t, isOf("kitchen", "kitchen:42"))
	require.False(t, isOf("kitchen", "kitchens:42"))
	require.False(t, isOf("kitchen", "kitchen"))
}

// BenchmarkThousandKitchensIdle is one idle look at 1,000 owned kitchens, Postgres's part included. By default there
// is one a second, so 1 ms is 0.1 % of a core.
func BenchmarkThousandKitchensIdle(b *testing.B) {
	n, err := Join(b.Context(), pgtest.New(b), "bench", []string{"kitchen"}, Options{Tick: time.Hour, Heartbeat: time.Minute, TTL: time.Hour})
	require.NoError(b, err)
	all := make([]string, 1000)
	for i := range all {
		all[i] = fmt.Sprint("kitchen:", i)
	}
	owned := make(chan Change, 1)
	list := func(context.Context) ([]string, error) { return all, nil }
	require.NoError(b, n.Want("kitchen", list, func(c Change) { owned <- c }))
	require.Len(b, (<-owned).Gained, 1000)
	n.stop()
	n.loops.Wait()
	for b.Loop() {
		n.kinds[0].listed = time.Time{} // the list, too
		require.NoError(b, n.look(b.Context()))
	}
	b.StopTimer()
	require.NoError(b, n.Stop(context.Background()))
}
