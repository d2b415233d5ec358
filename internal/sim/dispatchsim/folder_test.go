package dispatchsim_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/delivery/dispatch"
	"brigade/internal/sim/dispatchsim"
)

// small is an instance with one of everything, as text.
func small() map[string]string {
	return map[string]string{
		"instance_parameters.txt": "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\n300\t4\t4\t40\n",
		"restaurants.txt":         "restaurant\tx\ty\nr1\t0\t0\n",
		"couriers.txt":            "courier\tx\ty\ton_time\toff_time\nc1\t600\t0\t0\t30\n",
		"orders.txt":              "order\tx\ty\tplacement_time\trestaurant\tready_time\no1\t0\t900\t5\tr1\t15\n",
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
}

func play(t *testing.T, data, out string) ([]dispatchsim.Result, error) {
	t.Helper()
	return dispatchsim.Folder(context.Background(), data, out, dispatch.DefaultSettings(), dispatch.Decide, func(int, int, dispatchsim.Result) {})
}

func TestFolderPlaysEveryInstance(t *testing.T) {
	t.Parallel()
	data, out := t.TempDir(), t.TempDir()
	write(t, filepath.Join(data, "one"), small())
	write(t, filepath.Join(data, "two"), small())
	write(t, filepath.Join(data, "notes"), map[string]string{"read.me": "no instance"})
	results, err := play(t, data, out)
	require.NoError(t, err)
	require.Len(t, results, 2)
	require.Equal(t, "one", results[0].Instance)
	// ready at 15, 2 minutes to hand over, 3 to drive, 2 at the door: there at 22, which is 17 after the click
	require.Equal(t, dispatchsim.Figures{Orders: 1, ClickToDoor: 17, ClickToDoor90: 17, Bound: 17}, results[0].Figures)
	for name, want := range map[string]string{
		"solution_info_assignments.txt": "assignment_time pickup_time courier orders\n15 15 c1 o1\n",
		"solution_info_orders.txt":      "order placement_time ready_time pickup_time dropoff_time courier\no1 5 15 15 22 c1\n",
		"solution_info_couriers.txt":    "courier departure_time origin destination\nc1 11 0 r1\nc1 17 r1 o1\n",
	} {
		got, err := os.ReadFile(filepath.Join(out, "two", name))
		require.NoError(t, err)
		require.Equal(t, want, string(got), name)
	}
}

func TestOneInstanceIsAFolderToo(t *testing.T) {
	t.Parallel()
	data, out := t.TempDir(), t.TempDir()
	files := small()
	files["couriers.txt"] = "courier\tx\ty\ton_time\toff_time\nc1\t600\t0\t0\t10\n"
	write(t, data, files)
	results, err := play(t, data, out)
	require.NoError(t, err)
	require.InDelta(t, 100, results[0].Undelivered(), 1e-9)
	got, err := os.ReadFile(filepath.Join(out, "solution_info_orders.txt"))
	require.NoError(t, err)
	require.Contains(t, string(got), "o1 5 15 None None None\n")
}

func TestFaultyInstancesAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, text, want string }{
		{"unknown restaurant", "orders.txt", "order\tx\ty\tplacement_time\trestaurant\tready_time\no1\t0\t0\t5\tr9\t15\n", `line 2: column "restaurant" is not in restaurants.txt`},
		{"no number", "couriers.txt", "courier\tx\ty\ton_time\toff_time\nc1\there\t0\t0\t60\n", `couriers.txt line 2: column "x" is not a number`},
		{"missing column", "restaurants.txt", "restaurant\tx\nr1\t0\n", `restaurants.txt line 2: column "y" is missing`},
		{"no speed", "instance_parameters.txt", "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\n0\t4\t4\t40\n", "must be above 0"},
		{"an id twice", "couriers.txt", "courier\tx\ty\ton_time\toff_time\nr1\t0\t0\t0\t60\n", "the id r1 is used twice"},
		{"empty", "couriers.txt", "", "couriers.txt is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := small()
			files[c.file] = c.text
			write(t, dir, files)
			_, err := dispatchsim.Read(dir)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := play(t, t.TempDir(), t.TempDir())
	require.ErrorContains(t, err, "no instances in")
}
