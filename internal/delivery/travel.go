package delivery

import (
	"context"
	"time"

	"brigade/internal/delivery/dispatch"
)

// Speeds are metres as the crow flies in a second of riding, by local hour.
type Speeds [24]float64

// usualSpeed is that of a moped in town as long as nothing was learned: 16 km/h as the crow flies.
const usualSpeed = 4.5

// trustMetres is how much riding counts as much as what is usual everywhere.
const trustMetres = 20_000

// LearnedSpeed mixes what was measured with what is usual, so that a few rides say little.
func LearnedSpeed(metres, seconds float64) float64 {
	return (metres + trustMetres) / (seconds + trustMetres/usualSpeed)
}

// At returns the speed at an hour.
func (s *Speeds) At(hour int) float64 {
	if v := s[(hour%24+24)%24]; v > 0 {
		return v
	}
	return usualSpeed
}

// Roads tell how long ways take. Prepare is asked before a decision with the ways that it may need; what it returns is
// a plain function that never waits. crow is what the way takes as the crow flies; it stands in for what nobody knows.
type Roads interface {
	Prepare(ctx context.Context, ways []Way, crow func(from, to Point) time.Duration) func(from, to Point) time.Duration
}

// Way leads from one place to another.
type Way struct{ From, To Point }

// CrowFlies is Roads without any roads.
type CrowFlies struct{}

// Prepare implements Roads.
func (CrowFlies) Prepare(_ context.Context, _ []Way, crow func(from, to Point) time.Duration) func(from, to Point) time.Duration {
	return crow
}

// Crow is travel by the great circle at the hour's learned speed.
func (b *Board) Crow(now time.Time) func(from, to Point) time.Duration {
	speed := b.Speeds.At(now.In(b.Region.Zone).Hour())
	return func(from, to Point) time.Duration {
		return time.Duration(from.Metres(to) / speed * float64(time.Second))
	}
}

// ways are those that a decision will surely want: from drivers to restaurants, and from there to the doors.
func (b *Board) ways() []Way {
	var ways []Way
	for _, d := range b.Deliveries {
		switch {
		case d.Waits:
		case d.Status == PickedUp:
			if who := b.Driver(d.Driver); who != nil && who.Last != nil {
				ways = append(ways, Way{who.Last.Point, d.To})
			}
		default:
			ways = append(ways, Way{d.From, d.To})
		}
	}
	for _, who := range b.Drivers {
		if who.Last == nil || !who.AtWork() {
			continue
		}
		for _, at := range b.Outlets {
			ways = append(ways, Way{who.Last.Point, at})
		}
	}
	return ways
}

func planPoint(p Point) dispatch.Point { return dispatch.Point{X: p.Lon, Y: p.Lat} }

func placeOf(p dispatch.Point) Point { return Point{Lat: p.Y, Lon: p.X} }
