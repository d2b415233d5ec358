package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/planning"
	"brigade/internal/planning/forecast"
)

const (
	tagHistory  = "Sales history"
	tagForecast = "Forecasts"
)

// Planning keeps what was sold and says what will be; *planning.Service.
type Planning interface {
	Report(ctx context.Context, who actor.Actor, source string, lines []planning.Line) (planning.Merged, error)
	Sold(ctx context.Context, who actor.Actor, q planning.Query) ([]planning.Sold, error)
	Rename(ctx context.Context, who actor.Actor, sku, now string) error
	Renames(ctx context.Context, who actor.Actor) ([]planning.Alias, error)
	Unrename(ctx context.Context, who actor.Actor, sku string) error

	Marks(ctx context.Context, who actor.Actor, q planning.Query) ([]planning.Mark, error)
	AddMarks(ctx context.Context, who actor.Actor, marks []planning.Mark) error
	DropMark(ctx context.Context, who actor.Actor, id int64) error
	Outlet(ctx context.Context, who actor.Actor, outlet int64) (planning.Outlet, error)
	PutOutlet(ctx context.Context, who actor.Actor, o planning.Outlet) error

	Request(ctx context.Context, who actor.Actor, outlet int64, day planning.Day, horizon int, again bool) (planning.Run, error)
	Run(ctx context.Context, who actor.Actor, id int64) (planning.Run, error)
	Runs(ctx context.Context, who actor.Actor, before int64, most int) ([]planning.Run, error)
	Current(ctx context.Context, who actor.Actor, q planning.Query) ([]planning.Forecast, error)
	Totals(ctx context.Context, who actor.Actor, level planning.Level, q planning.Query) ([]planning.TotalForecast, error)
	Edit(ctx context.Context, who actor.Actor, outlet int64, sku string, day planning.Day, quantity float64, reason string) (planning.Forecast, error)
	Today(ctx context.Context, who actor.Actor, outlet int64) ([]planning.Now, int, error)
	KeepToday(ctx context.Context, who actor.Actor, outlet int64) (planning.Run, error)

	ValidateNow(ctx context.Context, who actor.Actor, day planning.Day) ([]planning.Validation, error)
	Validations(ctx context.Context, who actor.Actor, before int64, most int) ([]planning.Validation, error)
	Metrics(ctx context.Context, who actor.Actor, id int64, level planning.Level, skip, most int) (planning.Validation, []planning.Metric, error)
	Accuracy(ctx context.Context, who actor.Actor, q planning.Query) (planning.Accuracy, error)
	RefitNow(ctx context.Context, who actor.Actor, outlet int64, sku string) ([]planning.Fitted, error)
	Models(ctx context.Context, who actor.Actor, q planning.Query) ([]planning.Fitted, error)
}

func (s *server) addPlanning() {
	s.addHistory()
	s.addCalendar()
	s.addForecasts()
	s.addAccuracy()
}

// planningRoute is a route of planning.
func planningRoute(method, path, id, tag, summary, description, request, response string) route {
	return route{
		method: method, path: "/api/v1" + path, view: ViewCanonical, id: id, tag: tag, summary: summary, description: description,
		request: request, response: response, errors: []int{http.StatusNotFound},
	}
}

// dayOr reads a day of a request; "" is another one. Errors: KindInvalid.
func dayOr(field, text string, other planning.Day) (planning.Day, error) {
	if text == "" {
		return other, nil
	}
	if err := checkDay(field, text); err != nil {
		return 0, err
	}
	return forecast.ParseDay(text)
}

// today is the day at an outlet, 0 is the caller's own.
func (s *server) today(ctx context.Context, who actor.Actor, outlet int64) (planning.Day, error) {
	o, err := s.Planning.Outlet(ctx, who, outlet)
	if errs.Is(err, errs.KindNotFound) && outlet == 0 {
		return forecast.DayIn(s.Clock.Now()), nil // the tenant has no default outlet
	}
	if err != nil {
		return 0, err
	}
	return o.Today(s.Clock.Now()), nil
}

// DaysParam is which days a list is about. It is exported for huma, as OutletParam.
type DaysParam struct {
	OutletParam
	SKU    string `query:"sku" doc:"Only this product" example:"wrap" maxLength:"200"`
	From   string `query:"from" doc:"The first day, YYYY-MM-DD, in the outlet's zone" example:"2024-12-16"`
	To     string `query:"to" doc:"The last day" example:"2024-12-22"`
	Limit  int    `query:"limit" minimum:"1" maximum:"5000" default:"500" doc:"Rows per page"`
	Offset int    `query:"offset" minimum:"0" maximum:"10000000" doc:"How many to leave out: next of the page before"`
}

// query turns the parameters into a query; days that are not given are so many from today.
func (s *server) query(ctx context.Context, who actor.Actor, p DaysParam, from, to int) (planning.Query, error) {
	q := planning.Query{SKU: p.SKU, Skip: p.Offset, Most: p.Limit}
	if err := clean("sku", p.SKU); err != nil {
		return q, err
	}
	var err error
	if q.Outlet, err = s.outlet(ctx, who, p.Outlet); err != nil {
		return q, err
	}
	today, err := s.today(ctx, who, q.Outlet)
	if err != nil {
		return q, err
	}
	if q.First, err = dayOr("from", p.From, today+planning.Day(from)); err != nil {
		return q, err
	}
	if q.Last, err = dayOr("to", p.To, max(today+planning.Day(to), q.First)); err != nil {
		return q, err
	}
	if q.Last-q.First > 3660 {
		var f errs.Fields
		f.Add("to", "must be within ten years of from")
		return q, f.Err()
	}
	return q, nil
}

// next is what to send as offset for the next page; nil when a page was not full.
func nextOf(q planning.Query, n int) *int {
	if n < q.Most {
		return nil
	}
	next := q.Skip + n
	return &next
}

// said is a number that can be said; null for others.
func said(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// outletNames are the slugs of the caller's outlets by id.
func (s *server) outletNames(ctx context.Context, who actor.Actor) (map[int64]string, error) {
	list, err := s.Tenants.ListOutlets(ctx, who.Tenant)
	names := make(map[int64]string, len(list))
	for _, o := range list {
		names[o.ID] = o.Slug
	}
	return names, err
}

type salesInput struct {
	Body struct {
		Source string      `json:"source" doc:"Who reports: the till, the point of sale. With a line's key it makes the line unique" example:"pos:till-1" minLength:"1" maxLength:"64"`
		Lines  []salesLine `json:"lines" minItems:"1" maxItems:"5000"`
	} `nameHint:"SalesReport"`
}

type salesLine struct {
	Outlet   string   `json:"outlet,omitempty" doc:"Slug or id; without it, the token's own or the default one" example:"kitchen" maxLength:"100"`
	SKU      string   `json:"sku" example:"wrap" minLength:"1" maxLength:"200"`
	Name     string   `json:"name,omitempty" example:"Wrap" maxLength:"200"`
	Date     string   `json:"date" doc:"The day, YYYY-MM-DD, or a time with its zone, which becomes the outlet's" example:"2024-12-16"`
	Hour     *int     `json:"hour,omitempty" doc:"That the clock showed; without it only the day is known" minimum:"0" maximum:"23" example:"12"`
	Quantity float64  `json:"quantity" doc:"Below 0: returned" example:"3"`
	Revenue  *float64 `json:"revenue,omitempty" doc:"Of all units, in the currency" example:"26.7"`
	SoldOut  bool     `json:"sold_out,omitempty" doc:"It ran out: demand may have been higher"`
	Key      string   `json:"key,omitempty" doc:"By which the source knows the line. Without one, the line is all that was sold of the product in that hour, or on that day" example:"receipt-17/2" maxLength:"200"`
}

type mergedOutput struct {
	Body struct {
		Lines     int `json:"lines" example:"1"`
		Added     int `json:"added" example:"1"`
		Changed   int `json:"changed" example:"0"`
		Unchanged int `json:"unchanged" doc:"Were known already" example:"0"`
	} `nameHint:"SalesTaken"`
}

func (s *server) addHistory() {
	add(s, planningRoute(http.MethodPost, "/sales", "report-sales", tagHistory, "Report sales",
		"For points of sale and other systems, as they happen or days later. A line whose source and key are known replaces what was "+
			"known, so repeating a report is fine. All lines are taken or none. What comes after its day was validated is found and "+
			"validated again.",
		`{"source":"pos:till-1","lines":[{"sku":"wrap","date":"2024-12-16","hour":12,"quantity":3,"revenue":26.7}]}`,
		`{"lines":1,"added":1,"changed":0,"unchanged":0}`), s.reportSales)
	add(s, planningRoute(http.MethodGet, "/sales", "list-sales", tagHistory, "What was sold",
		"By product, outlet and day, latest day first; the last 30 days unless from and to say otherwise. Renamed products are shown under "+
			"their present SKU. To get the next page, send `next` as `offset`.", "",
		`{"sales":[{"day":"2024-12-16","outlet":"kitchen","sku":"wrap","name":"Wrap","quantity":31,"revenue":275.9,"price":8.9,"sold_out":false}],"next":null}`), s.listSales)
	add(s, planningRoute(http.MethodGet, "/planning/aliases", "list-aliases", tagHistory, "Renamed products",
		"Which products are sold under another SKU since.", "",
		`[{"sku":"wrap_old","stands_for":"wrap","by":"ann","at":"2024-12-16T12:00:00Z"}]`), s.listAliases)
	add(s, planningRoute(http.MethodPut, "/planning/aliases/{sku}", "put-alias", tagHistory, "Rename a product",
		"What was sold as this SKU counts for another from now on, its history included. Repeating it is fine.", `{"stands_for":"wrap"}`,
		`{"sku":"wrap_old","stands_for":"wrap"}`), s.putAlias)
	add(s, planningRoute(http.MethodDelete, "/planning/aliases/{sku}", "delete-alias", tagHistory, "Take a rename back",
		"Its sales are its own again.", "", ""), s.dropAlias)
}

func (s *server) reportSales(ctx context.Context, who actor.Actor, in *salesInput) (*mergedOutput, error) {
	lines := make([]planning.Line, len(in.Body.Lines))
	zones, err := s.zones(ctx, who)
	if err != nil {
		return nil, err
	}
	var f errs.Fields
	for i := range in.Body.Lines {
		err := s.salesLine(ctx, who, zones, &in.Body.Lines[i], &lines[i])
		if fault, ok := errors.AsType[*errs.Error](err); ok && fault.Kind == errs.KindInvalid {
			f.Add("lines["+strconv.Itoa(i)+"]", "%s", fault.Public())
		} else if err != nil {
			return nil, err
		}
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	m, err := s.Planning.Report(ctx, who, in.Body.Source, lines)
	out := &mergedOutput{}
	out.Body.Lines, out.Body.Added, out.Body.Changed, out.Body.Unchanged = m.Lines, m.Added, m.Changed, m.Same
	return out, err
}

// zones are the time zones of the caller's outlets.
func (s *server) zones(ctx context.Context, who actor.Actor) (map[int64]*time.Location, error) {
	list, err := s.Tenants.ListOutlets(ctx, who.Tenant)
	zones := make(map[int64]*time.Location, len(list))
	for _, o := range list {
		zones[o.ID] = o.Timezone
	}
	return zones, err
}

func (s *server) salesLine(ctx context.Context, who actor.Actor, zones map[int64]*time.Location, in *salesLine, l *planning.Line) error {
	var err error
	if l.Outlet, err = s.outletField(ctx, who, in.Outlet); err != nil {
		return err
	}
	if l.Outlet == 0 {
		l.Outlet = who.Outlet
	}
	if zones[l.Outlet] == nil {
		return errs.Invalid("outlet must be said: there is no default one")
	}
	l.SKU, l.Name, l.Key, l.SoldOut, l.Hour = in.SKU, in.Name, in.Key, in.SoldOut, planning.NoHour
	if at, err := time.Parse(time.RFC3339, in.Date); err == nil {
		at = at.In(zones[l.Outlet])
		l.Day, l.Hour = forecast.DayIn(at), at.Hour()
	} else if l.Day, err = forecast.ParseDay(in.Date); err != nil {
		return errs.Invalid("date must be YYYY-MM-DD, or a time with its zone")
	}
	if in.Hour != nil {
		l.Hour = *in.Hour
	}
	var ok bool
	if l.Milli, ok = planning.ToMilli(in.Quantity); !ok {
		return errs.Invalid("quantity is more than anybody sells")
	}
	if in.Revenue != nil {
		if l.Revenue, ok = planning.ToMilli(*in.Revenue / 10); !ok { // hundredths
			return errs.Invalid("revenue is more than anybody earns")
		}
	}
	return nil
}

type soldView struct {
	Day      string  `json:"day" example:"2024-12-16"`
	Outlet   string  `json:"outlet" example:"kitchen"`
	SKU      string  `json:"sku" example:"wrap"`
	Name     string  `json:"name" example:"Wrap"`
	Quantity float64 `json:"quantity" example:"31"`
	Revenue  float64 `json:"revenue" doc:"In the currency" example:"275.9"`
	Price    float64 `json:"price" doc:"Of a unit on average; 0: cannot be said" example:"8.9"`
	SoldOut  bool    `json:"sold_out" doc:"It ran out: demand may have been higher"`
}

type soldOutput struct {
	Body struct {
		Sales []soldView `json:"sales"`
		Next  *int       `json:"next" doc:"What to send as offset for the next page; null: there is none"`
	} `nameHint:"SalesHistory"`
}

func (s *server) listSales(ctx context.Context, who actor.Actor, in *DaysParam) (*soldOutput, error) {
	q, err := s.query(ctx, who, *in, -29, 0)
	if err != nil {
		return nil, err
	}
	list, err := s.Planning.Sold(ctx, who, q)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	out := &soldOutput{}
	out.Body.Sales, out.Body.Next = make([]soldView, len(list)), nextOf(q, len(list))
	for i, r := range list {
		out.Body.Sales[i] = soldView{
			r.Day.String(), names[r.Outlet], r.SKU, r.Name, r.Quantity, float64(r.Revenue) / 100, math.Round(r.Price()) / 100, r.SoldOut,
		}
	}
	return out, err
}

type aliasView struct {
	SKU string    `json:"sku" example:"wrap_old"`
	Now string    `json:"stands_for" example:"wrap"`
	By  string    `json:"by" example:"ann"`
	At  time.Time `json:"at"`
}

type aliasesOutput struct{ Body []aliasView }

func (s *server) listAliases(ctx context.Context, who actor.Actor, _ *struct{}) (*aliasesOutput, error) {
	list, err := s.Planning.Renames(ctx, who)
	out := &aliasesOutput{make([]aliasView, len(list))}
	for i, a := range list {
		out.Body[i] = aliasView{a.SKU, a.Now, a.By, a.At}
	}
	return out, err
}

type aliasInput struct {
	SKU  string `path:"sku" doc:"The former SKU" example:"wrap_old" maxLength:"200"`
	Body struct {
		Now string `json:"stands_for" doc:"The SKU under which it is sold since" example:"wrap" minLength:"1" maxLength:"200"`
	} `nameHint:"Rename"`
}

type aliasOutput struct {
	Body struct {
		SKU string `json:"sku" example:"wrap_old"`
		Now string `json:"stands_for" example:"wrap"`
	} `nameHint:"Renamed"`
}

func (s *server) putAlias(ctx context.Context, who actor.Actor, in *aliasInput) (*aliasOutput, error) {
	for field, text := range map[string]string{"sku": in.SKU, "stands_for": in.Body.Now} {
		if err := clean(field, text); err != nil {
			return nil, err
		}
	}
	out := &aliasOutput{}
	out.Body.SKU, out.Body.Now = in.SKU, in.Body.Now
	return out, s.Planning.Rename(ctx, who, in.SKU, in.Body.Now)
}

type aliasRef struct {
	SKU string `path:"sku" doc:"The former SKU" example:"wrap_old" maxLength:"200"`
}

func (s *server) dropAlias(ctx context.Context, who actor.Actor, in *aliasRef) (*struct{}, error) {
	if err := clean("sku", in.SKU); err != nil {
		return nil, err
	}
	return nil, s.Planning.Unrename(ctx, who, in.SKU)
}
