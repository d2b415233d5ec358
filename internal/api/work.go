package api

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/kitchen"
	"brigade/internal/money"
)

// Work is what kitchens do every day beside starting and completing tasks; *kitchen.Service.
type Work interface {
	Rush(ctx context.Context, who actor.Actor, order int64, on bool) (kitchen.TicketView, error)
	Hold(ctx context.Context, who actor.Actor, order int64, course int, reason string) (kitchen.TicketView, error)
	Fire(ctx context.Context, who actor.Actor, order int64, course int) (kitchen.TicketView, error)
	Remake(ctx context.Context, who actor.Actor, order int64, line, unit, step int, reason string) (kitchen.TicketView, error)
	Undo(ctx context.Context, who actor.Actor, task int64) (kitchen.Task, error)
	Recall(ctx context.Context, who actor.Actor, task int64, reason string) (kitchen.Task, error)
	Hand(ctx context.Context, who actor.Actor, task int64, to string) (kitchen.Task, error)
	HeldTasks(ctx context.Context, who actor.Actor, outlet int64) ([]kitchen.HeldTask, error)
	WasteLog(ctx context.Context, who actor.Actor, outlet, before int64, n int) ([]kitchen.WasteEntry, error)
	CloseStation(ctx context.Context, who actor.Actor, outlet int64, station, to, reason string) error
	OpenStation(ctx context.Context, who actor.Actor, outlet int64, station string) error
	Leave(ctx context.Context, who actor.Actor, outlet int64, staff string) (until time.Time, begun []kitchen.TaskView, err error)
	Rules(ctx context.Context, who actor.Actor, outlet int64) (kitchen.Rules, error)
	PutRules(ctx context.Context, who actor.Actor, outlet int64, r kitchen.Rules) error
	Settle(ctx context.Context, who actor.Actor, taps []kitchen.Tap) []kitchen.Settled
}

const exampleTicket = `{"order_id":1,"order_number":"ORD_20241216_001","status":"IN_PROGRESS","rush":false,
"held":[{"course":2,"reason":"it follows the courses before it","fires_at":null}],"tasks":[` + exampleTask + `]}`

func (s *server) addWork() {
	s.addTicketWork()
	s.addTaskWork()
	s.addFloorWork()
	s.addRules()
	s.addTaps()
}

// changes is a route that changes what a kitchen does.
func changes(method, path, id, tag, summary, description, request, response string) route {
	return route{
		method: method, path: "/api/v1" + path, view: ViewCanonical, id: id, tag: tag, summary: summary, description: description,
		request: request, response: response, errors: []int{http.StatusNotFound, http.StatusConflict},
	}
}

func (s *server) addTicketWork() {
	change := func(method, path, id, summary, description, request string) route {
		return changes(method, "/orders/{ref}"+path, id, tagKitchen, summary, description, request, exampleTicket)
	}
	add(s, change(http.MethodPost, "/rush", "rush-order", "Rush an order",
		"The order's tasks, also those that are not ready yet, go before all others. Repeating it is fine.", ""), s.rush)
	add(s, change(http.MethodDelete, "/rush", "unrush-order", "End the rush",
		"The order's tasks take their turn again. Repeating it is fine.", ""), s.unrush)
	add(s, change(http.MethodPost, "/hold", "hold-order", "Hold an order or a course",
		"What nobody has begun is not begun until it is fired; what is assigned goes back. Without a course it is the whole "+
			"order. Repeating it is fine.", `{"course":2,"reason":"the guests are talking"}`), s.hold)
	add(s, change(http.MethodPost, "/fire", "fire-order", "Fire a course",
		"Lets a held course, or all that is held, be made now. Courses after the first fire by themselves the outlet's course gap "+
			"after everything before them is made, unless they were held by hand. Repeating it is fine.", `{"course":2}`), s.fire)
	add(s, change(http.MethodPost, "/remake", "remake-unit", "Make something again",
		"Makes one unit of a line again, from a step of its recipe on with all that needs it, or entirely. What was made of that "+
			"goes into the waste log; an order that was ready is so no longer. Repeating it before anything of it is begun is fine.",
		`{"line":1,"unit":1,"from_step":3,"reason":"dropped"}`), s.remake)
}

type courseBody struct {
	Course count  `json:"course,omitempty" doc:"1 to 9; without it, all of the order" example:"2"`
	Reason string `json:"reason,omitempty" maxLength:"200" example:"the guests are talking"`
}

type courseInput struct {
	OrderRef
	Body *courseBody `nameHint:"Course"`
}

func (in *courseInput) body() courseBody {
	if in.Body == nil {
		return courseBody{}
	}
	return *in.Body
}

type heldCourse struct {
	Course int        `json:"course" example:"2"`
	Reason string     `json:"reason" example:"it follows the courses before it"`
	FireAt *time.Time `json:"fires_at" doc:"When it fires by itself; null: not known yet, or by hand"`
}

type ticketView struct {
	Order  int64                `json:"order_id" example:"1"`
	Number string               `json:"order_number" example:"ORD_20241216_001"`
	Status kitchen.TicketStatus `json:"status" enum:"CONFIRMED,IN_PROGRESS,PART_COMPLETED,COMPLETED,CANCELLED" example:"IN_PROGRESS"`
	Rush   bool                 `json:"rush"`
	Held   []heldCourse         `json:"held" doc:"Courses that are not begun yet"`
	Tasks  []TaskView           `json:"tasks"`
}

type ticketOutput struct{ Body ticketView }

func viewTicket(t kitchen.TicketView) *ticketOutput {
	v := ticketView{Order: t.Order, Number: t.Number, Status: t.Status, Rush: t.Rush, Held: []heldCourse{}, Tasks: viewTasks(t.TaskViews)}
	for _, c := range t.Courses {
		v.Held = append(v.Held, heldCourse{c.No, c.Reason, when(c.FireAt)})
	}
	return &ticketOutput{v}
}

// onTicket does something to the ticket of an order that a request names.
func (s *server) onTicket(ctx context.Context, who actor.Actor, ref string, do func(order int64) (kitchen.TicketView, error)) (*ticketOutput, error) {
	o, err := s.Orders.Get(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	t, err := do(o.ID)
	return viewTicket(t), err
}

func (s *server) rush(ctx context.Context, who actor.Actor, in *orderRef) (*ticketOutput, error) {
	return s.onTicket(ctx, who, in.Ref, func(id int64) (kitchen.TicketView, error) { return s.Work.Rush(ctx, who, id, true) })
}

func (s *server) unrush(ctx context.Context, who actor.Actor, in *orderRef) (*ticketOutput, error) {
	return s.onTicket(ctx, who, in.Ref, func(id int64) (kitchen.TicketView, error) { return s.Work.Rush(ctx, who, id, false) })
}

func (s *server) hold(ctx context.Context, who actor.Actor, in *courseInput) (*ticketOutput, error) {
	if err := clean("reason", in.body().Reason); err != nil {
		return nil, err
	}
	return s.onTicket(ctx, who, in.Ref, func(id int64) (kitchen.TicketView, error) {
		return s.Work.Hold(ctx, who, id, int(in.body().Course), in.body().Reason)
	})
}

func (s *server) fire(ctx context.Context, who actor.Actor, in *courseInput) (*ticketOutput, error) {
	return s.onTicket(ctx, who, in.Ref, func(id int64) (kitchen.TicketView, error) {
		return s.Work.Fire(ctx, who, id, int(in.body().Course))
	})
}

type remakeInput struct {
	OrderRef
	Body struct {
		Line   count  `json:"line" doc:"Of the order" example:"1"`
		Unit   count  `json:"unit,omitempty" doc:"Which of the line's units, from 1; without it, the first" example:"1"`
		Step   *count `json:"from_step,omitempty" doc:"From this step of the recipe on, from 0; without it, everything" example:"3"`
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"dropped, wrong, cold, …" example:"dropped"`
	} `nameHint:"Remake"`
}

func (s *server) remake(ctx context.Context, who actor.Actor, in *remakeInput) (*ticketOutput, error) {
	if err := clean("reason", in.Body.Reason); err != nil {
		return nil, err
	}
	step := -1
	if in.Body.Step != nil {
		step = int(max(*in.Body.Step, 0))
	}
	return s.onTicket(ctx, who, in.Ref, func(id int64) (kitchen.TicketView, error) {
		return s.Work.Remake(ctx, who, id, int(in.Body.Line), int(max(in.Body.Unit, 1)), step, in.Body.Reason)
	})
}

func (s *server) addTaskWork() {
	change := func(action, id, summary, description, request, response string) route {
		return changes(http.MethodPost, "/tasks/{taskID}/"+action, id, tagKitchen, summary, description, request, response)
	}
	add(s, change("undo", "undo-task", "Take a completion back",
		"For a mis-tap: within ten minutes a completed task goes on with who had it, unless something that needs it is begun, or "+
			"its place is taken. An order that was ready is so no longer. Repeating it gives the same answer.", "", `{"status":"STARTED"}`), s.undoTask)
	add(s, change("recall", "recall-task", "Have a task done again",
		"A completed task is to be done once more, unless something that needs it is begun: then remake its unit. Repeating it "+
			"gives the task's present status.", `{"reason":"still raw"}`, `{"status":"UNASSIGNED"}`), s.recallTask)
	add(s, change("hand", "hand-task", "Hand a task on",
		"Gives an assigned or started task, with what shares its load, to somebody who has the skill, is at work and has a free "+
			"hand. Repeating it is fine.", `{"to":"Noah"}`, `{"status":"STARTED"}`), s.handTask)
}

// TaskRef is the task that a request is about. It is exported for huma, as OutletParam.
type TaskRef struct {
	Task int64 `path:"taskID" doc:"The task's id" example:"1"`
}

func (s *server) undoTask(ctx context.Context, who actor.Actor, in *taskRef) (*taskStatusOutput, error) {
	t, err := s.Work.Undo(ctx, who, in.Task)
	return taskStatus(t.Status), err
}

type recallInput struct {
	TaskRef
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"200" example:"still raw"`
	} `nameHint:"Recall"`
}

func (s *server) recallTask(ctx context.Context, who actor.Actor, in *recallInput) (*taskStatusOutput, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	if err := clean("reason", reason); err != nil {
		return nil, err
	}
	t, err := s.Work.Recall(ctx, who, in.Task, reason)
	return taskStatus(t.Status), err
}

type handInput struct {
	TaskRef
	Body struct {
		To string `json:"to" minLength:"1" maxLength:"100" doc:"Name or id" example:"Noah"`
	} `nameHint:"Hand"`
}

func (s *server) handTask(ctx context.Context, who actor.Actor, in *handInput) (*taskStatusOutput, error) {
	t, err := s.Work.Hand(ctx, who, in.Task, in.Body.To)
	return taskStatus(t.Status), err
}

func (s *server) addFloorWork() {
	get := func(path, id, summary, description, response string) route {
		return route{
			method: http.MethodGet, path: "/api/v1/kitchen" + path, view: ViewCanonical, id: id, tag: tagKitchen,
			summary: summary, description: description, errors: []int{http.StatusNotFound}, response: response,
		}
	}
	add(s, get("/held", "list-held", "What is held", "Tasks that are not begun until their course is fired, with the reason, by order.",
		"["+exampleTask[:len(exampleTask)-1]+`,"course":2,"held":"course 2 is held: it follows the courses before it"}]`), s.listHeld)
	add(s, get("/waste", "list-waste", "The waste log", "Food that was made, or begun, in vain, newest first: what, why, who said so, and the "+
		"share of its price. To get the next page, send `next` of this one as `before`.",
		`{"entries":[{"id":7,"order_id":1,"order_number":"ORD_20241216_001","line":1,"unit":1,"item":"Burger combo","steps":["grill patty"],
"share":0.35,"cost":3.46,"outcome":"wasted","why":"remade","reason":"dropped","by":"till-1","at":"2024-12-16T12:00:00Z"}],"next":null}`), s.listWaste)
	add(s, changes(http.MethodPost, "/kitchen/stations/{station}/close", "close-station", tagKitchen, "Close a station",
		"In quiet hours, say: what nobody has begun there, and new work, goes to another station; what is begun is finished. "+
			"Repeating it is fine.", `{"to":"griller","reason":"quiet"}`, `{"station":"fryer","closed_to":"griller","reason":"quiet"}`), s.closeStation)
	add(s, changes(http.MethodPost, "/kitchen/stations/{station}/open", "open-station", tagKitchen, "Open a station",
		"New work is done there again; what has moved stays where it is. Repeating it is fine.", "",
		`{"station":"fryer","closed_to":null,"reason":""}`), s.openStation)
	add(s, changes(http.MethodPost, "/kitchen/staff/{staff}/leave", "staff-leave", tagKitchen, "Let somebody go before the shift is over",
		"He gets no tasks until his next shift begins. What he has not started goes to others; what he has begun goes on, and is "+
			"listed for others to take over.", "", `{"staff":"Asha","until":"2024-12-17T08:00:00Z","begun":[`+exampleTask+`]}`), s.staffLeave)
}

type heldOutput struct{ Body []TaskView }

func (s *server) listHeld(ctx context.Context, who actor.Actor, in *OutletParam) (*heldOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	held, err := s.Work.HeldTasks(ctx, who, outlet)
	out := &heldOutput{Body: make([]TaskView, len(held))}
	for i, h := range held {
		out.Body[i] = viewTask(h.TaskView)
	}
	return out, err
}

type wasteInput struct {
	OutletParam
	Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Entries per page"`
	Before int64 `query:"before" minimum:"0" doc:"Only entries with a smaller id: next of the page before"`
}

type wasteView struct {
	ID      int64        `json:"id" example:"7"`
	Order   int64        `json:"order_id" example:"1"`
	Number  string       `json:"order_number" example:"ORD_20241216_001"`
	Line    int          `json:"line" example:"1"`
	Unit    int          `json:"unit" example:"1"`
	Item    string       `json:"item" example:"Burger combo"`
	Steps   []string     `json:"steps" doc:"What was done of it"`
	Share   float64      `json:"share" doc:"Of the unit's work" example:"0.35"`
	Cost    money.Amount `json:"cost" doc:"Estimated: the share of its price" example:"3.46"`
	Outcome kitchen.Made `json:"outcome" enum:"wasted,returned" example:"wasted"`
	Why     string       `json:"why" enum:"cancelled,remade" example:"remade"`
	Reason  string       `json:"reason" example:"dropped"`
	By      string       `json:"by" example:"till-1"`
	At      time.Time    `json:"at"`
}

type wasteOutput struct {
	Body struct {
		Entries []wasteView `json:"entries"`
		Next    *int64      `json:"next" doc:"What to send as before for the next page; null: there is none"`
	} `nameHint:"WastePage"`
}

func (s *server) listWaste(ctx context.Context, who actor.Actor, in *wasteInput) (*wasteOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	list, err := s.Work.WasteLog(ctx, who, outlet, in.Before, in.Limit)
	out := &wasteOutput{}
	out.Body.Entries = make([]wasteView, len(list))
	for i, w := range list {
		out.Body.Entries[i] = wasteView{
			w.ID, w.Order, w.Number, w.Line, w.Unit, w.Item, w.Steps, w.Share, money.Amount(w.Cost), w.Made, w.Why, w.Reason, w.By, w.At.UTC(),
		}
	}
	if len(list) > 0 && len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out, err
}

// StationRef is the station that a request is about. It is exported for huma, as OutletParam.
type StationRef struct {
	OutletParam
	Station string `path:"station" doc:"Name or id" example:"fryer" maxLength:"100"`
}

type closeStationInput struct {
	StationRef
	Body struct {
		To     string `json:"to" minLength:"1" maxLength:"100" doc:"The station that takes over, by name or id" example:"griller"`
		Reason string `json:"reason,omitempty" maxLength:"200" example:"quiet"`
	} `nameHint:"CloseStation"`
}

type stationState struct {
	Station  string  `json:"station" doc:"As it was named in the request" example:"fryer"`
	ClosedTo *string `json:"closed_to" doc:"Where its work goes; null: it is open" example:"griller"`
	Reason   string  `json:"reason" example:"quiet"`
}

type stationStateOutput struct{ Body stationState }

func (s *server) closeStation(ctx context.Context, who actor.Actor, in *closeStationInput) (*stationStateOutput, error) {
	if err := clean("reason", in.Body.Reason); err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	err = s.Work.CloseStation(ctx, who, outlet, in.Station, in.Body.To, in.Body.Reason)
	return &stationStateOutput{stationState{in.Station, &in.Body.To, in.Body.Reason}}, err
}

func (s *server) openStation(ctx context.Context, who actor.Actor, in *StationRef) (*stationStateOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	err = s.Work.OpenStation(ctx, who, outlet, in.Station)
	return &stationStateOutput{stationState{Station: in.Station}}, err
}

type leaveOutput struct {
	Body struct {
		Staff string     `json:"staff" doc:"As named in the request" example:"Asha"`
		Until *time.Time `json:"until" doc:"When the next shift begins; null: until he is back"`
		Begun []TaskView `json:"begun" doc:"What he works on: hand it to somebody"`
	} `nameHint:"StaffLeave"`
}

func (s *server) staffLeave(ctx context.Context, who actor.Actor, in *StaffRef) (*leaveOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	until, begun, err := s.Work.Leave(ctx, who, outlet, in.Staff)
	out := &leaveOutput{}
	out.Body.Staff, out.Body.Until, out.Body.Begun = in.Staff, when(until), viewTasks(begun)
	return out, err
}
