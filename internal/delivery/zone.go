package delivery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"brigade/internal/errs"
	"brigade/internal/money"
)

// Zone is a part of town that an outlet delivers to, and at what price.
type Zone struct {
	Outlet        int64
	Name          string // unique in its outlet
	Area          Area
	Fee           money.Amount
	Minimum       money.Amount  // what an order must come to, without the fee; 0: anything
	FreeFrom      money.Amount  // from there on there is no fee; 0: never free
	Extra         time.Duration // promised on top of the estimate
	Opens, Closes time.Duration // local, since midnight; the same: always. An end before the beginning is next day
	Pause         *ZonePause    // nil: it is not paused
}

// ZonePause says that nothing is delivered to a zone for a while. Orders that are in are still brought.
type ZonePause struct {
	At, Until time.Time // no until: until further notice
	Reason    string
	By        string
}

// Paused tells whether the zone takes nothing for a time.
func (z *Zone) Paused(at time.Time) bool {
	return z.Pause != nil && (z.Pause.Until.IsZero() || z.Pause.Until.After(at))
}

// Active tells whether the zone is delivered to at a time of an outlet's day.
func (z *Zone) Active(local time.Time) bool {
	if z.Opens == z.Closes {
		return true
	}
	h, m, s := local.Clock()
	t := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	if z.Opens < z.Closes {
		return t >= z.Opens && t < z.Closes
	}
	return t >= z.Opens || t < z.Closes
}

// FeeOf is what carrying an order costs that comes to a sum.
func (z *Zone) FeeOf(sum money.Amount) money.Amount {
	if z.FreeFrom > 0 && sum >= z.FreeFrom {
		return 0
	}
	return z.Fee
}

// Limits of zones.
const (
	mostZones     = 200
	longestZone   = 60 // characters of a name
	longestExtra  = 4 * time.Hour
	dearestZone   = money.Amount(1_000_000)
	longestReason = 500
)

// CheckZones names everything that is wrong with the zones of an outlet; path is what the client calls the list.
// Errors: KindInvalid.
func CheckZones(zones []Zone, path string) error {
	var f errs.Fields
	if len(zones) > mostZones {
		f.Add(path, "must be at most %d", mostZones)
		return f.Err()
	}
	for i := range zones {
		z := &zones[i]
		at := fmt.Sprintf("%s[%d]", path, i)
		z.check(&f, at)
		if slices.ContainsFunc(zones[:i], func(o Zone) bool { return strings.EqualFold(o.Name, z.Name) }) {
			f.Add(at+".name", "%q is there twice", z.Name)
		}
	}
	return f.Err()
}

func (z *Zone) check(f *errs.Fields, at string) {
	if n := utf8.RuneCountInString(z.Name); n < 1 || n > longestZone || strings.TrimSpace(z.Name) != z.Name || strings.ContainsAny(z.Name, "/\x00\n") {
		f.Add(at+".name", "must be 1 to %d characters without slashes and without spaces around them", longestZone)
	}
	for _, m := range []struct {
		field string
		sum   money.Amount
	}{{"fee", z.Fee}, {"minimum", z.Minimum}, {"free_from", z.FreeFrom}} {
		if m.sum < 0 || m.sum > dearestZone {
			f.Add(at+"."+m.field, "must be 0 to %s", dearestZone)
		}
	}
	if z.FreeFrom > 0 && z.FreeFrom < z.Minimum {
		f.Add(at+".free_from", "must not be below the minimum")
	}
	if z.Extra < 0 || z.Extra > longestExtra || z.Extra%time.Second != 0 {
		f.Add(at+".extra_minutes", "must be 0 to %.0f", longestExtra.Minutes())
	}
	if err := z.Area.Check(); err != nil {
		f.Add(at+".geometry", "%s", err)
	}
}

// Reach is how far an outlet delivers beside its zones.
type Reach struct {
	Site        *Point  // where the outlet stands; nil: nobody knows
	Radius      float64 // metres, while it has no zones; 0: everywhere
	TakeUnknown bool    // addresses that nobody can place are taken
}

// Atlas is where an outlet delivers.
type Atlas struct {
	Reach
	Zones []Zone
}

// Limited tells whether it matters where an order goes.
func (a *Atlas) Limited() bool { return len(a.Zones) > 0 || a.Radius > 0 }

// Find returns the zone of a place: of those that are delivered to at that time of the outlet's day, the smallest that has it;
// nil when none has. A paused one is found too: whoever pauses the centre does not want it served as the outskirts.
func (a *Atlas) Find(p Point, local time.Time) *Zone {
	var found []*Zone
	for i := range a.Zones {
		if z := &a.Zones[i]; z.Active(local) && z.Area.Has(p) {
			found = append(found, z)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return slices.MinFunc(found, func(x, y *Zone) int {
		return cmp.Or(cmp.Compare(x.Area.SquareMetres(), y.Area.SquareMetres()), cmp.Compare(x.Name, y.Name))
	})
}

// Carriage is what carrying an order means: where it goes, what that costs, and whether it is done.
type Carriage struct {
	Zone     string // "": the outlet has none, or nobody knows
	Fee      money.Amount
	Minimum  money.Amount
	FreeFrom money.Amount
	Extra    time.Duration
	Refusal  error // why an order of that sum is not taken just now; nil: it is
}

// Carry tells what carrying an order means that comes to a sum; door is nil when nobody knows where it is, local is when it
// is wanted, in the outlet's time. Errors: KindInvalid when it goes where nothing is delivered.
func (a *Atlas) Carry(door *Point, sum money.Amount, local time.Time) (Carriage, error) {
	var f errs.Fields
	switch {
	case !a.Limited():
		return Carriage{}, nil
	case door == nil && a.TakeUnknown:
		return Carriage{}, nil
	case door == nil:
		f.Add("delivery_location", "must be given: nobody knows where the address is")
		return Carriage{}, f.Err()
	case len(a.Zones) == 0:
		return Carriage{}, a.inReach(*door)
	}
	z := a.Find(*door, local)
	if z == nil {
		f.Add("delivery_address", "is outside of every zone that is delivered to%s", a.sleeping(*door, local))
		return Carriage{}, f.Err()
	}
	c := Carriage{Zone: z.Name, Fee: z.FeeOf(sum), Minimum: z.Minimum, FreeFrom: z.FreeFrom, Extra: z.Extra}
	c.Refusal = z.refusal(sum, local)
	return c, nil
}

func (a *Atlas) inReach(door Point) error {
	if a.Site == nil || a.Site.Metres(door) <= a.Radius {
		return nil
	}
	var f errs.Fields
	f.Add("delivery_address", "is %.1f km away: orders are delivered within %.1f km", a.Site.Metres(door)/1000, a.Radius/1000)
	return f.Err()
}

// sleeping says which zones would have a place at another time of day.
func (a *Atlas) sleeping(p Point, local time.Time) errs.Text {
	for i := range a.Zones {
		if z := &a.Zones[i]; !z.Active(local) && z.Area.Has(p) {
			return errs.Textf(" at %s: %s is from %s to %s", local.Format("15:04"), z.Name, clockOf(z.Opens), clockOf(z.Closes))
		}
	}
	return errs.Text{}
}

func clockOf(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d/time.Minute)%60)
}

// refusal is why a zone does not take an order of a sum. A pause that ends says when.
func (z *Zone) refusal(sum money.Amount, at time.Time) error {
	if z.Paused(at) {
		text := errs.Textf("zone %s is paused", z.Name)
		if !z.Pause.Until.IsZero() {
			text = errs.Textf("zone %s is paused until %s", z.Name, z.Pause.Until.UTC().Format(time.RFC3339))
		}
		if z.Pause.Reason != "" {
			text = errs.Textf("%s: %s", text, z.Pause.Reason)
		}
		err := errs.Conflict("%s", text)
		err.Earliest = z.Pause.Until
		return err
	}
	if sum < z.Minimum {
		var f errs.Fields
		f.Add("items", "come to %s: zone %s is delivered to from %s on", sum, z.Name, z.Minimum)
		return f.Err()
	}
	return nil
}
