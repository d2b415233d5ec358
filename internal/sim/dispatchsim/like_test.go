package dispatchsim_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/sim/dispatchsim"
)

func TestDaysLikeOthersAreOtherDays(t *testing.T) {
	t.Parallel()
	in := randomDay(rand.New(rand.NewPCG(1, 5)), 60, 9, 3)
	one := in.Like(7)
	require.Equal(t, one, in.Like(7), "the same seed gives the same day")
	require.NotEqual(t, one, in.Like(8))
	require.InDelta(t, 60, len(one.Orders), 13)
	for _, o := range one.Orders {
		require.GreaterOrEqual(t, o.Ready, o.Placed)
	}
	dir := filepath.Join(t.TempDir(), one.Name)
	require.NoError(t, one.Write(dir))
	read, err := dispatchsim.Read(dir)
	require.NoError(t, err)
	require.Equal(t, one, read, "what is written is what is read")
}

func TestVaryWritesDaysLikeEach(t *testing.T) {
	t.Parallel()
	data, out := t.TempDir(), t.TempDir()
	write(t, filepath.Join(data, "one"), small())
	write(t, filepath.Join(data, "two"), small())
	n, err := dispatchsim.Vary(data, out, 5, 2)
	require.NoError(t, err)
	require.Equal(t, 4, n)
	entries, err := os.ReadDir(out)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{"one_5", "one_6", "two_5", "two_6"}, names)
	results, err := play(t, out, t.TempDir())
	require.NoError(t, err)
	require.Len(t, results, 4)

	empty := small()
	empty["couriers.txt"] = "courier\tx\ty\ton_time\toff_time\n"
	write(t, filepath.Join(data, "three"), empty)
	_, err = dispatchsim.Vary(data, t.TempDir(), 1, 1)
	require.ErrorContains(t, err, "three has no orders or no couriers")
}
