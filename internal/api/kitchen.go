package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/kitchen"
)

const tagKitchen = "Kitchen"

const exampleTask = `{"id":1,"order_id":1,"order_number":"ORD_20241216_001","item":"Burger combo","description":"grill patty",
"counter":"griller","machine":"grill-1","staff":"Asha","status":"ASSIGNED","step":0,"estimate_secs":80,"base_priority":20,"depends_on":[],
"pending_deps":0,"requeues":0,"ready_at":"2024-12-16T12:00:00Z","assigned_at":"2024-12-16T12:00:00Z","started_at":null,
"due_at":"2024-12-16T12:02:00Z","completed_at":null}`

const (
	exampleStation = `{"id":3,"name":"griller","capacity":6,"assigned":1,"started":2,"ready":0,"blocked":1}`
	exampleMachine = `{"id":1,"name":"grill-1","station":"griller","capacity":6,"busy":3,"up":true,"reason":""}`
	examplePerson  = `{"id":1,"name":"Asha","active":true,"at_work":true,"skills":["griller","fryer"],"max_parallel":3,
"assigned":1,"started":2,"efficiency":1.1,"tasks_completed":17,"worked_seconds":1290,"last_seen_at":"2024-12-16T12:00:00Z"}`
)

func (s *server) addKitchen() {
	s.addBoard()
	s.addKitchenChanges()
	add(s, route{
		method: http.MethodGet, path: "/api/v1/tasks/{taskID}/explain", view: ViewCanonical, id: "explain-task", tag: tagKitchen,
		summary: "Why a task went to whom",
		description: "Every decision about a task, oldest first: the candidates with their scores, and what was not possible " +
			"and for which reason.",
		errors: []int{http.StatusNotFound},
		response: `{"task":` + exampleTask + `,"decisions":[{"attempt":0,"decided_at":"2024-12-16T12:00:00Z","why":{"policy":"greedy",
"staff":{"fit":[{"id":1,"name":"Asha","active":0,"load":0,"util":0,"efficiency":1.21,"total":-1.21}]}}}]}`,
	}, s.explainTask)
}

func (s *server) addBoard() {
	get := func(path, id, summary, description, response string) route {
		return route{
			method: http.MethodGet, path: "/api/v1/kitchen" + path, view: ViewCanonical, id: id, tag: tagKitchen,
			summary: summary, description: description, errors: []int{http.StatusNotFound}, response: response,
		}
	}
	add(s, get("", "get-kitchen", "A kitchen at a glance", "Stations, machines and people of an outlet as they are now.",
		`{"outlet_id":1,"outlet":"kitchen","name":"Demo Kitchen","open_tickets":4,"ready_tasks":2,"stations":[`+exampleStation+
			`],"machines":[`+exampleMachine+`],"staff":[`+examplePerson+`]}`), s.getKitchen)
	add(s, get("/queue", "get-queue", "The ready queue", "Tasks that nobody has been given though they wait for no other task, "+
		"best first, each with its score now and what it waits for. To get the next page, send `next` as `offset`.",
		`{"tasks":[`+exampleTask[:len(exampleTask)-1]+`,"score":21.4,"waits_for":"machine full"}],"total":1,"next":null}`), s.getQueue)
	add(s, get("/stations", "list-stations", "Stations", "Stations of an outlet with their work.", "["+exampleStation+"]"), s.listStations)
	add(s, get("/machines", "list-machines", "Machines", "Machines of an outlet with their state.", "["+exampleMachine+"]"), s.listMachines)
	add(s, get("/staff", "list-staff", "Staff", "Staff of an outlet: who is at work, with what, and how fast.", "["+examplePerson+"]"), s.listStaff)
}

type stationView struct {
	ID       int64  `json:"id" example:"3"`
	Name     string `json:"name" example:"griller"`
	Capacity int    `json:"capacity" doc:"Tasks at the same time" example:"6"`
	Assigned int    `json:"assigned" doc:"Given to somebody and not started" example:"1"`
	Started  int    `json:"started" doc:"Being worked on" example:"2"`
	Ready    int    `json:"ready" doc:"Waiting for capacity" example:"0"`
	Blocked  int    `json:"blocked" doc:"Waiting for other tasks, or held" example:"1"`
	ClosedTo string `json:"closed_to,omitempty" doc:"It is closed: where its work goes" example:"griller"`
	Reason   string `json:"reason,omitempty" doc:"Why it is closed" example:"quiet"`
}

type machineView struct {
	ID       int64  `json:"id" example:"1"`
	Name     string `json:"name" example:"grill-1"`
	Station  string `json:"station" example:"griller"`
	Capacity int    `json:"capacity" doc:"Tasks at the same time" example:"6"`
	Busy     int    `json:"busy" doc:"Tasks on it, assigned or started" example:"3"`
	Up       bool   `json:"up" example:"true"`
	Reason   string `json:"reason" doc:"Why it is down" example:""`
}

type personView struct {
	ID             int64      `json:"id" example:"1"`
	Name           string     `json:"name" example:"Asha"`
	Active         bool       `json:"active" example:"true"`
	AtWork         bool       `json:"at_work" doc:"On shift and not on a break" example:"true"`
	Skills         []string   `json:"skills" doc:"Stations"`
	MaxParallel    int        `json:"max_parallel" doc:"Tasks in hand at the same time" example:"3"`
	Assigned       int        `json:"assigned" doc:"Tasks given and not started" example:"1"`
	Started        int        `json:"started" doc:"Tasks being worked on" example:"2"`
	Efficiency     float64    `json:"efficiency" doc:"How much faster than the estimates, as measured" example:"1.1"`
	TasksCompleted int64      `json:"tasks_completed" example:"17"`
	WorkedSeconds  float64    `json:"worked_seconds" example:"1290"`
	LastSeenAt     *time.Time `json:"last_seen_at" doc:"null: never"`
}

type boardView struct {
	Outlet      int64         `json:"outlet_id" example:"1"`
	Slug        string        `json:"outlet" example:"kitchen"`
	Name        string        `json:"name" example:"Demo Kitchen"`
	OpenTickets int           `json:"open_tickets" example:"4"`
	ReadyTasks  int           `json:"ready_tasks" doc:"Length of the queue" example:"2"`
	Stations    []stationView `json:"stations"`
	Machines    []machineView `json:"machines"`
	Staff       []personView  `json:"staff"`
}

// glanceTickets is how many open tickets are read to show stations, machines and people: far more than a kitchen has in
// hand, and few enough for a kitchen that drowns.
const glanceTickets = 1000

// glance reads the kitchen of the outlet that a request names.
func (s *server) glance(ctx context.Context, who actor.Actor, in OutletParam) (*kitchen.Board, kitchen.Tally, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, kitchen.Tally{}, err
	}
	return s.Kitchen.Glance(ctx, who, outlet, glanceTickets)
}

type boardOutput struct{ Body boardView }

func (s *server) getKitchen(ctx context.Context, who actor.Actor, in *OutletParam) (*boardOutput, error) {
	v, err := s.sharedBoard(ctx, who, *in)
	return &boardOutput{v}, err
}

func (s *server) board(ctx context.Context, who actor.Actor, in OutletParam) (boardView, error) {
	b, tally, err := s.glance(ctx, who, in)
	if err != nil {
		return boardView{}, err
	}
	v := boardView{
		Outlet: b.Layout.Outlet, Slug: b.Layout.Slug, Name: b.Layout.Name, OpenTickets: tally.Tickets,
		Stations: viewStations(b), Machines: viewMachines(b), Staff: viewPeople(b),
	}
	for _, st := range v.Stations {
		v.ReadyTasks += st.Ready
	}
	return v, nil
}

func viewStations(b *kitchen.Board) []stationView {
	out := make([]stationView, len(b.Stations))
	for i, st := range b.Stations {
		out[i] = stationView{st.ID, st.Name, st.Capacity, st.Assigned, st.Started, st.Ready, st.Blocked, st.To, st.Reason}
	}
	return out
}

func viewMachines(b *kitchen.Board) []machineView {
	out := make([]machineView, len(b.Machines))
	for i, m := range b.Machines {
		out[i] = machineView{m.ID, m.Name, m.StationName, m.Capacity, m.Busy, m.Up, m.Reason}
	}
	return out
}

func viewPeople(b *kitchen.Board) []personView {
	out := make([]personView, len(b.People))
	for i, p := range b.People {
		out[i] = personView{
			ID: p.ID, Name: p.Name, Active: p.Active, AtWork: p.OnShift, Skills: append([]string{}, p.Station...),
			MaxParallel: p.MaxParallel, Assigned: p.Assigned, Started: p.Started, Efficiency: p.Efficiency,
			TasksCompleted: p.TasksCompleted, WorkedSeconds: p.WorkedSeconds, LastSeenAt: when(p.LastSeen),
		}
	}
	return out
}

type stationsOutput struct{ Body []stationView }

func (s *server) listStations(ctx context.Context, who actor.Actor, in *OutletParam) (*stationsOutput, error) {
	b, _, err := s.glance(ctx, who, *in)
	if err != nil {
		return nil, err
	}
	return &stationsOutput{viewStations(b)}, nil
}

type machinesOutput struct{ Body []machineView }

func (s *server) listMachines(ctx context.Context, who actor.Actor, in *OutletParam) (*machinesOutput, error) {
	b, _, err := s.glance(ctx, who, *in)
	if err != nil {
		return nil, err
	}
	return &machinesOutput{viewMachines(b)}, nil
}

type peopleOutput struct{ Body []personView }

func (s *server) listStaff(ctx context.Context, who actor.Actor, in *OutletParam) (*peopleOutput, error) {
	b, _, err := s.glance(ctx, who, *in)
	if err != nil {
		return nil, err
	}
	return &peopleOutput{viewPeople(b)}, nil
}

type queueInput struct {
	OutletParam
	Limit  int `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Tasks per page"`
	Offset int `query:"offset" minimum:"0" doc:"How many of the best to leave out: next of the page before"`
}

type queuedTask struct {
	TaskView
	Score    float64 `json:"score" doc:"Priority now; higher is sooner" example:"21.4"`
	WaitsFor string  `json:"waits_for" doc:"What it waits for; empty: it is assigned at once" example:"machine full"`
}

type queueOutput struct {
	Body struct {
		Tasks []queuedTask `json:"tasks"`
		Total int          `json:"total" example:"1"`
		Next  *int         `json:"next" doc:"What to send as offset for the next page; null: there is none"`
	} `nameHint:"QueuePage"`
}

func (s *server) getQueue(ctx context.Context, who actor.Actor, in *queueInput) (*queueOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	b, err := s.Kitchen.Board(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	out := &queueOutput{}
	out.Body.Total = len(b.Queue)
	from := min(in.Offset, len(b.Queue))
	to := min(from+in.Limit, len(b.Queue))
	out.Body.Tasks = make([]queuedTask, 0, to-from)
	for _, e := range b.Queue[from:to] {
		out.Body.Tasks = append(out.Body.Tasks, queuedTask{viewTask(e.TaskView), e.Score, e.Waits})
	}
	if to < len(b.Queue) {
		out.Body.Next = &to
	}
	return out, nil
}

func (s *server) addKitchenChanges() {
	change := func(path, id, summary, description, request, response string) route {
		return route{
			method: http.MethodPost, path: "/api/v1/kitchen" + path, view: ViewCanonical, id: id, tag: tagKitchen,
			summary: summary, description: description, request: request, response: response,
			errors: []int{http.StatusNotFound, http.StatusConflict},
		}
	}
	add(s, change("/machines/{machine}/down", "machine-down", "Take a machine down",
		"The machine, by name or id, gets no more tasks; those assigned to it and not started move elsewhere. Repeating it is fine.",
		`{"reason":"being cleaned"}`, `{"machine":"grill-1","up":false,"reason":"being cleaned"}`), s.machineDown)
	add(s, change("/machines/{machine}/up", "machine-up", "Bring a machine up",
		"The machine, by name or id, gets tasks again. Repeating it is fine.", "", `{"machine":"grill-1","up":true,"reason":""}`), s.machineUp)
	add(s, change("/staff/{staff}/break", "staff-break", "Send somebody on a break",
		"The staff member, by name or id, gets no tasks for that long, or until he is back; those assigned to him and not started "+
			"go to others.", `{"minutes":15}`, `{"staff":"Asha","on_break":true,"minutes":15}`), s.staffBreak)
	add(s, change("/staff/{staff}/back", "staff-back", "End a break",
		"Ends a break that was taken by hand; a conflict when there is none.", "", `{"staff":"Asha","on_break":false,"minutes":null}`), s.staffBack)
}

// MachineRef is the machine that a request is about. It is exported for huma, as OutletParam.
type MachineRef struct {
	OutletParam
	Machine string `path:"machine" doc:"Name or id" example:"grill-1" maxLength:"100"`
}

type machineDownInput struct {
	MachineRef
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"200" example:"being cleaned"`
	} `nameHint:"MachineDown"`
}

type machineState struct {
	Machine string `json:"machine" doc:"As it was named in the request" example:"grill-1"`
	Up      bool   `json:"up"`
	Reason  string `json:"reason" example:"being cleaned"`
}

type machineStateOutput struct{ Body machineState }

func (s *server) machineDown(ctx context.Context, who actor.Actor, in *machineDownInput) (*machineStateOutput, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	return s.setMachine(ctx, who, in.MachineRef, false, reason)
}

func (s *server) machineUp(ctx context.Context, who actor.Actor, in *MachineRef) (*machineStateOutput, error) {
	return s.setMachine(ctx, who, *in, true, "")
}

func (s *server) setMachine(ctx context.Context, who actor.Actor, in MachineRef, up bool, reason string) (*machineStateOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	err = s.Kitchen.SetMachine(ctx, who, outlet, in.Machine, up, reason)
	return &machineStateOutput{machineState{in.Machine, up, reason}}, err
}

// StaffRef is the staff member that a request is about. It is exported for huma, as OutletParam.
type StaffRef struct {
	OutletParam
	Staff string `path:"staff" doc:"Name or id" example:"Asha" maxLength:"100"`
}

type breakInput struct {
	StaffRef
	Body *struct {
		Minutes *float64 `json:"minutes,omitempty" nullable:"true" minimum:"1" maximum:"1440" doc:"Without it: until he is back" example:"15"`
	} `nameHint:"StaffBreak"`
}

type breakState struct {
	Staff   string   `json:"staff" doc:"As named in the request" example:"Asha"`
	OnBreak bool     `json:"on_break"`
	Minutes *float64 `json:"minutes" doc:"null: until further notice" example:"15"`
}

type breakStateOutput struct{ Body breakState }

func (s *server) staffBreak(ctx context.Context, who actor.Actor, in *breakInput) (*breakStateOutput, error) {
	state := breakState{Staff: in.Staff, OnBreak: true}
	length := time.Duration(0)
	if in.Body != nil && in.Body.Minutes != nil {
		state.Minutes = in.Body.Minutes
		length = time.Duration(*in.Body.Minutes * float64(time.Minute))
	}
	return s.setBreak(ctx, who, in.StaffRef, state, length)
}

func (s *server) staffBack(ctx context.Context, who actor.Actor, in *StaffRef) (*breakStateOutput, error) {
	return s.setBreak(ctx, who, *in, breakState{Staff: in.Staff}, 0)
}

func (s *server) setBreak(ctx context.Context, who actor.Actor, in StaffRef, state breakState, length time.Duration) (*breakStateOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	err = s.Kitchen.SetBreak(ctx, who, outlet, in.Staff, !state.OnBreak, length)
	return &breakStateOutput{state}, err
}

type taskRef struct {
	Task int64 `path:"taskID" doc:"The task's id" example:"1"`
}

type decisionView struct {
	Attempt   int             `json:"attempt" doc:"How often the task had been requeued" example:"0"`
	DecidedAt time.Time       `json:"decided_at"`
	Why       json.RawMessage `json:"why" doc:"Scores of the task, machines and staff, and what was not possible"`
}

type explainOutput struct {
	Body struct {
		Task      TaskView       `json:"task"`
		Decisions []decisionView `json:"decisions" doc:"Oldest first"`
	} `nameHint:"Explanation"`
}

func (s *server) explainTask(ctx context.Context, who actor.Actor, in *taskRef) (*explainOutput, error) {
	task, decisions, err := s.Kitchen.Explain(ctx, who, in.Task)
	if err != nil {
		return nil, err
	}
	out := &explainOutput{}
	out.Body.Task = viewTask(task)
	out.Body.Decisions = make([]decisionView, len(decisions))
	for i, d := range decisions {
		out.Body.Decisions[i] = decisionView{d.Attempt, d.DecidedAt.UTC(), d.Why}
	}
	return out, nil
}
