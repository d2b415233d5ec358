package api

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/kitchen"
	"brigade/internal/money"
	"brigade/internal/order"
)

// Quotes says when orders would be ready; *order.Service.
type Quotes interface {
	Quote(ctx context.Context, who actor.Actor, p order.Placement) (order.Quote, error)
}

// Admissions knows how busy outlets are and how much they take on; *kitchen.Service.
type Admissions interface {
	Pressure(ctx context.Context, who actor.Actor, outlet int64) (kitchen.Pressure, error)
	Admission(ctx context.Context, who actor.Actor, outlet int64) (*kitchen.Admission, error)
	PutAdmission(ctx context.Context, who actor.Actor, outlet int64, a *kitchen.Admission) (*kitchen.Admission, error)
}

const exampleAdmission = `{"station_minutes":30,"stations":{"fryer":20},"acceptable_minutes":45,"answer":"refuse","sources":[],"resume_below":0.7}`

func (s *server) addQuotes() {
	add(s, route{
		method: http.MethodPost, path: "/api/v1/quotes", view: ViewCanonical, id: "quote-order", tag: tagOrders,
		summary: "When would an order be ready?",
		description: "What the kitchen's plan says of an order, before it is placed: queue, staff, machines and breaks as they are, " +
			"durations as they were learned. Half of such orders are ready by p50 and nine of ten by p90. The body is that of " +
			"placing it; nothing is written. `earliest` is a time for which it can be ordered, whatever the outlet's limits are.",
		errors: []int{http.StatusNotFound, http.StatusConflict}, quiet: true,
		request: `{"type":"takeout","items":[{"sku":"burger_combo","quantity":2}]}`,
		response: `{"state":"open","p50":"2024-12-16T12:02:05Z","p90":"2024-12-16T12:03:00Z","timezone":"Europe/Madrid",
"local_p50":"2024-12-16T13:02:05+01:00","local_p90":"2024-12-16T13:03:00+01:00","earliest":"2024-12-16T12:03:00Z","wanted":null,
"accepted":true,"in_time":true,"limited_by":{"kind":"machine","name":"grill-1"},"over":[],"paused":"","total":21.70,"delivery":{"zone":"centre","fee":1.90,"minimum":10.00,"free_from":25.00,"extra_minutes":5,"refused":""}}`,
	}, s.quote)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/outlets/{outlet}/admission", view: ViewCanonical, id: "get-admission", tag: tagSales,
		summary: "How much an outlet takes on", description: "Limits in minutes of work, whatever the number of orders; 0 is no limit.",
		errors: []int{http.StatusNotFound}, response: exampleAdmission,
	}, s.admission)
	add(s, changes(http.MethodPut, "/outlets/{outlet}/admission", "put-admission", tagSales, "Set how much an outlet takes on",
		"All settings at once. When a limit is exceeded the outlet quotes longer times (`quote`), pauses the item, the station or the "+
			"sources by itself until it is below `resume_below` of the limit (`pause_item`, `pause_station`, `pause_source`), or refuses "+
			"an order with 409 and, in `earliest_at`, the earliest time that would work (`refuse`).", exampleAdmission, exampleAdmission),
		s.putAdmission)
}

// LimitedBy is what an order waits for. It is exported for huma, as OrderView.
type LimitedBy struct {
	Kind string `json:"kind" enum:"recipe,station,machine,person,unknown" doc:"recipe: it waits for nothing" example:"machine"`
	Name string `json:"name" example:"grill-1"`
}

type quoteOutput struct {
	Body struct {
		State    string     `json:"state" enum:"open,busy,paused" example:"open"`
		P50      *time.Time `json:"p50" doc:"Half of such orders are ready by then; null: nobody knows"`
		P90      *time.Time `json:"p90" doc:"Nine of ten are; never before p50"`
		Zone     string     `json:"timezone" example:"Europe/Madrid"`
		LocalP50 *time.Time `json:"local_p50" doc:"The same in the outlet's zone"`
		LocalP90 *time.Time `json:"local_p90"`
		Earliest *time.Time `json:"earliest" doc:"For which it can be ordered within the outlet's limits; null: nobody knows"`
		Wanted   *time.Time `json:"wanted" doc:"null: as soon as it can be"`
		Accepted bool       `json:"accepted" doc:"It would be taken now, as it is wanted"`
		InTime   bool       `json:"in_time" doc:"It can be ready when it is wanted"`
		Limited  LimitedBy  `json:"limited_by" doc:"What keeps it from being ready earlier"`
		Over     []string   `json:"over" doc:"The outlet's limits that it exceeds"`
		Paused   string     `json:"paused" doc:"What of it cannot be ordered just now"`

		Total    money.Amount  `json:"total" doc:"With the fee of its delivery" example:"19.80"`
		Delivery *CarriageView `json:"delivery" doc:"What carrying it means; null: it is not carried, or anywhere for nothing"`
	} `nameHint:"Quote"`
}

type quoteInput struct{ Body placeBody }

func (s *server) quote(ctx context.Context, who actor.Actor, in *quoteInput) (*quoteOutput, error) {
	outlet, err := s.outletField(ctx, who, in.Body.Outlet)
	if err != nil {
		return nil, err
	}
	p := order.Placement{
		Source: "api", Outlet: outlet, Type: in.Body.Type, CustomerName: in.Body.CustomerName, TableNumber: int(in.Body.TableNumber),
		DeliveryAddress: in.Body.DeliveryAddress, Items: wanted(in.Body.Items),
	}
	in.Body.agree(&p)
	p.Method, p.PaymentToken = order.NoMethod, "" // nothing is paid for a quote
	q, err := s.Quotes.Quote(ctx, who, p)
	if err != nil {
		return nil, err
	}
	return viewQuote(q), nil
}

func viewQuote(q order.Quote) *quoteOutput {
	out := &quoteOutput{}
	b := &out.Body
	b.State, b.Zone, b.Wanted, b.Earliest = q.State, q.Zone.String(), when(q.Wanted), when(q.Earliest)
	b.Accepted, b.Over, b.Paused = !q.Refused, append([]string{}, q.Over...), q.Paused
	b.Limited = LimitedBy{"unknown", q.Limit.Name}
	b.Total = q.Total
	if c := q.Carriage; c != nil && *c != (order.Carriage{}) {
		b.Delivery = &CarriageView{Zone: c.Zone, Fee: c.Fee, Minimum: c.Minimum, FreeFrom: given(c.FreeFrom), Extra: c.Extra.Minutes()}
		if c.Refusal != nil {
			b.Delivery.Refused = c.Refusal.Error()
		}
	}
	if !q.Known {
		return out
	}
	b.P50, b.P90, b.Limited.Kind = when(q.P50), when(q.P90), q.Limit.Kind
	local50, local90 := q.P50.In(q.Zone), q.P90.In(q.Zone)
	b.LocalP50, b.LocalP90 = &local50, &local90
	b.InTime = q.Wanted.IsZero() || !q.Wanted.Before(q.P90)
	return out
}

// PromiseView is what an order was promised. It is exported for huma, as OrderView.
type PromiseView struct {
	P50      time.Time `json:"p50" doc:"As it stands: half of such orders are ready by then"`
	P90      time.Time `json:"p90" doc:"And nine of ten by then"`
	FirstP50 time.Time `json:"first_p50" doc:"As it was made"`
	FirstP90 time.Time `json:"first_p90"`
	Told     time.Time `json:"told" doc:"The latest time that the guest was told"`
	Slips    int       `json:"slips" doc:"How often the guest was told a later one" example:"0"`
}

// viewPromise shows what an order is promised: by its kitchen, or the time it was wanted at.
func viewPromise(t kitchen.TicketView, wanted *order.Promise) *PromiseView {
	if p := t.Promise; p != nil {
		return &PromiseView{p.P50.UTC(), p.P90.UTC(), p.FirstP50().UTC(), p.FirstP90().UTC(), p.Told.UTC(), p.Slips}
	}
	if p := wanted; p != nil {
		return &PromiseView{p.P50.UTC(), p.P90.UTC(), p.P50.UTC(), p.P90.UTC(), p.P90.UTC(), 0}
	}
	return nil
}

// AdmissionBody is how much an outlet takes on. It is exported for huma, as OrderView.
type AdmissionBody struct {
	Waiting    float64            `json:"station_minutes,omitempty" doc:"Minutes of work that may wait at any station; 0: no limit" example:"30"`
	Stations   map[string]float64 `json:"stations,omitempty" doc:"The same of single stations, by name"`
	Acceptable float64            `json:"acceptable_minutes,omitempty" doc:"Until an order is ready (p90); 0: no limit" example:"45"`
	Answer     kitchen.Answer     `json:"answer,omitempty" enum:"quote,pause_item,pause_station,pause_source,refuse" default:"quote" example:"refuse"`
	Sources    []string           `json:"sources,omitempty" doc:"What pause_source pauses: api, kitchen, orders, …"`
	Calm       float64            `json:"resume_below,omitempty" doc:"Share of a limit below which a pause ends by itself" default:"0.7" example:"0.7"`
}

type admissionInput struct {
	Outlet string `path:"outlet" doc:"Slug or id" example:"kitchen" maxLength:"100"`
}

type putAdmissionInput struct {
	Outlet string `path:"outlet" doc:"Slug or id" example:"kitchen" maxLength:"100"`
	Body   AdmissionBody
}

type admissionOutput struct{ Body AdmissionBody }

func (s *server) admission(ctx context.Context, who actor.Actor, in *admissionInput) (*admissionOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	a, err := s.Admissions.Admission(ctx, who, outlet)
	return &admissionOutput{viewAdmission(a)}, err
}

func (s *server) putAdmission(ctx context.Context, who actor.Actor, in *putAdmissionInput) (*admissionOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	a, err := s.Admissions.PutAdmission(ctx, who, outlet, in.Body.admission())
	return &admissionOutput{viewAdmission(a)}, err
}

func viewAdmission(a *kitchen.Admission) AdmissionBody {
	if a == nil {
		a = &kitchen.Admission{}
	}
	v := AdmissionBody{
		Waiting: a.Waiting.Minutes(), Stations: map[string]float64{}, Acceptable: a.Acceptable.Minutes(), Answer: a.Answer,
		Sources: append([]string{}, a.Sources...), Calm: a.Calm,
	}
	if v.Answer == "" {
		v.Answer = kitchen.AnswerQuote
	}
	if v.Calm == 0 {
		v.Calm = kitchen.DefaultCalm
	}
	for name, d := range a.Stations {
		v.Stations[name] = d.Minutes()
	}
	return v
}

func (b AdmissionBody) admission() *kitchen.Admission {
	a := &kitchen.Admission{
		Waiting: inMinutes(b.Waiting), Acceptable: inMinutes(b.Acceptable), Answer: b.Answer, Sources: b.Sources, Calm: b.Calm,
	}
	if len(b.Stations) > 0 {
		a.Stations = map[string]time.Duration{}
		for name, m := range b.Stations {
			a.Stations[name] = inMinutes(m)
		}
	}
	return a
}

// inMinutes is a length in minutes; what is too long for any limit stays so.
func inMinutes(m float64) time.Duration {
	return time.Duration(min(max(m, -1), 1e6) * float64(time.Minute))
}
