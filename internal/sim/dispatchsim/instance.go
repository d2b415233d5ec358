package dispatchsim

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"brigade/internal/delivery/dispatch"
)

// Instance is one day of the Meal Delivery Routing Problem. Times are minutes from its midnight, places metres.
type Instance struct {
	Name        string
	Speed       float64 // metres per minute
	PickupMin   int     // minutes of service at the restaurant, half before an order changes hands and half after
	DropMin     int     // the same at the door
	TargetMin   int     // click-to-door as promised
	Orders      []Order
	Couriers    []Courier
	Restaurants []Restaurant
}

// Order is one order of an instance.
type Order struct {
	ID            string
	At            dispatch.Point
	Placed, Ready int
	Restaurant    int // index
}

// Courier is one shift of an instance.
type Courier struct {
	ID      string
	At      dispatch.Point // where the shift begins
	On, Off int            // nothing is collected after Off
}

// Restaurant is one pick-up place of an instance.
type Restaurant struct {
	ID string
	At dispatch.Point
}

// Minutes is the travel time in whole minutes, rounded up.
func (in *Instance) Minutes(a, b dispatch.Point) int {
	dx, dy := b.X-a.X, b.Y-a.Y
	return int(math.Ceil(math.Sqrt(float64(dx*dx)+float64(dy*dy)) / in.Speed))
}

// Between implements dispatch.Travel.
func (in *Instance) Between(a, b dispatch.Point) time.Duration {
	return time.Duration(in.Minutes(a, b)) * time.Minute
}

// Read reads the four tables of an instance folder. The error names the file, the line and the column.
func Read(dir string) (*Instance, error) {
	in := &Instance{Name: filepath.Base(filepath.Clean(dir))}
	restaurants := map[string]int{}
	for _, part := range []struct {
		name string
		row  func(*row)
	}{
		{"instance_parameters.txt", in.addParameters},
		{"restaurants.txt", func(r *row) {
			restaurants[r.text("restaurant")] = len(in.Restaurants)
			in.Restaurants = append(in.Restaurants, Restaurant{r.text("restaurant"), r.point()})
		}},
		{"couriers.txt", func(r *row) {
			in.Couriers = append(in.Couriers, Courier{r.text("courier"), r.point(), r.minute("on_time"), r.minute("off_time")})
		}},
		{"orders.txt", func(r *row) {
			at, ok := restaurants[r.text("restaurant")]
			if !ok {
				r.fail("restaurant", "is not in restaurants.txt")
			}
			in.Orders = append(in.Orders, Order{r.text("order"), r.point(), r.minute("placement_time"), r.minute("ready_time"), at})
		}},
	} {
		if err := readTable(filepath.Join(dir, part.name), part.row); err != nil {
			return nil, err
		}
	}
	return in, in.check(dir)
}

func (in *Instance) addParameters(r *row) {
	in.Speed = r.number("meters_per_minute")
	in.PickupMin, in.DropMin = r.minute("pickup service minutes"), r.minute("dropoff service minutes")
	in.TargetMin = r.minute("target click-to-door")
}

func (in *Instance) check(dir string) error {
	if !(in.Speed > 0) {
		return fmt.Errorf("%s: meters_per_minute must be above 0", dir)
	}
	seen := map[string]bool{}
	ids := make([]string, 0, len(in.Orders)+len(in.Couriers)+len(in.Restaurants))
	for _, o := range in.Orders {
		ids = append(ids, o.ID)
	}
	for _, c := range in.Couriers {
		ids = append(ids, c.ID)
	}
	for _, r := range in.Restaurants {
		ids = append(ids, r.ID)
	}
	for _, id := range ids {
		if seen[id] {
			return fmt.Errorf("%s: the id %s is used twice", dir, id)
		}
		seen[id] = true
	}
	return nil
}

// row is one line of a table; the first fault is kept.
type row struct {
	path   string
	line   int
	column map[string]int
	cells  []string
	err    error
}

func (r *row) fail(column, what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s line %d: column %q %s", r.path, r.line, column, what)
	}
}

func (r *row) text(column string) string {
	i, ok := r.column[column]
	if !ok || i >= len(r.cells) {
		r.fail(column, "is missing")
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

func (r *row) number(column string) float64 {
	v, err := strconv.ParseFloat(r.text(column), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		r.fail(column, "is not a number")
	}
	return v
}

func (r *row) minute(column string) int { return int(r.number(column)) }

func (r *row) point() dispatch.Point { return dispatch.Point{X: r.number("x"), Y: r.number("y")} }

// readTable calls add for every line of a tab-separated table with a heading.
func readTable(path string, add func(*row)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return scanTable(path, f, add)
}

func scanTable(path string, from io.Reader, add func(*row)) error {
	lines := bufio.NewScanner(from)
	r := row{path: path}
	for lines.Scan() {
		r.line++
		line := strings.TrimRight(lines.Text(), "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		r.cells = strings.Split(line, "\t")
		if r.column == nil {
			r.column = map[string]int{}
			for i, name := range r.cells {
				r.column[strings.TrimSpace(name)] = i
			}
			continue
		}
		if add(&r); r.err != nil {
			return r.err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if r.line == 0 {
		return fmt.Errorf("%s is empty", path)
	}
	return nil
}
