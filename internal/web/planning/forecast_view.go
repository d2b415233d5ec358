package planning

import (
	"cmp"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	plans "brigade/internal/planning"
	"brigade/internal/planning/holiday"
	"brigade/internal/tenant"
)

// holidaysOf are the public holidays of where an outlet is.
func holidaysOf(o tenant.Outlet, first, last plans.Day) []plans.Day {
	if o.Timezone == nil {
		return nil
	}
	return holiday.Between(holiday.CountryOf(o.Timezone.String()), first, last)
}

// forecastWish is what somebody wants to see.
type forecastWish struct {
	SKU    string // "": all together
	Search string
	Skip   int
	Base   string
}

// forecastView is the page as its template shows it. It is pure: a look in, what is to be seen out.
type forecastView struct {
	None         bool // no forecast is there yet
	NoSales      bool // and nothing to make it from
	SKU, Name    string
	Search       string
	Model, Why   string
	Wide, Narrow chart
	Days         []forecastDay
	Hours        []bar
	HourLabels   []string
	Products     []productRow
	Total        int // products that were found
	Prev, Next   string
	Figures      []figure
}

// figure is one of the numbers at the top.
type figure struct{ Name, Value, Note, Tone string }

// forecastDay is a day to come.
type forecastDay struct {
	Day              plans.Day
	Title, Date      string
	Expected         string
	Interval         string
	Made             string // by the models, when somebody made something else of it
	By, Reason       string
	Was              string // expected now, for taking an edit back
	Today, Free, Off bool
}

// productRow is a product of the list.
type productRow struct {
	SKU, Name, Path        string
	Spark                  spark
	Today, Range, Sold     string
	Tomorrow, Week, Recent string
	Edited, Here           bool
}

// series is what was and will be of one product, or of all together.
type series struct {
	sku, name    string
	actual       map[plans.Day]float64
	mean         map[plans.Day]float64 // or what somebody made of it
	low, high    map[plans.Day]float64
	by           map[plans.Day]plans.Forecast
	expectedWeek float64
}

func newSeries(sku, name string) *series {
	return &series{
		sku: sku, name: name, actual: map[plans.Day]float64{}, mean: map[plans.Day]float64{}, low: map[plans.Day]float64{},
		high: map[plans.Day]float64{}, by: map[plans.Day]plans.Forecast{},
	}
}

func newForecastView(l forecastLook, wish forecastWish, f format) (forecastView, error) {
	all, list := l.series()
	v := forecastView{None: len(l.Totals) == 0 && len(l.Ahead) == 0, NoSales: len(l.Sold) == 0, SKU: wish.SKU, Search: wish.Search}
	v.Figures = l.figures(all, f)
	shown := all
	if wish.SKU != "" {
		i := slices.IndexFunc(list, func(s *series) bool { return s.sku == wish.SKU })
		if i < 0 {
			return v, errs.NotFound("%s", f.say("planning.fault.product", wish.SKU))
		}
		shown = list[i]
	}
	v.Name = cmp.Or(shown.name, shown.sku)
	title := f.say("planning.chart.title", cmp.Or(v.Name, f.say("planning.forecast.all")))
	v.Wide = draw(title, l.points(shown, daysBack, f, 2), 1060, 280, f.Num)
	v.Narrow = draw(title, l.points(shown, 10, f, 3), 360, 220, f.Num)
	v.Days = l.days(shown, f)
	v.hours(l.hours(shown), f)
	if now, ok := shown.by[l.Today]; ok {
		v.Model, v.Why = now.Model, now.Why
	}
	v.list(list, wish, l.Today, f)
	return v, nil
}

// series sorts what was read by product, and all together.
func (l *forecastLook) series() (all *series, list []*series) {
	all = newSeries("", "")
	by := map[string]*series{}
	of := func(sku, name string) *series {
		if by[sku] == nil {
			by[sku] = newSeries(sku, name)
			list = append(list, by[sku])
		}
		by[sku].name = cmp.Or(by[sku].name, name)
		return by[sku]
	}
	for _, s := range l.Sold {
		of(s.SKU, s.Name).actual[s.Day] += s.Quantity
		all.actual[s.Day] += s.Quantity
	}
	for _, made := range [][]plans.Forecast{l.Past, l.Ahead} {
		for _, fc := range made {
			of(fc.SKU, fc.Name).add(fc)
		}
	}
	for _, t := range l.Totals {
		all.mean[t.Day] = t.Mean
		all.low[t.Day], all.high[t.Day] = between(t.Levels, t.Quantiles, t.Mean)
	}
	for _, s := range append(slices.Clone(list), all) {
		s.fill(l)
	}
	slices.SortFunc(list, func(a, b *series) int {
		return cmp.Or(cmp.Compare(b.expectedWeek, a.expectedWeek), strings.Compare(a.name, b.name))
	})
	return all, list
}

func (s *series) add(f plans.Forecast) {
	s.by[f.Day], s.mean[f.Day] = f, f.Expected()
	s.low[f.Day], s.high[f.Day] = between(f.Levels, f.Quantiles, f.Mean)
}

// fill sums up the week to come.
func (s *series) fill(l *forecastLook) {
	for d := l.Today; d < l.Today+7; d++ {
		s.expectedWeek += s.mean[d]
	}
}

// between are the tenth and the ninetieth percentile.
func between(levels, quantiles []float64, mean float64) (low, high float64) {
	low, high = mean, mean
	for i, l := range levels {
		if i >= len(quantiles) {
			break
		}
		switch math.Round(100 * l) {
		case 10:
			low = quantiles[i]
		case 90:
			high = quantiles[i]
		}
	}
	return low, high
}

func valueOr(m map[plans.Day]float64, d plans.Day) float64 {
	if v, ok := m[d]; ok {
		return v
	}
	return math.NaN()
}

// points are the days of a chart, with a label every so many days.
func (l *forecastLook) points(s *series, back int, f format, every int) []point {
	var list []point
	for d := l.Today - plans.Day(back); d < l.Today+daysAhead; d++ {
		p := point{
			Actual: valueOr(s.actual, d), Mean: valueOr(s.mean, d), Low: valueOr(s.low, d), High: valueOr(s.high, d),
			Weekend: d.Weekday() == time.Saturday || d.Weekday() == time.Sunday, Free: slices.Contains(l.Holidays, d), Today: d == l.Today,
		}
		if made, ok := s.by[d]; ok {
			p.Edited = !math.IsNaN(made.Edited) && d >= l.Today
		}
		if (int(d-l.Today)%every) == 0 && !p.Today {
			p.Label = strconv.Itoa(d.Time().Day())
			if d.Time().Day() <= every {
				p.Label = f.Date(d)
			}
		}
		if p.Today {
			p.Label = f.say("planning.today")
		}
		p.Title = l.titleOf(d, p, f)
		list = append(list, p)
	}
	return list
}

func (l *forecastLook) titleOf(d plans.Day, p point, f format) string {
	text := f.Day(d)
	if p.Free {
		text += " (" + f.say("planning.holiday") + ")"
	}
	if !math.IsNaN(p.Mean) {
		text += ": " + f.say("planning.chart.expected", f.Num(p.Mean), f.Num(p.Low), f.Num(p.High))
	}
	if !math.IsNaN(p.Actual) {
		key := "planning.chart.sold"
		if p.Today {
			key = "planning.chart.so_far"
		}
		text += "; " + f.say(key, f.Num(p.Actual))
	}
	return text
}

// days are the days to come.
func (l *forecastLook) days(s *series, f format) []forecastDay {
	var list []forecastDay
	for d := l.Today; d < l.Today+daysAhead; d++ {
		if _, ok := s.mean[d]; !ok {
			continue
		}
		row := forecastDay{
			Day: d, Title: f.Day(d), Date: d.String(), Expected: f.Num(s.mean[d]), Interval: f.Num(s.low[d]) + " – " + f.Num(s.high[d]), Today: d == l.Today,
			Free: slices.Contains(l.Holidays, d), Off: s.mean[d] == 0,
			Was: strconv.FormatFloat(math.Round(10*s.mean[d])/10, 'f', -1, 64),
		}
		if made, ok := s.by[d]; ok && !math.IsNaN(made.Edited) && math.Abs(made.Edited-made.Mean) >= 0.1 {
			row.Made, row.By, row.Reason = f.Num(made.Mean), made.EditedBy, made.Reason
		}
		list = append(list, row)
	}
	return list
}

// hours are today's, from midnight on; of all together the sums.
func (l *forecastLook) hours(s *series) []float64 {
	var sum []float64
	for _, f := range l.Ahead {
		if f.Day != l.Today || s.sku != "" && f.SKU != s.sku {
			continue
		}
		for i, v := range f.Hours {
			if i >= len(sum) {
				sum = append(sum, 0)
			}
			sum[i] += v
		}
	}
	return sum
}

func (v *forecastView) hours(values []float64, f format) {
	titles := make([]string, len(values))
	for i, x := range values {
		titles[i] = strconv.Itoa(i) + ":00 · " + f.Num(x)
	}
	v.Hours = columns(values, titles, 480, 90)
	for i := range values {
		if i%6 == 0 {
			v.HourLabels = append(v.HourLabels, strconv.Itoa(i))
		}
	}
}

func (v *forecastView) list(list []*series, wish forecastWish, today plans.Day, f format) {
	found := list
	if wish.Search != "" {
		want := strings.ToLower(wish.Search)
		found = nil
		for _, s := range list {
			if strings.Contains(strings.ToLower(s.name+" "+s.sku), want) {
				found = append(found, s)
			}
		}
	}
	v.Total = len(found)
	first := min(wish.Skip, len(found))
	last := min(first+productsPage, len(found))
	more := func(skip int) string {
		return wish.Base + "?" + url.Values{"q": {wish.Search}, "sku": {wish.SKU}, "skip": {strconv.Itoa(skip)}}.Encode()
	}
	if first > 0 {
		v.Prev = more(max(0, first-productsPage))
	}
	if last < len(found) {
		v.Next = more(last)
	}
	for _, s := range found[first:last] {
		row := s.row(today, f)
		row.Path, row.Here = wish.Base+"?sku="+url.QueryEscape(s.sku), s.sku == wish.SKU
		v.Products = append(v.Products, row)
	}
}

func (s *series) row(today plans.Day, f format) productRow {
	row := productRow{
		SKU: s.sku, Name: cmp.Or(s.name, s.sku), Today: f.Num(valueOr(s.mean, today)), Sold: f.Num(s.actual[today]), Tomorrow: f.Num(valueOr(s.mean, today+1)),
		Week: f.Num(s.expectedWeek), Recent: f.Percent(s.accuracy(today)),
	}
	if _, ok := s.low[today]; ok {
		row.Range = f.Num(s.low[today]) + " – " + f.Num(s.high[today])
	}
	var values []float64
	for d := today - 14; d < today+daysAhead; d++ {
		if d < today {
			values = append(values, s.actual[d])
		} else {
			values = append(values, valueOr(s.mean, d))
		}
		if made, ok := s.by[d]; ok && d >= today && !math.IsNaN(made.Edited) && math.Abs(made.Edited-made.Mean) >= 0.1 {
			row.Edited = true
		}
	}
	row.Spark = sparkOf(values, 14, f.say("planning.spark", row.Name))
	return row
}

// accuracy is 1 − WAPE over the days judged, not below 0; NaN when nothing was sold or forecast.
func (s *series) accuracy(today plans.Day) float64 {
	off, sold := 0.0, 0.0
	for d := today - daysJudged; d < today; d++ {
		if mean, ok := s.mean[d]; ok {
			off += math.Abs(mean - s.actual[d])
			sold += s.actual[d]
		}
	}
	if sold <= 0 {
		return math.NaN()
	}
	return max(0, 1-off/sold)
}

func (l *forecastLook) figures(all *series, f format) []figure {
	now, before := l.Accuracy.Overall, l.Accuracy.Before
	sold := 0.0
	for d := l.Today - 7; d < l.Today; d++ {
		sold += all.actual[d]
	}
	week := figure{f.say("planning.figure.week"), f.Num(all.expectedWeek), "", ""}
	if sold > 0 && all.expectedWeek > 0 {
		week.Note = f.say("planning.figure.against", f.Points(all.expectedWeek/sold-1)+" %")
	}
	accuracy := figure{f.say("planning.figure.accuracy"), f.Percent(now.Accuracy), "", ""}
	if p := f.Points(now.Accuracy - before.Accuracy); p != "" {
		accuracy.Note = f.say("planning.figure.points", p)
	}
	interval := ""
	if _, ok := all.low[l.Today]; ok {
		interval = f.Num(all.low[l.Today]) + " – " + f.Num(all.high[l.Today])
	}
	return []figure{
		{f.say("planning.figure.today"), f.Num(valueOr(all.mean, l.Today)), interval, ""},
		{f.say("planning.figure.sold"), f.Num(all.actual[l.Today]), "", ""},
		{f.say("planning.figure.tomorrow"), f.Num(valueOr(all.mean, l.Today+1)), f.Day(l.Today + 1), ""},
		week, accuracy,
		{f.say("planning.figure.bias"), f.Percent(now.Bias), f.say("planning.figure.coverage", f.Percent(now.Coverage)), ""},
	}
}
