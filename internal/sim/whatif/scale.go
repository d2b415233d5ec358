package whatif

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/sim/replay"
)

// Of the orders there may be up to so many percent fewer or more.
const (
	mostFewer = -90
	mostMore  = 300
)

// percent reads "+20%". Errors: KindInvalid.
func (c Change) percent() (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(c.Name, "%"))
	if err != nil || !strings.HasSuffix(c.Name, "%") || n == 0 || n < mostFewer || n > mostMore {
		return 0, errs.Invalid("%q: after orders comes how many more or fewer, from %d%% to +%d%%, such as +20%%", c.Text, mostFewer, mostMore)
	}
	return n, nil
}

// scale lets more orders come, like others of the evening up to ten minutes earlier or later, or leaves some out; both
// spread evenly over it. The same evening and change give the same orders.
func (c Change) scale(e *replay.Evening) error {
	percent, err := c.percent()
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(uint64(len(e.Orders)), 0x6f7264657273))
	var orders []replay.Order
	owed := 0 // percent of an order
	for _, o := range e.Orders {
		if owed += percent; owed <= -100 {
			owed += 100
			continue
		}
		orders = append(orders, o)
		for ; owed >= 100; owed -= 100 {
			orders = append(orders, another(o, e.Begin, r))
		}
	}
	slices.SortStableFunc(orders, func(a, b replay.Order) int { return a.At.Compare(b.At) })
	e.Orders = orders
	return nil
}

// another is an order like one that came, at about the same time.
func another(o replay.Order, begin time.Time, r *rand.Rand) replay.Order {
	shift := time.Duration((r.Float64()*2 - 1) * float64(10*time.Minute)).Truncate(time.Microsecond)
	if o.At.Add(shift).Before(begin) {
		shift = -shift
	}
	o.Number, o.At = o.Number+"+", o.At.Add(shift)
	if !o.Due.IsZero() {
		o.Due = o.Due.Add(shift)
	}
	o.Units = slices.Clone(o.Units)
	for i := range o.Units {
		o.Units[i].Steps = slices.Clone(o.Units[i].Steps)
	}
	return o
}
