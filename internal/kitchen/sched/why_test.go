package sched_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen/sched"
)

// AppendJSON writes what encoding/json writes and reads, whatever the names and numbers are.
func TestAppendJSONRoundTrips(t *testing.T) {
	t.Parallel()
	name := rapid.StringMatching(`[^\x00]*`)
	number := rapid.Float64()
	count := rapid.IntRange(0, 3)
	use := rapid.Custom(func(t *rapid.T) sched.Use {
		return sched.Use{
			ID: rapid.Int64().Draw(t, "id"), Name: name.Draw(t, "name"), Busy: count.Draw(t, "busy"),
			Capacity: count.Draw(t, "capacity"), Why: sched.Reason(rapid.IntRange(0, 8).Draw(t, "why")),
		}
	})
	staff := rapid.Custom(func(t *rapid.T) sched.StaffScore {
		return sched.StaffScore{
			ID: rapid.Int64().Draw(t, "id"), Name: name.Draw(t, "name"), Active: count.Draw(t, "active"),
			Load: number.Draw(t, "load"), Util: number.Draw(t, "util"), Efficiency: number.Draw(t, "efficiency"), Total: number.Draw(t, "total"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		w := sched.Why{Policy: string(sched.Greedy), At: sched.Instant(rapid.Int64().Draw(t, "at")), Station: use.Draw(t, "station")}
		w.Score = sched.Score{Total: number.Draw(t, "total"), Wait: number.Draw(t, "wait")}
		w.Machine.Fit = rapid.SliceOfN(use, 0, 3).Draw(t, "fit machines")
		w.Machine.Unfit = rapid.SliceOfN(use, 0, 3).Draw(t, "unfit machines")
		if len(w.Machine.Fit)+len(w.Machine.Unfit) > 0 {
			w.Machine.FitMore, w.Machine.UnfitMore = count.Draw(t, "more"), count.Draw(t, "more")
		} else {
			w.Machine = sched.MachineChoice{}
		}
		w.Staff.Fit = rapid.SliceOfN(staff, 1, 3).Draw(t, "fit staff")
		w.Staff.Off = rapid.SliceOfN(name, 0, 3).Draw(t, "off")
		w.Staff.AtLimit = rapid.SliceOfN(name, 0, 3).Draw(t, "at limit")
		w.Staff.FitMore, w.Staff.OffMore = count.Draw(t, "more"), count.Draw(t, "more")
		w.Staff.AtLimitMore, w.Staff.Unskilled = count.Draw(t, "more"), count.Draw(t, "more")

		ours := w.AppendJSON([]byte("x"))[1:]
		std, err := json.Marshal(&w)
		require.NoError(t, err)
		require.JSONEq(t, string(std), string(ours))
		var back, want sched.Why
		require.NoError(t, json.Unmarshal(ours, &back))
		require.NoError(t, json.Unmarshal(std, &want))
		require.Equal(t, want, back)
	})
}

func TestAppendJSONWritesNothingPostgresRefuses(t *testing.T) {
	t.Parallel()
	w := sched.Why{Staff: sched.StaffChoice{Off: []string{"a\x00b\xffc\"\\\n\x1f é 👩‍🍳"}}}
	w.Score.Total, w.Score.Base, w.Score.Wait = math.NaN(), math.Inf(-1), 1e300
	var back sched.Why
	require.NoError(t, json.Unmarshal(w.AppendJSON(nil), &back))
	require.Equal(t, "a\ufffdb\ufffdc\"\\\n\x1f é 👩‍🍳", back.Staff.Off[0])
	require.Equal(t, sched.Score{Wait: 1e300}, back.Score)
}

// In a large kitchen the lists are cut, the counts are not.
func TestWhyListsAFewOfEach(t *testing.T) {
	t.Parallel()
	l := sched.Layout{Stations: []sched.Station{{ID: 1, Name: "line", Capacity: 9}}}
	for id := range int64(40) {
		s := sched.Staff{ID: id + 1, Name: "cook", Skills: []int64{1}, MaxParallel: 1, Efficiency: 1 + float64(id%20)/100}
		switch {
		case id < 10:
			s.Off = []sched.Interval{{To: sched.Forever}}
		case id < 20:
			s.MaxParallel = 0
		case id >= 35:
			s.Skills = nil
		}
		l.Staff = append(l.Staff, s)
		l.Machines = append(l.Machines, sched.Machine{ID: id + 1, Station: 1, Name: "oven", Capacity: 2, Up: id%2 == 1})
	}
	k := sched.New(l, sched.DefaultWeights())
	k.Enqueue(sched.Task{ID: 1, Station: 1})
	plan := k.Plan(noon)
	c, m := plan[0].Why.Staff, plan[0].Why.Machine
	require.Equal(t, []int{5, 10, 5, 5, 5, 5, 5}, []int{len(c.Fit), c.FitMore, len(c.Off), c.OffMore, len(c.AtLimit), c.AtLimitMore, c.Unskilled})
	require.Equal(t, []int{5, 15, 5, 15}, []int{len(m.Fit), m.FitMore, len(m.Unfit), m.UnfitMore})
	require.Equal(t, int64(35), plan[0].Staff, "the most efficient one")
	require.Equal(t, int64(31), c.Fit[4].ID)
	require.Equal(t, int64(2), plan[0].Machine)
	require.Equal(t, sched.MachineDown, m.Unfit[0].Why)
}
