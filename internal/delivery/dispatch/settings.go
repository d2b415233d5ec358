package dispatch

import "time"

// Settings are the knobs of the planner. Start from [DefaultSettings].
type Settings struct {
	PickupService time.Duration // half of it before an order changes hands at the restaurant, half after
	DropService   time.Duration // the same at the door
	Cadence       time.Duration // how long until the next decision at the latest: who can still wait so long is not sent yet
	Capacity      int           // order sizes on board, for drivers who have no capacity of their own; below 1 counts as 1
	MaxQueue      int           // orders in a driver's route; below 1 counts as 1
	ReadyRisk     float64       // 0 plans with the p50 of the ready time, 1 with the p90, in between what lies between

	DriveCost float64 // price of a second of driving, in seconds of click-to-door
	RouteCost float64 // price of giving work to a driver who has none, in seconds: prefers bundles when they cost little
	LateCost  float64 // additional price of a second after the due time
	FairCost  float64 // price per order that the driver has done beyond his share of the hours, in seconds; at most RouteCost in all
	LostCost  float64 // an order is rather left unassigned than at this price, in seconds

	// BundleLate is how much later than due an order may come because another one is carried with it; 0: no limit.
	BundleLate time.Duration

	TriesPerOrder float64 // effort of the search: tries per open order that comes later than it could,
	MinTries      int     // never fewer when there is one,
	MaxTries      int     // and never more
	Related       int     // orders taken out in one try, at most
	MatchDrivers  int     // drivers that an order is matched with, the nearest
	MatchPairs    int     // pairs of an order and a driver that are matched at once: the orders ready first when there are more
	Looks         int     // how often a driver's route is gone through for a place for an order; then orders come last in routes
	Seed          uint64

	Alternatives int // how many other drivers an instruction's reason names
	Reposition   Reposition
}

// Reposition says when drivers without work are moved.
type Reposition struct {
	Window    time.Duration // the orders of the last Window are expected to come again; 0: nobody is moved
	MinDrive  time.Duration // shorter moves are not worth it
	MinShift  time.Duration // nobody is moved who has less than this to go
	DriveCost float64       // price of a second of driving, in seconds that an expected order waits
	BusyCost  float64       // price of counting on a driver who is still busy, in seconds
	Most      int           // expected orders and drivers that are looked at: the effort grows with the third power
}

// DefaultSettings returns the settings of a region that has not set its own.
func DefaultSettings() Settings {
	return Settings{
		PickupService: 4 * time.Minute, DropService: 4 * time.Minute, Cadence: time.Minute,
		Capacity: 4, MaxQueue: 8, ReadyRisk: 0.3,
		DriveCost: 0.05, RouteCost: 60, FairCost: 20, LostCost: 5 * 3600,
		TriesPerOrder: 3, MinTries: 40, MaxTries: 100, Related: 7, MatchDrivers: 24, MatchPairs: 150_000,
		Looks: 200_000, Seed: 1, Alternatives: 3,
		Reposition: Reposition{
			Window: 30 * time.Minute, MinDrive: 3 * time.Minute, MinShift: 15 * time.Minute,
			DriveCost: 0.2, BusyCost: 60, Most: 150,
		},
	}
}
