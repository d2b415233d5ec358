package kitchen_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
)

var tenAM = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func minute(n int) time.Time { return tenAM.Add(time.Duration(n) * time.Minute) }

// diary is a day of a kitchen with one station of two slots, and of Asha and Noah, who comes half an hour later.
func diary() *kitchen.Diary {
	l := (&kitchen.Layout{
		Location: time.UTC, Stations: []sched.Station{{ID: 1, Name: "griller", Capacity: 2}},
		People: []kitchen.Person{
			{ID: 1, Name: "Asha", Active: true},
			{ID: 2, Name: "Noah", Active: true, Hours: sched.Hours{Shifts: []sched.Weekly{{Weekday: time.Monday, From: 10*60 + 30, To: 20 * 60}}}},
		},
	}).Index()
	return &kitchen.Diary{Since: minute(-360), Now: minute(60), Board: &kitchen.Board{Layout: l}, Work: []kitchen.Stint{
		{Station: 1, Staff: 1, From: minute(0), To: minute(20)},
		{Station: 1, Staff: 1, Load: 7, From: minute(10), To: minute(30)},
		{Station: 1, Staff: 1, Load: 7, From: minute(10), To: minute(30)},
		{Station: 1, Staff: 2, From: minute(45)},
	}}
}

func TestHowMuchWasUsed(t *testing.T) {
	t.Parallel()
	d := diary()
	require.Equal(t, tenAM, d.Begun())
	station := d.Stations(d.Begun(), d.Now)[1]
	require.Equal(t, 4, station.Tasks)
	require.InDelta(t, 55.0/60, station.Mean, 1e-9, "a load takes one slot")
	require.InDelta(t, 55.0/120, station.Share, 1e-9)
	people := d.People(d.Begun(), d.Now)
	require.InDelta(t, 0.5, people[1].Share, 1e-9, "what overlaps is counted once")
	require.InDelta(t, 1, people[1].Mean, 1e-9)
	require.Equal(t, 30*time.Minute, people[2].Time, "his shift has begun late")
	require.InDelta(t, 0.5, people[2].Share, 1e-9)
	require.Zero(t, d.People(minute(31), minute(40))[1].Share)
	require.True(t, math.IsNaN(d.People(minute(0), minute(10))[2].Share), "he is not there yet")
}

func TestHowPromisesWereKept(t *testing.T) {
	t.Parallel()
	d := diary()
	d.Orders = []kitchen.Served{
		{Number: "1", Placed: minute(0), P50: minute(10), P90: minute(15), Ready: minute(9)},
		{Number: "2", Placed: minute(5), P50: minute(10), P90: minute(15), Ready: minute(15)},
		{Number: "3", Placed: minute(61), P50: minute(70), P90: minute(75), Ready: minute(78)},
		{Number: "4", Placed: minute(20), P50: minute(30), P90: minute(40)},
		{Number: "5", Placed: minute(20), P50: minute(30), P90: minute(40), Due: minute(90)},
		{Number: "6", Placed: minute(20), Ready: minute(59)},
	}
	all, hours := d.Promises()
	require.Equal(t, kitchen.Kept{Orders: 3, ByP50: 1, ByP90: 2, Bias: 4 * time.Minute}, all)
	require.Len(t, hours, 2)
	require.Equal(t, kitchen.Kept{From: minute(60), Orders: 1, Bias: 8 * time.Minute}, hours[1])
	late := d.LateOrders()
	require.Len(t, late, 2, "one that is wanted later is in time, and one that was promised nothing")
	require.Equal(t, "4", late[0].Number)
	require.Equal(t, 20*time.Minute, late[0].Late(d.Now))
}

func TestADayBeginsAtFour(t *testing.T) {
	t.Parallel()
	madrid, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	for at, want := range map[string]string{
		"2026-03-02T02:59:00Z": "2026-03-01T04:00:00+01:00", "2026-03-02T03:00:00Z": "2026-03-02T04:00:00+01:00",
		"2026-03-29T23:30:00Z": "2026-03-29T04:00:00+02:00", // the clocks went forward
	} {
		now, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.Equal(t, want, kitchen.DayOf(now, madrid).Format(time.RFC3339), at)
	}
}
