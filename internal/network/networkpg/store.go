// Package networkpg keeps networks in Postgres and reads their figures, set-based: a picture costs the same number of
// statements whatever the number of outlets.
package networkpg

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/network"
	"brigade/internal/network/networkpg/db"
	"brigade/internal/store"
)

// Store implements network.Store.
type Store struct {
	pool *pgxpool.Pool
}

var _ network.Store = (*Store)(nil)

// New returns a store on a pool.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Parent implements network.Store.
func (s *Store) Parent(ctx context.Context, tenant int64) (network.Parent, error) {
	q := db.New(s.pool)
	r, err := q.Tenant(ctx, tenant)
	if errors.Is(err, pgx.ErrNoRows) {
		return network.Parent{}, errs.NotFound("there is no such tenant")
	}
	if err != nil {
		return network.Parent{}, store.Classify(err)
	}
	zone, err := time.LoadLocation(r.Timezone)
	if err != nil {
		return network.Parent{}, err
	}
	n, err := q.MemberCounts(ctx, tenant)
	return network.Parent{
		ID: r.ID, Slug: r.Slug, Name: r.Name, Tier: r.Tier, Active: r.Status == "active", Zone: zone, Currency: r.Currency,
		Members: int(n.Members), Inactive: int(n.Inactive),
	}, store.Classify(err)
}

// Draw implements network.Store.
func (s *Store) Draw(ctx context.Context, parent network.Parent, w network.Window) (network.Picture, error) {
	p := network.Picture{Parent: parent, Window: w, Days: []network.DaySales{}}
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return p, store.Classify(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, "set local work_mem = '128MB'"); err != nil { // ten thousand outlets are summed without a file
		return p, store.Classify(err)
	}
	d := &drawer{ctx: ctx, q: db.New(tx), w: w, p: &p, place: map[int64]int{}}
	for _, draw := range []func() error{
		d.sites, d.sales, d.waste, d.kitchens, d.forecasts, d.outlook, d.accuracy, d.deliveries, d.routes, d.shipments,
		d.made, d.transfers,
	} {
		if err := draw(); err != nil {
			return p, store.Classify(err)
		}
	}
	return p, nil
}

// drawer fills in one picture.
type drawer struct {
	ctx     context.Context //nolint:containedctx // of the one call that it lives for
	q       *db.Queries
	w       network.Window
	p       *network.Picture
	place   map[int64]int // of an outlet among the sites
	tenants []int64
	outlets []int64
}

// at returns an outlet's figures; of an outlet that is not in the picture, figures that nobody sees.
func (d *drawer) at(outlet int64) *network.SiteFigures {
	if i, ok := d.place[outlet]; ok {
		return &d.p.Sites[i]
	}
	return &network.SiteFigures{Figures: network.Figures{Forecast: make([]int64, d.w.Ahead)}}
}

func (d *drawer) sites() error {
	rows, err := d.q.Sites(d.ctx, d.p.Parent.ID)
	for _, r := range rows {
		d.place[r.ID] = len(d.p.Sites)
		d.outlets = append(d.outlets, r.ID)
		if n := len(d.tenants); n == 0 || d.tenants[n-1] != r.TenantID {
			d.tenants = append(d.tenants, r.TenantID)
		}
		d.p.Sites = append(d.p.Sites, network.SiteFigures{
			Site: network.Site{
				Outlet: r.ID, Tenant: r.TenantID, Slug: r.Slug, Name: r.Name, TenantSlug: r.TenantSlug, TenantName: r.TenantName,
				Timezone: r.Timezone, Central: r.Central,
			},
			Figures: network.Figures{Forecast: make([]int64, d.w.Ahead)},
		})
	}
	return err
}

func (d *drawer) sales() error {
	rows, err := d.q.SalesOfNetwork(d.ctx, db.SalesOfNetworkParams{
		Before: d.w.Before, First: d.w.First, Last: d.w.Last, Today: d.w.Today, Tenants: d.tenants,
	})
	for _, r := range rows {
		if r.OutletID != 0 {
			f := d.at(r.OutletID)
			*[]*network.Sales{&f.Before, &f.Now, &f.Today}[r.Part] = network.Sales{Milli: r.QuantityMilli, Revenue: r.RevenueMinor, Days: int(r.Number)}
		} else if !r.Day.Before(d.w.First) {
			d.p.Days = append(d.p.Days, network.DaySales{Day: r.Day, Milli: r.QuantityMilli, Revenue: r.RevenueMinor, Outlets: int(r.Number)})
		}
	}
	return err
}

func daySales(ctx context.Context, q *db.Queries, w network.Window, tenants []int64, outlet int64) ([]network.DaySales, error) {
	rows, err := q.SalesByDay(ctx, db.SalesByDayParams{First: w.First, Today: w.Today, Tenants: tenants, Outlet: outlet})
	list := make([]network.DaySales, len(rows))
	for i, r := range rows {
		list[i] = network.DaySales{Day: r.Day, Milli: r.QuantityMilli, Revenue: r.RevenueMinor, Outlets: int(r.Outlets)}
	}
	return list, err
}

// wasteOf is the waste of the window, or of the days before it.
func (d *drawer) wasteOf(outlet int64, current bool) *network.Waste {
	f := d.at(outlet)
	if current {
		return &f.Waste
	}
	return &f.WasteBefore
}

func (d *drawer) waste() error {
	food, err := d.q.WasteBySite(d.ctx, db.WasteBySiteParams{Before: d.w.Before, First: d.w.First, Last: d.w.Last, Tenants: d.tenants})
	if err != nil {
		return err
	}
	for _, r := range food {
		w := d.wasteOf(r.OutletID, r.Current)
		w.Units, w.Food = int(r.Units), r.CostMinor
	}
	since, until := d.instants(d.w.Before, d.w.Last)
	stock, err := d.q.StockWasteBySite(d.ctx, db.StockWasteBySiteParams{
		Before: d.w.Before, First: d.w.First, Last: d.w.Last, Since: since, Until: until, Tenants: d.tenants,
	})
	for _, r := range stock {
		w := d.wasteOf(r.OutletID, r.Current)
		w.Stock, w.Unpriced = r.CostMinor, int(r.Unpriced)
	}
	return err
}

// instants are moments around days in whatever zone.
func (d *drawer) instants(first, last time.Time) (since, until time.Time) {
	return first.AddDate(0, 0, -1), last.AddDate(0, 0, 2)
}

func (d *drawer) kitchens() error {
	rows, err := d.q.KitchenBySite(d.ctx, d.outlets)
	for _, r := range rows {
		d.at(r.OutletID).Kitchen = network.Kitchen{Orders: int(r.Orders), ToMake: r.ToMake, Made: r.Made}
	}
	return err
}

// number is a date as days since 1970.
func number(day time.Time) int32 { return int32(day.Unix() / (24 * 60 * 60)) }

func (d *drawer) forecasts() error {
	first := number(d.w.Today)
	rows, err := d.q.ForecastBySite(d.ctx, db.ForecastBySiteParams{First: first, Last: first + int32(d.w.Ahead) - 1, Tenants: d.tenants})
	for _, r := range rows {
		d.at(r.OutletID).Forecast[r.Day-first] = r.QuantityMilli
	}
	return err
}

// outlook sums the outlets' forecasts by day. What is between low and high of each tenant goes along with what his
// outlets are expected to sell by now; a tenant whose forecast was not made as a whole leaves the network's range unsaid.
func (d *drawer) outlook() error {
	first := number(d.w.Today)
	rows, err := d.q.RangeByTenant(d.ctx, db.RangeByTenantParams{First: first, Last: first + int32(d.w.Ahead) - 1, Tenants: d.tenants})
	if err != nil {
		return err
	}
	type cell struct {
		tenant int64
		day    int32
	}
	ranges := map[cell]db.RangeByTenantRow{}
	for _, r := range rows {
		ranges[cell{r.TenantID, r.Day}] = r
	}
	for i := range d.w.Ahead {
		byTenant, said := map[int64]int64{}, false
		o := network.Outlook{Day: d.w.Today.AddDate(0, 0, i)}
		for k := range d.p.Sites {
			s := &d.p.Sites[k]
			byTenant[s.Tenant] += s.Forecast[i]
			o.Milli += s.Forecast[i]
		}
		for tenant, milli := range byTenant {
			r, ok := ranges[cell{tenant, first + int32(i)}]
			switch {
			case ok && r.Mean > 0:
				said = true
				scale := float64(milli) / 1000 / float64(r.Mean)
				o.Low, o.High = o.Low+scale*float64(r.Low), o.High+scale*float64(r.High)
			case milli > 0:
				o.Low, o.High = math.NaN(), math.NaN()
			}
		}
		if !said {
			o.Low, o.High = math.NaN(), math.NaN()
		}
		d.p.Outlook = append(d.p.Outlook, o)
	}
	return nil
}

func (d *drawer) accuracy() error {
	rows, err := d.q.AccuracyBySite(d.ctx, db.AccuracyBySiteParams{First: d.w.First, Last: d.w.Last, Tenants: d.tenants})
	for _, r := range rows {
		d.at(r.OutletID).Accuracy = network.Accuracy{Compared: int(r.Compared), Off: r.Off, Actual: r.Actual}
	}
	return err
}

func (d *drawer) deliveries() error {
	rows, err := d.q.DeliveriesBySite(d.ctx, d.outlets)
	for _, r := range rows {
		f := &d.at(r.OutletID).Deliveries
		switch r.Status {
		case "assigned":
			f.Assigned += int(r.N)
		case "picked_up":
			f.PickedUp += int(r.N)
		default:
			f.Waiting += int(r.N)
		}
		f.Late, f.Escalated = f.Late+int(r.Late), f.Escalated+int(r.Escalated)
	}
	return err
}

func (d *drawer) routes() error {
	rows, err := d.q.Routes(d.ctx, d.tenants)
	for _, r := range rows {
		d.p.Routes = append(d.p.Routes, network.Route{
			Driver: r.ID, Tenant: r.TenantID, Name: r.Name, Vehicle: r.Vehicle, Region: r.Region, Stops: int(r.Stops), OnBoard: int(r.OnBoard),
			Next: known(r.NextAt), Last: known(r.LastAt), Outlets: r.Outlets,
		})
	}
	return err
}

// known is a time that a query gave; the epoch stands for none.
func known(t time.Time) *time.Time {
	if t.Unix() == 0 {
		return nil
	}
	return &t
}

func (d *drawer) shipments() error {
	counts, err := d.q.ShipmentsBySite(d.ctx, db.ShipmentsBySiteParams{Today: d.w.Today, Outlets: d.outlets})
	if err != nil {
		return err
	}
	for _, r := range counts {
		f := d.at(r.OutletID)
		f.Shipments, f.Overdue = int(r.Shipments), int(r.Overdue)
	}
	rows, err := d.q.Shipments(d.ctx, d.outlets)
	for _, r := range rows {
		d.p.Shipments = append(d.p.Shipments, network.Shipment{
			Outlet: r.OutletID, Number: r.Number, Supplier: r.Supplier, Status: r.Status, On: r.DeliverOn, Value: r.ValueMinor,
		})
	}
	return err
}

func (d *drawer) made() error {
	since, until := d.instants(d.w.First, d.w.Today)
	rows, err := d.q.Made(d.ctx, db.MadeParams{First: d.w.First, Today: d.w.Today, Since: since, Until: until, Tenants: d.tenants})
	for _, r := range rows {
		d.p.Made = append(d.p.Made, network.Made{
			Outlet: r.OutletID, Code: r.Code, Name: r.Name, Unit: r.Unit, Milli: r.QuantityMilli, Times: int(r.Times), Today: r.TodayMilli,
		})
	}
	if err != nil {
		return err
	}
	return d.planned()
}

// planned adds what is to be made today to what was made.
func (d *drawer) planned() error {
	type key struct {
		outlet     int64
		code, unit string
	}
	at := map[key]int{}
	for i, m := range d.p.Made {
		at[key{m.Outlet, m.Code, m.Unit}] = i
	}
	rows, err := d.q.Planned(d.ctx, db.PlannedParams{Today: d.w.Today, Tenants: d.tenants})
	for _, r := range rows {
		i, ok := at[key{r.OutletID, r.Code, r.Unit}]
		if !ok {
			i = len(d.p.Made)
			d.p.Made = append(d.p.Made, network.Made{Outlet: r.OutletID, Code: r.Code, Name: r.Name, Unit: r.Unit})
		}
		d.p.Made[i].Planned = r.PlannedMilli
	}
	slices.SortStableFunc(d.p.Made, func(a, b network.Made) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Outlet, b.Outlet))
	})
	return err
}

func (d *drawer) transfers() error {
	since, until := d.instants(d.w.First, d.w.Today)
	rows, err := d.q.Transfers(d.ctx, db.TransfersParams{First: d.w.First, Today: d.w.Today, Since: since, Until: until, Tenants: d.tenants})
	for _, r := range rows {
		d.p.Transfers = append(d.p.Transfers, network.Transfer{
			Outlet: r.OutletID, Code: r.Code, Name: r.Name, Unit: r.Unit, In: r.InMilli, Out: r.OutMilli,
		})
	}
	return err
}
