package api

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/planning"
	"brigade/internal/planning/supply"
)

const tagPlans = "Plans"

// Plans are what follows from forecasts; *planning.Planner.
type Plans interface {
	Production(ctx context.Context, tenant int64, outlets []int64, day planning.Day, by string) (int, error)
	Procurement(ctx context.Context, tenant int64, outlets []int64, day planning.Day, by string) (int, error)
	StockProjection(ctx context.Context, tenant int64, outlets []int64, day planning.Day, by string) (int, error)
	ProductionOf(ctx context.Context, who actor.Actor, outlet int64, day planning.Day, revision int) (planning.Production, planning.Plan, planning.Outlet, error)
	ProcurementOf(ctx context.Context, who actor.Actor, outlet int64, day planning.Day, revision int) (planning.Procurement, planning.Plan, planning.Outlet, error)
	StockOf(ctx context.Context, who actor.Actor, outlet int64, day planning.Day, revision int) (planning.StockCourse, planning.Plan, planning.Outlet, error)
	EditProduction(ctx context.Context, who actor.Actor, outlet int64, day planning.Day, code string, batches int, reason string) (planning.PlanEdit, error)
	EditProcurement(ctx context.Context, who actor.Actor, outlet int64, deliver planning.Day, code string, packs int, reason string) (planning.PlanEdit, error)
	EditAccuracy(ctx context.Context, who actor.Actor, outlet int64, kind planning.PlanKind, first, last planning.Day) (planning.EditAccuracy, error)
}

const (
	planHead     = `"outlet":"kitchen","day":"2024-12-17","revision":1,"forecast_run":12,"made_by":"nightly","made_at":"2024-12-17T07:00:00Z",`
	planNote     = `{"kind":"no_minutes","problem":true,"code":"patty","item":"","at":"2024-12-17T12:00:00Z","amount":4,"text":"4 pieces of Patty are missing at Tue 13:00: grill has 5 of the 15 minutes that a batch takes"}`
	planLater    = "Made again from the same, nothing changes; from something else, it is the next revision, and the former stays as it was made."
	whenIsLatest = "The latest of its day, or a `revision` as it was made, without edits."
)

func (s *server) addPlans() {
	for _, p := range []struct{ kind, about string }{
		{"production", "What to prepare on a day, by the hour, from the forecast, recipes, shelf lives and the minutes that stations have. "},
		{"procurement", "What to order in the next 14 days, from whom, by when, and why so much. "},
		{"stock", "How the stock of each ingredient runs in the next 14 days. "},
	} {
		kind := planning.PlanKind(p.kind)
		add(s, planningRoute(http.MethodPost, "/planning/"+p.kind, "make-"+p.kind+"-plan", tagPlans, "Plan "+p.kind,
			p.about+"At one outlet, or without one at all. "+planLater, `{"outlet":"kitchen"}`,
			`{"kind":"`+p.kind+`","day":"2024-12-17","outlets":1}`),
			func(ctx context.Context, who actor.Actor, in *planInput) (*planMadeOutput, error) {
				return s.makePlan(ctx, who, in, kind)
			})
	}
	add(s, planningRoute(http.MethodGet, "/planning/production", "get-production-plan", tagPlans, "What to prepare",
		"By the time at which it is begun. "+whenIsLatest+" Notes say what cannot be made in time and why, and what to sell less of.", "",
		`{`+planHead+`"starts":[{"code":"patty","name":"Patty","unit":"piece","station":"grill","begin":"2024-12-17T10:00:00Z",
"ready":"2024-12-17T10:40:00Z","until":"2024-12-17T18:40:00Z","for":"2024-12-17T11:00:00Z","batches":2,"amount":20,"minutes":30}],
"totals":[{"code":"patty","name":"Patty","unit":"piece","batch":10,"there":4,"expected":19.5,"wanted":23.1,"planned":20,"edited":null,
"edited_by":"","reason":""}],"notes":[`+planNote+`]}`), s.getProduction)
	add(s, planningRoute(http.MethodPut, "/planning/production/{code}/{day}", "edit-production-plan", tagPlans, "Know better what to prepare",
		"Says how many batches of a preparation are made on a day. The plan stays as it was made; plans made later keep the edit.",
		`{"batches":3,"reason":"wedding"}`, planEditExample), s.editProduction)
	add(s, planningRoute(http.MethodGet, "/planning/procurement", "get-procurement-plan", tagPlans, "What to order",
		"By delivery day and supplier, with the reasons for every quantity. "+whenIsLatest, "",
		`{`+planHead+`"lines":[{"supplier":"grocer","supplier_name":"Grocer","product":4,"code":"bun","name":"Bun","unit":"piece",
"deliver_on":"2024-12-18","order_by":"2024-12-17T15:00:00Z","pack":24,"packs":3,"order":3,"amount":72,"price":6,"total":18,"currency":"EUR",
"until":"2024-12-20","use":81,"safety":13,"stock":30,"need":64,"why":"81 pieces until Fri 20 Dec + 13 pieces safety - 30 pieces there = 64 pieces; the cheapest",
"edited_by":"","reason":""}],"notes":[`+planNote+`]}`), s.getProcurement)
	add(s, planningRoute(http.MethodPut, "/planning/procurement/{code}/{day}", "edit-procurement-plan", tagPlans, "Know better what to order",
		"Says how many packs of an ingredient are ordered for a delivery day of the latest plan; likewise.", `{"packs":4,"reason":"wedding"}`,
		planEditExample), s.editProcurement)
	add(s, planningRoute(http.MethodGet, "/planning/stock", "get-stock-plan", tagPlans, "How stock will run",
		"By ingredient and day: closing = opening + arrivals - used - expired, first expired first out, with what was ordered and what is planned to "+
			"be prepared. `out` is about when it runs out, `out_ordered` the same once the planned orders come. Notes say what may be done against waste. "+
			whenIsLatest, "",
		`{`+planHead+`"ingredients":[{"code":"bun","name":"Bun","unit":"piece","there":30,"out":"2024-12-18T12:00:00Z","out_ordered":null,"wasted":0,
"days":[{"day":"2024-12-17","opening":30,"arrivals":0,"used":27,"unmet":0,"expired":0,"closing":3}]}],"notes":[`+planNote+`]}`), s.getStockPlan)
	add(s, planningRoute(http.MethodGet, "/planning/plan-edits", "get-plan-edits", tagPlans, "Who was right",
		"Edits of plans against what their days' sales took, by the bills of materials: how far off the plan was, and the edit. The last 30 days unless "+
			"from and to say otherwise.", "",
		`{"better":1,"worse":0,"plan_wape":0.21,"edits_wape":0.08,"edits":[{"day":"2024-12-17","code":"patty","planned":20,"edited":30,"stock":4,"taken":33,
"plan_error":9,"edit_error":1,"edited_by":"ann","reason":"wedding"}]}`), s.getPlanEdits)
}

const planEditExample = `{"day":"2024-12-17","code":"patty","planned":20,"edited":30,"edited_by":"ann","reason":"wedding"}`

type planInput struct {
	Body struct {
		Outlet string `json:"outlet,omitempty" doc:"Slug or id; without it all outlets" maxLength:"100"`
		Day    string `json:"day,omitempty" doc:"The first day; without it today" example:"2024-12-17"`
	} `nameHint:"MakePlan"`
}

type planMadeOutput struct {
	Body struct {
		Kind    planning.PlanKind `json:"kind" enum:"production,procurement,stock" example:"production"`
		Day     string            `json:"day" doc:"Empty: today" example:"2024-12-17"`
		Outlets int               `json:"outlets" doc:"That have a plan; those without ingredients have none" example:"1"`
	} `nameHint:"PlanMade"`
}

func (s *server) makePlan(ctx context.Context, who actor.Actor, in *planInput, kind planning.PlanKind) (*planMadeOutput, error) {
	outlet, err := s.outletField(ctx, who, in.Body.Outlet)
	if err != nil {
		return nil, err
	}
	day, err := dayOr("day", in.Body.Day, 0)
	if err != nil {
		return nil, err
	}
	if only := who.OutletFilter(); only != 0 {
		outlet = only
	}
	var outlets []int64
	if outlet != 0 {
		outlets = []int64{outlet}
	}
	out := &planMadeOutput{}
	out.Body.Kind, out.Body.Day = kind, in.Body.Day
	plan := s.Plans.Production
	switch kind {
	case planning.PlanProcurement:
		plan = s.Plans.Procurement
	case planning.PlanStock:
		plan = s.Plans.StockProjection
	case planning.PlanProduction:
	}
	out.Body.Outlets, err = plan(ctx, who.Tenant, outlets, day, who.Name)
	return out, err
}

type planRef struct {
	OutletParam
	Day      string `query:"day" doc:"The first day, YYYY-MM-DD; without it today" example:"2024-12-17"`
	Revision int    `query:"revision" minimum:"0" maximum:"1000000" doc:"As it was made then, without edits"`
}

// wanted reads which plan is asked for.
func (s *server) wanted(ctx context.Context, who actor.Actor, in *planRef) (outlet int64, day planning.Day, err error) {
	if outlet, err = s.outlet(ctx, who, in.Outlet); err == nil {
		day, err = dayOr("day", in.Day, 0)
	}
	return outlet, day, err
}

// PlanHead is what all plans have. It is exported for huma, as OutletParam.
type PlanHead struct {
	Outlet   string    `json:"outlet" example:"kitchen"`
	Day      string    `json:"day" doc:"Its first" example:"2024-12-17"`
	Revision int       `json:"revision" doc:"How often something else came out" example:"1"`
	Forecast int64     `json:"forecast_run" doc:"The latest making of forecasts that it knows; 0: there were none" example:"12"`
	By       string    `json:"made_by" example:"nightly"`
	At       time.Time `json:"made_at"`
}

func viewHead(p planning.Plan, o planning.Outlet, run int64) PlanHead {
	return PlanHead{o.Slug, p.Day.String(), p.Revision, run, p.By, p.At}
}

type noteView struct {
	Kind    string    `json:"kind" example:"no_minutes"`
	Problem bool      `json:"problem" doc:"That the plan cannot solve; else a suggestion"`
	Code    string    `json:"code" doc:"Of the ingredient or preparation; empty: none" example:"patty"`
	Item    string    `json:"item" doc:"The SKU; empty: none" example:""`
	At      time.Time `json:"at"`
	Amount  float64   `json:"amount" doc:"In the ingredient's unit; of an item, units" example:"4"`
	Text    string    `json:"text"`
}

func viewNotes(list []planning.Note) []noteView {
	views := make([]noteView, len(list))
	for i, n := range list {
		views[i] = noteView{n.Kind, n.Problem, n.Code, n.Item, n.At, n.Amount.Units(), n.Text}
	}
	return views
}

type startView struct {
	Code    string     `json:"code" example:"patty"`
	Name    string     `json:"name" example:"Patty"`
	Unit    string     `json:"unit" enum:"g,ml,piece" example:"piece"`
	Station string     `json:"station" doc:"Empty: anywhere" example:"grill"`
	Begin   time.Time  `json:"begin"`
	Ready   time.Time  `json:"ready"`
	Until   *time.Time `json:"until" doc:"It may be used; null: it keeps"`
	For     time.Time  `json:"for" doc:"The hour in which it is first needed"`
	Batches int        `json:"batches" example:"2"`
	Amount  float64    `json:"amount" example:"20"`
	Minutes float64    `json:"minutes" doc:"Of work at the station" example:"30"`
}

type planTotalView struct {
	Code     string   `json:"code" example:"patty"`
	Name     string   `json:"name" example:"Patty"`
	Unit     string   `json:"unit" enum:"g,ml,piece" example:"piece"`
	Batch    float64  `json:"batch" example:"10"`
	There    float64  `json:"there" doc:"When the day's first plan was made" example:"4"`
	Expected float64  `json:"expected" doc:"To be taken by items on the day" example:"19.5"`
	Wanted   float64  `json:"wanted" doc:"With what the service level adds, and other preparations take" example:"23.1"`
	Planned  float64  `json:"planned" doc:"To be begun on the day, and begun already" example:"20"`
	Edited   *float64 `json:"edited" doc:"What somebody made of it; null: nothing"`
	EditedBy string   `json:"edited_by" example:""`
	Reason   string   `json:"reason" example:""`
}

type productionPlanOutput struct {
	Body struct {
		PlanHead
		Starts []startView     `json:"starts"`
		Totals []planTotalView `json:"totals"`
		Notes  []noteView      `json:"notes"`
	} `nameHint:"ProductionPlan"`
}

func (s *server) getProduction(ctx context.Context, who actor.Actor, in *planRef) (*productionPlanOutput, error) {
	outlet, day, err := s.wanted(ctx, who, in)
	if err != nil {
		return nil, err
	}
	plan, head, o, err := s.Plans.ProductionOf(ctx, who, outlet, day, in.Revision)
	if err != nil {
		return nil, err
	}
	out := &productionPlanOutput{}
	out.Body.PlanHead, out.Body.Notes = viewHead(head, o, plan.Forecast), viewNotes(plan.Notes)
	out.Body.Starts, out.Body.Totals = make([]startView, len(plan.Starts)), make([]planTotalView, len(plan.Totals))
	for i, x := range plan.Starts {
		out.Body.Starts[i] = startView{
			x.Code, x.Name, x.Unit, x.Station, x.Begin, x.Ready, x.Until, x.For, x.Batches, x.Amount.Units(), tidy(x.Minutes),
		}
	}
	for i, x := range plan.Totals {
		v := planTotalView{
			Code: x.Code, Name: x.Name, Unit: x.Unit, Batch: x.Batch.Units(), There: x.There.Units(), Expected: x.Expected.Units(),
			Wanted: x.Wanted.Units(), Planned: x.Planned.Units(),
		}
		v.Edited, v.EditedBy, v.Reason = viewEdited(x.Edited)
		out.Body.Totals[i] = v
	}
	return out, nil
}

func viewEdited(e *planning.PlanEdit) (edited *float64, by, reason string) {
	if e == nil {
		return nil, "", ""
	}
	units := e.Quantity.Units()
	return &units, e.By, e.Reason
}

type orderLineView struct {
	Supplier     string    `json:"supplier" example:"grocer"`
	SupplierName string    `json:"supplier_name" example:"Grocer"`
	Product      int64     `json:"product" doc:"The supplier's pack" example:"4"`
	Code         string    `json:"code" example:"bun"`
	Name         string    `json:"name" example:"Bun"`
	Unit         string    `json:"unit" enum:"g,ml,piece" example:"piece"`
	Deliver      string    `json:"deliver_on" example:"2024-12-18"`
	OrderBy      time.Time `json:"order_by" doc:"The supplier's cut-off"`
	Pack         float64   `json:"pack" example:"24"`
	Packs        int       `json:"packs" doc:"As planned" example:"3"`
	Order        int       `json:"order" doc:"Packs to order: what somebody made of it, else as planned" example:"3"`
	Amount       float64   `json:"amount" doc:"Of the packs to order" example:"72"`
	Price        float64   `json:"price" doc:"Of a pack" example:"6"`
	Total        float64   `json:"total" doc:"Of the packs to order" example:"18"`
	Currency     string    `json:"currency" example:"EUR"`
	Until        string    `json:"until" doc:"The day before which it is used: the next delivery" example:"2024-12-20"`
	Use          float64   `json:"use" doc:"Expected from the delivery until then" example:"81"`
	Safety       float64   `json:"safety" doc:"Against more than expected" example:"13"`
	Stock        float64   `json:"stock" doc:"There on delivery, and good in these days" example:"30"`
	Need         float64   `json:"need" example:"64"`
	Why          string    `json:"why"`
	EditedBy     string    `json:"edited_by" example:""`
	Reason       string    `json:"reason" example:""`
}

type procurementPlanOutput struct {
	Body struct {
		PlanHead
		Lines []orderLineView `json:"lines"`
		Notes []noteView      `json:"notes"`
	} `nameHint:"ProcurementPlan"`
}

func (s *server) getProcurement(ctx context.Context, who actor.Actor, in *planRef) (*procurementPlanOutput, error) {
	outlet, day, err := s.wanted(ctx, who, in)
	if err != nil {
		return nil, err
	}
	plan, head, o, err := s.Plans.ProcurementOf(ctx, who, outlet, day, in.Revision)
	if err != nil {
		return nil, err
	}
	out := &procurementPlanOutput{}
	out.Body.PlanHead, out.Body.Notes = viewHead(head, o, plan.Forecast), viewNotes(plan.Notes)
	out.Body.Lines = make([]orderLineView, len(plan.Lines))
	for i := range plan.Lines {
		out.Body.Lines[i] = viewOrderLine(&plan.Lines[i])
	}
	return out, nil
}

func viewOrderLine(l *planning.PurchaseLine) orderLineView {
	v := orderLineView{
		Supplier: l.Supplier, SupplierName: l.SupplierName, Product: l.Product, Code: l.Code, Name: l.Name, Unit: l.Unit,
		Deliver: l.Deliver.String(), OrderBy: l.OrderBy, Pack: l.Pack.Units(), Packs: l.Packs, Order: l.Order(), Price: float64(l.Price) / 100,
		Currency: l.Currency, Until: l.Until.String(), Use: l.Use.Units(), Safety: l.Safety.Units(), Stock: l.Stock.Units(), Need: l.Need.Units(), Why: l.Why,
	}
	v.Amount, v.Total = (l.Pack * supply.Amount(v.Order)).Units(), float64(l.Price*int64(v.Order))/100
	_, v.EditedBy, v.Reason = viewEdited(l.Edited)
	return v
}

type stockDayView struct {
	Day      string  `json:"day" example:"2024-12-17"`
	Opening  float64 `json:"opening" example:"30"`
	Arrivals float64 `json:"arrivals" example:"0"`
	Used     float64 `json:"used" example:"27"`
	Unmet    float64 `json:"unmet" doc:"Wanted and not there" example:"0"`
	Expired  float64 `json:"expired" example:"0"`
	Closing  float64 `json:"closing" example:"3"`
}

type stockItemView struct {
	Code    string         `json:"code" example:"bun"`
	Name    string         `json:"name" example:"Bun"`
	Unit    string         `json:"unit" enum:"g,ml,piece" example:"piece"`
	There   float64        `json:"there" doc:"Now" example:"30"`
	Out     *time.Time     `json:"out" doc:"About when it runs out; null: it does not"`
	Ordered *time.Time     `json:"out_ordered" doc:"The same, once the planned orders come"`
	Wasted  float64        `json:"wasted" doc:"Will expire" example:"0"`
	Days    []stockDayView `json:"days"`
}

type stockPlanOutput struct {
	Body struct {
		PlanHead
		Ingredients []stockItemView `json:"ingredients"`
		Notes       []noteView      `json:"notes"`
	} `nameHint:"StockProjection"`
}

func (s *server) getStockPlan(ctx context.Context, who actor.Actor, in *planRef) (*stockPlanOutput, error) {
	outlet, day, err := s.wanted(ctx, who, in)
	if err != nil {
		return nil, err
	}
	plan, head, o, err := s.Plans.StockOf(ctx, who, outlet, day, in.Revision)
	if err != nil {
		return nil, err
	}
	out := &stockPlanOutput{}
	out.Body.PlanHead, out.Body.Notes = viewHead(head, o, plan.Forecast), viewNotes(plan.Notes)
	out.Body.Ingredients = make([]stockItemView, len(plan.Ingredients))
	for i, x := range plan.Ingredients {
		v := stockItemView{x.Code, x.Name, x.Unit, x.There.Units(), x.Out, x.Ordered, x.Wasted.Units(), make([]stockDayView, len(x.Days))}
		for k, d := range x.Days {
			v.Days[k] = stockDayView{
				d.Day.String(), d.Opening.Units(), d.Arrivals.Units(), d.Used.Units(), d.Unmet.Units(), d.Expired.Units(), d.Closing.Units(),
			}
		}
		out.Body.Ingredients[i] = v
	}
	return out, nil
}

// PlanEditRef names a line of a plan. It is exported for huma, as OutletParam.
type PlanEditRef struct {
	OutletParam
	Code string `path:"code" doc:"Of the ingredient or preparation" example:"patty" maxLength:"200"`
	Day  string `path:"day" doc:"On which it is made, or delivered: YYYY-MM-DD" example:"2024-12-17"`
}

func (s *server) planLine(ctx context.Context, who actor.Actor, in *PlanEditRef, reason string) (outlet int64, day planning.Day, err error) {
	for field, text := range map[string]string{"code": in.Code, "reason": reason} {
		if err := clean(field, text); err != nil {
			return 0, 0, err
		}
	}
	if err := checkDay("day", in.Day); err != nil {
		return 0, 0, err
	}
	if day, err = dayOr("day", in.Day, 0); err == nil {
		outlet, err = s.outlet(ctx, who, in.Outlet)
	}
	return outlet, day, err
}

type editProductionInput struct {
	PlanEditRef
	Body struct {
		Batches int    `json:"batches" minimum:"0" maximum:"100000" example:"3"`
		Reason  string `json:"reason,omitempty" example:"wedding" maxLength:"200"`
	} `nameHint:"EditProduction"`
}

type editProcurementInput struct {
	PlanEditRef
	Body struct {
		Packs  int    `json:"packs" minimum:"0" maximum:"100000" example:"4"`
		Reason string `json:"reason,omitempty" example:"wedding" maxLength:"200"`
	} `nameHint:"EditProcurement"`
}

type planEditOutput struct {
	Body struct {
		Day     string  `json:"day" example:"2024-12-17"`
		Code    string  `json:"code" example:"patty"`
		Planned float64 `json:"planned" doc:"In the ingredient's unit" example:"20"`
		Edited  float64 `json:"edited" example:"30"`
		By      string  `json:"edited_by" example:"ann"`
		Reason  string  `json:"reason" example:"wedding"`
	} `nameHint:"PlanEdit"`
}

func viewPlanEdit(e planning.PlanEdit, err error) (*planEditOutput, error) {
	out := &planEditOutput{}
	b := &out.Body
	b.Day, b.Code, b.Planned, b.Edited, b.By, b.Reason = e.Day.String(), e.Code, e.Was.Units(), e.Quantity.Units(), e.By, e.Reason
	return out, err
}

func (s *server) editProduction(ctx context.Context, who actor.Actor, in *editProductionInput) (*planEditOutput, error) {
	outlet, day, err := s.planLine(ctx, who, &in.PlanEditRef, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return viewPlanEdit(s.Plans.EditProduction(ctx, who, outlet, day, in.Code, in.Body.Batches, in.Body.Reason))
}

func (s *server) editProcurement(ctx context.Context, who actor.Actor, in *editProcurementInput) (*planEditOutput, error) {
	outlet, day, err := s.planLine(ctx, who, &in.PlanEditRef, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return viewPlanEdit(s.Plans.EditProcurement(ctx, who, outlet, day, in.Code, in.Body.Packs, in.Body.Reason))
}

type planEditsInput struct {
	OutletParam
	Kind planning.PlanKind `query:"kind" enum:"production,procurement" default:"production"`
	From string            `query:"from" doc:"The first day, YYYY-MM-DD" example:"2024-12-01"`
	To   string            `query:"to" doc:"The last day" example:"2024-12-17"`
}

type planEditView struct {
	Day       string  `json:"day" example:"2024-12-17"`
	Code      string  `json:"code" example:"patty"`
	Planned   float64 `json:"planned" example:"20"`
	Edited    float64 `json:"edited" example:"30"`
	Stock     float64 `json:"stock" doc:"That was there for its days" example:"4"`
	Taken     float64 `json:"taken" doc:"By the sales of its days" example:"33"`
	PlanError float64 `json:"plan_error" doc:"How far off stock and plan were" example:"9"`
	EditError float64 `json:"edit_error" doc:"How far off stock and edit were" example:"1"`
	By        string  `json:"edited_by" example:"ann"`
	Reason    string  `json:"reason" example:"wedding"`
}

type planEditsOutput struct {
	Body struct {
		Better    int            `json:"better" doc:"Edits that were nearer than the plan" example:"1"`
		Worse     int            `json:"worse" example:"0"`
		PlanWAPE  *float64       `json:"plan_wape" doc:"Errors of the plans as a share of what was taken; null: cannot be said"`
		EditsWAPE *float64       `json:"edits_wape"`
		Edits     []planEditView `json:"edits" doc:"Of days that are over, the latest first"`
	} `nameHint:"PlanEdits"`
}

func (s *server) getPlanEdits(ctx context.Context, who actor.Actor, in *planEditsInput) (*planEditsOutput, error) {
	q, err := s.query(ctx, who, DaysParam{OutletParam: in.OutletParam, From: in.From, To: in.To}, -30, 0)
	if err != nil {
		return nil, err
	}
	a, err := s.Plans.EditAccuracy(ctx, who, q.Outlet, in.Kind, q.First, q.Last)
	out := &planEditsOutput{}
	b := &out.Body
	b.Better, b.Worse, b.PlanWAPE, b.EditsWAPE, b.Edits = a.Better, a.Worse, said(a.PlanWAPE), said(a.EditsWAPE), make([]planEditView, len(a.Edits))
	for i, e := range a.Edits {
		b.Edits[i] = planEditView{
			e.Day.String(), e.Code, e.Was.Units(), e.Quantity.Units(), e.Stock.Units(), e.Taken.Units(), e.PlanError.Units(), e.EditError.Units(), e.By, e.Reason,
		}
	}
	return out, err
}
