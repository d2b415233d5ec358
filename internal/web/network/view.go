package network

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/network"
)

// texter says texts in a language.
type texter func(key string, args ...any) string

// networkView is a network as its page shows it. It is pure: a picture in, what is to be seen out.
type networkView struct {
	Empty    bool // there is no outlet
	Figures  []figureView
	Days     chartView
	Map      mapView
	Table    tableView
	UnderWay underWayView
}

// figureView is one number with its trend.
type figureView struct {
	Name, Value string
	Trend       string // in words: "up 4.1 %"; "" = it cannot be said
	Class       string // good, bad or "" for neither
	Note        string
}

// tableView is a page of outlets compared.
type tableView struct {
	Rows          []rowView
	Columns       []columnView
	Count         int // that match what is searched for
	From, To      int
	Before, After string // the other pages; "" = there is none
	Search        string
}

type columnView struct {
	Name, Href string
	Sorted     string // ascending or descending, for the browser; "" = it is not sorted by this
}

type rowView struct {
	Rank                 int // 0: it cannot be said
	Name, Tenant, Href   string
	Central              bool
	Cells                []string
	Open, UnderWay, Late int
	Marks                []string // in words: "best revenue"
	Attention            string
}

// perPage is how many outlets a page of the table has.
const perPage = 25

func newView(p *network.Picture, places map[int64]delivery.Point, a asked, say texter) networkView {
	total := p.Total()
	v := networkView{Empty: len(p.Sites) == 0, Figures: figures(p, &total, say), Days: newChart(p.Days, p.Outlook, p.Parent.Currency, say)}
	ranks, err := p.Rank(a.Sort)
	if err != nil {
		return v // the metric was checked
	}
	v.Table = newTable(p, ranks, a, say)
	sites := make([]*network.SiteFigures, len(p.Sites))
	for i := range p.Sites {
		sites[i] = &p.Sites[i]
	}
	v.Map = newMap(sites, places, a, say)
	v.UnderWay = newUnderWay(p, &total)
	return v
}

// amount writes money in the currency's main unit.
func amount(minor int64, currency string) string {
	sign := ""
	if minor < 0 {
		sign, minor = "−", -minor
	}
	return fmt.Sprintf("%s%s.%02d %s", sign, thousands(minor/100), minor%100, currency)
}

// thousands writes a whole number in groups of three, divided by narrow spaces.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return sign + s
}

// percent writes a share; "–" when it cannot be said.
func percent(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	return strconv.FormatFloat(100*x, 'f', 1, 64) + " %"
}

// trend says how something moved; more is good, or bad.
func trend(x float64, moreIsGood bool, say texter) (words, class string) {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return "", ""
	case math.Abs(x) < 0.0005:
		return say("network.level"), ""
	case x > 0:
		return say("network.up", percent(x)), map[bool]string{true: "good", false: "bad"}[moreIsGood]
	}
	return say("network.down", percent(-x)), map[bool]string{true: "bad", false: "good"}[moreIsGood]
}

func figures(p *network.Picture, f *network.Figures, say texter) []figureView {
	revenue, rc := trend(f.Growth(), true, say)
	units, uc := trend(float64(f.Now.Milli-f.Before.Milli)/math.Max(1, float64(f.Before.Milli)), true, say)
	if f.Before.Milli == 0 {
		units, uc = "", ""
	}
	waste, wc := trend(-f.WasteReduction(), false, say)
	d := f.Deliveries
	list := []figureView{
		{Name: say("network.revenue"), Value: amount(f.Now.Revenue, p.Parent.Currency), Trend: revenue, Class: rc},
		{Name: say("network.units"), Value: thousands(f.Now.Milli / 1000), Trend: units, Class: uc},
		{Name: say("network.waste"), Value: percent(f.WasteShare()), Trend: waste, Class: wc, Note: amount(f.Waste.Cost(), p.Parent.Currency)},
		{Name: say("network.forecast"), Value: thousands(f.Expected() / 1000), Note: say("network.accuracy_is", percent(f.ForecastAccuracy()))},
		{Name: say("network.open"), Value: thousands(int64(f.Kitchen.Orders)), Note: say("network.to_make", thousands(f.Kitchen.ToMake))},
		{Name: say("network.under_way"), Value: thousands(int64(d.Open())), Note: say("network.late_of", d.Late)},
	}
	if d.Late > 0 {
		list[5].Class = "bad"
	}
	return list
}

// newTable is a page of the outlets in the order that is asked for.
func newTable(p *network.Picture, ranks []network.Ranked, a asked, say texter) tableView {
	list := slices.DeleteFunc(slices.Clone(ranks), func(r network.Ranked) bool { return !matches(r.SiteFigures, a.Search) })
	if a.Worst {
		list = worstFirst(list)
	}
	from := min((a.Page-1)*perPage, max(0, len(list)-1)/perPage*perPage)
	to := min(from+perPage, len(list))
	v := tableView{Count: len(list), From: from + 1, To: to, Search: a.Search, Columns: columns(a, say)}
	if from > 0 {
		v.Before = a.With("page", strconv.Itoa(from/perPage)) + "#outlets-title"
	}
	if to < len(list) {
		v.After = a.With("page", strconv.Itoa(from/perPage+2)) + "#outlets-title"
	}
	ends := newEnds(p)
	for _, r := range list[from:to] {
		v.Rows = append(v.Rows, newRow(p, r, ends, say))
	}
	return v
}

// matches tells whether an outlet is one that is searched for, by a part of its name or its tenant's.
func matches(s *network.SiteFigures, search string) bool {
	search = strings.ToLower(search)
	for _, name := range []string{s.Name, s.Slug, s.TenantName, s.TenantSlug} {
		if strings.Contains(strings.ToLower(name), search) {
			return true
		}
	}
	return false
}

// worstFirst turns a ranking round; those of which it cannot be said stay last.
func worstFirst(list []network.Ranked) []network.Ranked {
	known := slices.IndexFunc(list, func(r network.Ranked) bool { return r.Rank == 0 })
	if known < 0 {
		known = len(list)
	}
	slices.Reverse(list[:known])
	return list
}

// columns lead to the table sorted by them, and turned round.
func columns(a asked, say texter) (list []columnView) {
	for _, m := range network.Metrics {
		c := columnView{Name: say("network.metric_" + string(m)), Href: a.With("sort", string(m), "dir", "") + "#outlets-title"}
		falls := (m != network.ByWaste) != a.Worst // the best waste is the smallest
		if m == a.Sort {
			if c.Sorted = "ascending"; falls {
				c.Sorted = "descending"
			}
			if !a.Worst {
				c.Href = a.With("dir", "worst") + "#outlets-title"
			}
		}
		list = append(list, c)
	}
	return list
}

// ends are the best and the worst of each metric, as far as there is a difference.
type ends map[network.Metric][2]float64

func newEnds(p *network.Picture) ends {
	e := ends{}
	for _, m := range network.Metrics {
		low, high, n := math.Inf(1), math.Inf(-1), 0
		for i := range p.Sites {
			if x := m.Of(&p.Sites[i].Figures); !math.IsNaN(x) {
				low, high, n = min(low, x), max(high, x), n+1
			}
		}
		best, worst := high, low
		if m == network.ByWaste {
			best, worst = low, high
		}
		if n > 1 && low < high {
			e[m] = [2]float64{best, worst}
		}
	}
	return e
}

func (e ends) marks(f *network.Figures, say texter) (list []string) {
	for _, m := range network.Metrics {
		end, known := e[m]
		switch x := m.Of(f); {
		case !known:
		case x == end[0]:
			list = append(list, say("network.best", say("network.metric_"+string(m))))
		case x == end[1]:
			list = append(list, say("network.worst", say("network.metric_"+string(m))))
		}
	}
	return list
}

func newRow(p *network.Picture, r network.Ranked, e ends, say texter) rowView {
	f := &r.Figures
	v := rowView{
		Rank: r.Rank, Name: r.Name, Tenant: r.TenantName, Href: siteHref(r.SiteFigures), Central: r.Central,
		Open: f.Kitchen.Orders, UnderWay: f.Deliveries.Open(), Late: f.Deliveries.Late, Marks: e.marks(f, say),
	}
	for _, m := range network.Metrics {
		v.Cells = append(v.Cells, cellOf(m, f, p.Parent.Currency))
	}
	return v
}

// cellOf writes an outlet's value of a metric.
func cellOf(m network.Metric, f *network.Figures, currency string) string {
	switch m {
	case network.ByRevenue:
		return amount(f.Now.Revenue, currency)
	case network.ByUnits:
		return thousands(f.Now.Milli / 1000)
	case network.ByForecast:
		return thousands(f.Expected() / 1000)
	case network.ByGrowth:
		if x := f.Growth(); x > 0 {
			return "+" + percent(x)
		}
	default:
	}
	return percent(m.Of(f))
}

// underWayView is what drivers and suppliers carry now.
type underWayView struct {
	Waiting, Fetched, Aboard, Late, Escalated int
	Shipments, Overdue                        int
	Routes                                    []routeView
	More                                      int // routes that are not shown
}

type routeView struct {
	Driver, Vehicle, Region, Outlets, Last string
	Stops, Aboard                          int
}

// routesShown is how many routes are listed.
const routesShown = 12

func newUnderWay(p *network.Picture, f *network.Figures) underWayView {
	d := f.Deliveries
	v := underWayView{
		Waiting: d.Waiting, Fetched: d.Assigned, Aboard: d.PickedUp, Late: d.Late, Escalated: d.Escalated, Shipments: f.Shipments, Overdue: f.Overdue,
		More: max(0, len(p.Routes)-routesShown),
	}
	for _, r := range p.Routes[:min(routesShown, len(p.Routes))] {
		var from []string
		for _, id := range r.Outlets[:min(3, len(r.Outlets))] {
			if s, ok := p.Site(id); ok {
				from = append(from, s.Name)
			}
		}
		x := routeView{Driver: r.Name, Vehicle: r.Vehicle, Region: r.Region, Outlets: strings.Join(from, ", "), Stops: r.Stops, Aboard: r.OnBoard, Last: "–"}
		if r.Last != nil {
			x.Last = r.Last.In(p.Parent.Zone).Format("15:04")
		}
		v.Routes = append(v.Routes, x)
	}
	return v
}

// outletView is one outlet by itself.
type outletView struct {
	Name, Tenant string
	Central      bool
	Own          bool // it is of the visitor's own tenant, so that its kitchen can be opened
	Slug         string
	Figures      []figureView
	Ranks        []rankView
	Days         chartView
	Products     []productView
	MoreProducts int
}

type rankView struct{ Metric, Value, Rank string }

type productView struct{ Name, Units, Revenue, Change, Expected string }

// productsShown is how many products of an outlet are listed.
const productsShown = 40

func newOutletView(p *network.Picture, s *network.SiteFigures, d network.Detail, say texter, own bool) outletView {
	v := outletView{
		Name: s.Name, Tenant: s.TenantName, Central: s.Central, Own: own, Slug: s.Slug, Figures: figures(p, &s.Figures, say),
		Days: newChart(d.Days, outlookOf(p, &s.Figures), p.Parent.Currency, say), MoreProducts: max(0, len(d.Products)-productsShown),
	}
	for _, m := range network.Metrics {
		r := rankView{say("network.metric_" + string(m)), cellOf(m, &s.Figures, p.Parent.Currency), "–"}
		if rank, of := rankOf(p, m, s); rank > 0 {
			r.Rank = say("network.rank_of", rank, of)
		}
		v.Ranks = append(v.Ranks, r)
	}
	for _, x := range d.Products[:min(productsShown, len(d.Products))] {
		row := productView{x.Name, thousands(x.Milli / 1000), amount(x.Revenue, p.Parent.Currency), "–", thousands(x.Expected / 1000)}
		if x.Before > 0 {
			row.Change, _ = trend(float64(x.Milli-x.Before)/float64(x.Before), true, say)
		}
		v.Products = append(v.Products, row)
	}
	return v
}

// rankOf is an outlet's place by a metric, among how many.
func rankOf(p *network.Picture, m network.Metric, s *network.SiteFigures) (rank, of int) {
	mine := m.Of(&s.Figures)
	if math.IsNaN(mine) {
		return 0, 0
	}
	rank = 1
	for i := range p.Sites {
		x := m.Of(&p.Sites[i].Figures)
		if math.IsNaN(x) {
			continue
		}
		of++
		if m == network.ByWaste && x < mine || m != network.ByWaste && x > mine {
			rank++
		}
	}
	return rank, of
}

// outlookOf is what is expected of one outlet.
func outlookOf(p *network.Picture, f *network.Figures) (list []network.Outlook) {
	for i, milli := range f.Forecast {
		list = append(list, network.Outlook{Day: p.Window.Today.AddDate(0, 0, i), Milli: milli, Low: math.NaN(), High: math.NaN()})
	}
	return list
}

// chartView is sales by day and what is expected, as bars.
type chartView struct {
	Bars   []dayBar
	Marks  []axisMark
	Said   string
	Empty  bool
	Ranges bool // the forecast has intervals
}

type dayBar struct {
	X, W, Y, H string // percent
	Kind       string // sold or expected
	Text       string
	Low, High  string // of the interval, percent; "" = none
	Mid        string
}

type axisMark struct{ X, Text string }

// newChart draws units by day. Sold days come first, then those that are expected.
func newChart(days []network.DaySales, ahead []network.Outlook, currency string, say texter) chartView {
	type column struct {
		day       time.Time
		units     float64
		low, high float64
		text      string
		kind      string
	}
	var list []column
	for _, d := range days {
		text := say("network.sold_on", d.Day.Format("02.01."), thousands(d.Milli/1000), amount(d.Revenue, currency))
		list = append(list, column{d.Day, float64(d.Milli) / 1000, math.NaN(), math.NaN(), text, "sold"})
	}
	top := 1.0
	for _, o := range ahead {
		if n := len(list); n > 0 && !o.Day.After(list[n-1].day) && list[n-1].kind == "sold" {
			list = list[:n-1] // of today it is shown what is expected
		}
		text := say("network.expected_on", o.Day.Format("02.01."), thousands(o.Milli/1000))
		list = append(list, column{o.Day, float64(o.Milli) / 1000, o.Low, o.High, text, "expected"})
	}
	for _, c := range list {
		top = max(top, c.units)
		if !math.IsNaN(c.high) {
			top = max(top, c.high)
		}
	}
	v := chartView{Empty: top <= 1}
	each := 100 / math.Max(1, float64(len(list)))
	pct := func(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) + "%" }
	for i, c := range list {
		h := 88 * c.units / top
		b := dayBar{X: pct(float64(i) * each), W: pct(each * 0.8), Y: pct(88 - h), H: pct(h), Kind: c.kind, Text: c.text, Mid: pct((float64(i) + 0.4) * each)}
		if !math.IsNaN(c.low) && !math.IsNaN(c.high) {
			b.Low, b.High, v.Ranges = pct(88-88*c.low/top), pct(88-88*c.high/top), true
			b.Text += fmt.Sprintf(" (%s–%s)", thousands(int64(c.low)), thousands(int64(c.high)))
		}
		v.Bars = append(v.Bars, b)
		if i%max(1, (len(list)+5)/6) == 0 {
			v.Marks = append(v.Marks, axisMark{b.X, c.day.Format("02.01.")})
		}
	}
	v.Said = say("network.chart_says", len(days), len(ahead))
	return v
}
