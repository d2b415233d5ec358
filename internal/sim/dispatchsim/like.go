package dispatchsim

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"brigade/internal/delivery/dispatch"
)

// Like makes another day of this one, by chance: in a town that is mirrored and stretched, with restaurants and doors
// elsewhere, other speeds and preparation times, and more or fewer orders and shifts, which are drawn from those of this
// day and moved in time. The same seed gives the same day. No rule can be tuned to such days.
func (in *Instance) Like(seed uint64) *Instance {
	name := fnv.New64a()
	_, _ = name.Write([]byte(in.Name))
	v := variation{r: rand.New(rand.NewPCG(seed, name.Sum64()))}
	between := func(low, high float64) float64 { return low + (high-low)*v.r.Float64() }
	v.x, v.y, v.prep = between(0.8, 1.2), between(0.8, 1.2), between(0.7, 1.4)
	v.mirror = v.r.IntN(2) == 0
	out := &Instance{
		Name: fmt.Sprintf("%s_%d", in.Name, seed), Speed: math.Round(in.Speed * between(0.75, 1.35)), PickupMin: in.PickupMin,
		DropMin: in.DropMin, TargetMin: in.TargetMin,
	}
	for i, r := range in.Restaurants {
		out.Restaurants = append(out.Restaurants, Restaurant{fmt.Sprint("r", i+1), v.near(r.At, 750)})
	}
	busy := between(0.8, 1.2)
	for i := range int(math.Ceil(busy * float64(len(in.Orders)))) {
		out.Orders = append(out.Orders, v.order(i, in.Orders[v.r.IntN(len(in.Orders))]))
	}
	crew := busy * between(0.9, 1.1)
	for i := range int(math.Ceil(crew * float64(len(in.Couriers)))) {
		out.Couriers = append(out.Couriers, v.courier(i, in.Couriers[v.r.IntN(len(in.Couriers))]))
	}
	return out
}

// variation is how one day differs from another.
type variation struct {
	r          *rand.Rand
	x, y, prep float64
	mirror     bool
}

// near is a place in the other town, within so many metres of where it would be.
func (v *variation) near(p dispatch.Point, metres float64) dispatch.Point {
	if v.mirror {
		p.X, p.Y = p.Y, p.X
	}
	blur := func() float64 { return metres * (2*v.r.Float64() - 1) }
	return dispatch.Point{X: math.Round(p.X*v.x + blur()), Y: math.Round(p.Y*v.y + blur())}
}

func (v *variation) order(i int, o Order) Order {
	placed := max(0, o.Placed+v.r.IntN(21)-10)
	takes := max(0, int(v.prep*float64(o.Ready-o.Placed))+v.r.IntN(5)-2)
	return Order{fmt.Sprint("o", i+1), v.near(o.At, 500), placed, placed + takes, o.Restaurant}
}

func (v *variation) courier(i int, c Courier) Courier {
	shift := v.r.IntN(31) - 15
	on := max(0, c.On+shift)
	return Courier{fmt.Sprint("c", i+1), v.near(c.At, 1500), on, max(on, c.Off+shift)}
}

// Write writes the instance's four tables into a folder, which it makes.
func (in *Instance) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // made to be read by other programs
		return err
	}
	for name, text := range in.tables() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}

// tables are the four tables as text. What nobody here reads, pay and the largest click-to-door, is what the published
// days have.
func (in *Instance) tables() map[string]string {
	var orders, couriers, restaurants strings.Builder
	orders.WriteString("order\tx\ty\tplacement_time\trestaurant\tready_time\n")
	for _, o := range in.Orders {
		fmt.Fprintf(&orders, "%s\t%g\t%g\t%d\t%s\t%d\n", o.ID, o.At.X, o.At.Y, o.Placed, in.Restaurants[o.Restaurant].ID, o.Ready)
	}
	couriers.WriteString("courier\tx\ty\ton_time\toff_time\n")
	for _, c := range in.Couriers {
		fmt.Fprintf(&couriers, "%s\t%g\t%g\t%d\t%d\n", c.ID, c.At.X, c.At.Y, c.On, c.Off)
	}
	restaurants.WriteString("restaurant\tx\ty\n")
	for _, r := range in.Restaurants {
		fmt.Fprintf(&restaurants, "%s\t%g\t%g\n", r.ID, r.At.X, r.At.Y)
	}
	return map[string]string{
		"orders.txt": orders.String(), "couriers.txt": couriers.String(), "restaurants.txt": restaurants.String(),
		"instance_parameters.txt": fmt.Sprintf("meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\t"+
			"maximum click-to-door\tpay per order\tguaranteed pay per hour\n%g\t%d\t%d\t%d\t90\t10\t15\n", in.Speed, in.PickupMin, in.DropMin, in.TargetMin),
	}
}

// Vary writes seeds days like each of those in the folder data into the folder out, the first one by seed first. It
// returns how many.
func Vary(data, out string, first uint64, seeds int) (int, error) {
	dirs, err := instances(data)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, dir := range dirs {
		in, err := Read(filepath.Join(data, dir))
		if err != nil {
			return n, err
		}
		if len(in.Orders) == 0 || len(in.Couriers) == 0 {
			return n, fmt.Errorf("%s has no orders or no couriers to draw from", in.Name)
		}
		for i := range seeds {
			day := in.Like(first + uint64(i))
			if err := day.Write(filepath.Join(out, day.Name)); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
