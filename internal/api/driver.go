package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/event"
)

const exampleDriver = `{"id":3,"name":"Marta","region_id":1,"vehicle":"moped","capacity":4,"skills":["alcohol"],"status":"DELIVERING",
"assigned":1,"delivered":5,"online_at":"2024-12-16T11:00:00Z","break_until":null,"seen_at":"2024-12-16T12:09:30Z",
"position":{"lat":40.418,"lon":-3.706,"at":"2024-12-16T12:09:58Z"},"incident":{"at":"2024-12-16T12:11:00Z","reason":"a flat tyre"},
"shifts":[{"weekday":"monday","from":"12:00","to":"23:00"}]}`

const exampleVerdicts = `{"taken":2,"out_of_order":0,"absurd":0,"from_the_future":0,"of_nobody":0}`

// appRoute is a route of the driver's app.
func appRoute(method, path, id, summary, description string) route {
	return route{
		method: method, path: "/api/v1/driver" + path, view: ViewCanonical, id: id, tag: tagDriver, summary: summary, description: description,
		errors: []int{http.StatusNotFound, http.StatusConflict}, response: exampleDriver,
	}
}

func (s *server) addDrivers() {
	s.addFleet()
	add(s, appRoute(http.MethodGet, "", "get-driver", "The driver", "Who he is, what he does, and where he was last."), s.getDriver)
	add(s, appRoute(http.MethodPost, "/online", "driver-online", "Go online",
		"He is given work from now on; what waits for a driver is offered at once. Repeating it changes nothing."), s.driverOnline)
	add(s, appRoute(http.MethodPost, "/offline", "driver-offline", "Go offline",
		"He is given no work any more. 409 while he has deliveries. Repeating it changes nothing."), s.driverOffline)
	pause := appRoute(http.MethodPost, "/break", "driver-break", "Take a break", "He is given no work for a while, then again by himself. 409 while he has deliveries.")
	pause.request = `{"minutes":20}`
	add(s, pause, s.driverBreak)
	work := appRoute(http.MethodGet, "/work", "driver-work", "Work", "What he is offered, has to pick up and has on board; what comes first first. "+
		"With `wait` the answer comes when something changes, or after so many seconds; who sends the version that he has as `seen` misses nothing.")
	work.response, work.quiet, work.stream = `{"version":"a91f03c27be4410d","driver":`+exampleDriver+`,"deliveries":[`+exampleCarried+`]}`, true, true
	add(s, work, s.driverWork)
	stream := appRoute(http.MethodGet, "/stream", "driver-stream", "Follow the work", "Server-sent events: `work` with what GET /api/v1/driver/work says, "+
		"at once and whenever it changes.")
	stream.stream, stream.response = true, "event: work\ndata: {\"driver\":{…},\"deliveries\":[…]}\n\n"
	add(s, stream, s.driverStream)
	s.addCarrying()
	s.addPositions()
}

func (s *server) addCarrying() {
	for _, r := range []struct {
		path, id, summary, description, request string
		do                                      func(ctx context.Context, who actor.Actor, in *carryInput) (*carriedOutput, error)
	}{
		{"accept", "accept-delivery", "Accept", "Takes an offer. 409 when it is not his any more.", "", s.acceptDelivery},
		{"decline", "decline-delivery", "Decline", "Refuses an offer, or gives back what is not picked up; somebody else is asked.", `{"reason":"flat tyre"}`, s.declineDelivery},
		{"pickup", "pick-up-delivery", "Picked up", "He has it on board. 409 when it is not his, or the food is not ready.", "", s.pickUpDelivery},
		{
			"delivered", "deliver-delivery", "Delivered", "It is at its door. 409 unless he carries it; one with a code needs it, or a photo; one with " +
				"alcohol needs age_checked.",
			`{"code":"4711"}`, s.deliverDelivery,
		},
		{"problem", "problem-delivery", "There is a problem", "He cannot deliver what he has: somebody has to look.", `{"reason":"nobody opens"}`, s.problemDelivery},
	} {
		d := appRoute(http.MethodPost, "/deliveries/{delivery}/"+r.path, r.id, r.summary, r.description+" Repeating it changes nothing.")
		d.request, d.response = r.request, exampleCarried
		if r.request == "" {
			d.request = `{}`
		}
		add(s, d, r.do)
	}
}

func (s *server) addPositions() {
	one := appRoute(http.MethodPost, "/position", "driver-position", "Here he is", "One position. Older ones than known are left out, as are jumps that nobody can make.")
	one.request, one.response, one.quiet = `{"lat":40.418,"lon":-3.706,"at":"2024-12-16T12:09:58Z"}`, exampleVerdicts, true
	add(s, one, s.driverPosition)
	many := appRoute(http.MethodPost, "/positions", "driver-positions", "Here he was", "Several positions, oldest first: what gathered while there was no network.")
	many.request, many.response, many.quiet = `{"positions":[{"lat":40.418,"lon":-3.706,"at":"2024-12-16T12:09:58Z"}]}`, exampleVerdicts, true
	add(s, many, s.driverPositions)
	add(s, route{
		method: http.MethodPost, path: "/api/v1/driver-positions", view: ViewCanonical, id: "fleet-positions", tag: tagDelivery,
		summary:     "Positions of many drivers",
		description: "For a gateway that speaks for all drivers: at most 10,000 positions. Those of drivers whom the tenant does not have are counted and left out.",
		quiet:       true, request: `{"positions":[{"driver_id":3,"lat":40.418,"lon":-3.706,"at":"2024-12-16T12:09:58Z"}]}`, response: exampleVerdicts,
	}, s.fleetPositions)
}

func (s *server) addFleet() {
	add(s, route{
		method: http.MethodGet, path: "/api/v1/drivers", view: ViewCanonical, id: "list-drivers", tag: tagDelivery,
		summary: "Drivers", description: "One page of drivers, as they are now. To get the next page, send `next` as `after`; null means that there is none.",
		response: `{"drivers":[` + exampleDriver + `],"next":null}`,
	}, s.listDrivers)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/drivers/{driver}/track", view: ViewCanonical, id: "driver-track", tag: tagDelivery,
		summary: "Where a driver was", description: "His track, thinned out, oldest first; it is kept for a week.",
		errors: []int{http.StatusNotFound}, response: `[{"lat":40.418,"lon":-3.706,"at":"2024-12-16T12:09:58Z"}]`,
	}, s.driverTrack)
	add(s, route{
		method: http.MethodPost, path: "/api/v1/drivers/{driver}/incident", view: ViewCanonical, id: "driver-incident", tag: tagDelivery,
		summary:     "Take a driver off the road",
		description: "At once: what he has not picked up goes to others, what he carries is escalated.",
		request:     `{"reason":"accident"}`, errors: []int{http.StatusNotFound, http.StatusConflict}, response: exampleDriver,
	}, s.driverIncident)
	add(s, route{
		method: http.MethodDelete, path: "/api/v1/drivers/{driver}/incident", view: ViewCanonical, id: "end-incident", tag: tagDelivery,
		summary: "Let a driver work again",
		description: "Undoes an incident: he is online again, has again what nobody else has accepted meanwhile, and what he carries is no " +
			"longer escalated for it. Repeating it changes nothing.",
		errors: []int{http.StatusNotFound, http.StatusConflict}, response: exampleDriver,
	}, s.endIncident)
}

// DriverView is a driver as clients see him.
type DriverView struct {
	ID         int64      `json:"id" example:"3"`
	Name       string     `json:"name" example:"Marta"`
	RegionID   int64      `json:"region_id" example:"1"`
	Vehicle    string     `json:"vehicle" enum:"foot,bicycle,moped,car" example:"moped"`
	Capacity   int        `json:"capacity" doc:"Ordinary orders on board at a time" example:"4"`
	Skills     []string   `json:"skills" example:"[\"alcohol\"]"`
	Status     string     `json:"status" enum:"IDLE,WAITING_FOR_WORK,DELIVERING" example:"DELIVERING"`
	Assigned   int        `json:"assigned" doc:"Deliveries that he has accepted and not brought yet" example:"1"`
	Delivered  int        `json:"delivered" doc:"Since he went online" example:"5"`
	OnlineAt   *time.Time `json:"online_at"`
	BreakUntil *time.Time `json:"break_until"`
	SeenAt     *time.Time `json:"seen_at" doc:"When he last said anything"`
	Position   *hereView  `json:"position" doc:"null: he never said where he is"`

	Incident *incidentView `json:"incident" doc:"Why a manager has him off the road; null: he may work"`
	Shifts   []shiftView   `json:"shifts" doc:"Weekly, in the region's time; none: whenever he likes"`
}

type incidentView struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason" example:"accident"`
}

type shiftView struct {
	Weekday string `json:"weekday" example:"monday"`
	From    string `json:"from" example:"12:00"`
	To      string `json:"to" doc:"Not after from: next day" example:"23:00"`
}

func viewDriver(d *delivery.Driver) DriverView {
	v := DriverView{
		ID: d.ID, Name: d.Name, RegionID: d.Region, Vehicle: d.Vehicle, Capacity: d.Capacity, Skills: delivery.SkillNames(d.Skills),
		Status: string(d.Status), Assigned: d.Held, Delivered: d.Done, OnlineAt: when(d.OnlineAt), BreakUntil: when(d.BreakUntil), SeenAt: when(d.SeenAt),
	}
	if !d.IncidentAt.IsZero() {
		v.Incident = &incidentView{d.IncidentAt.UTC(), d.Incident}
	}
	v.Shifts = make([]shiftView, len(d.Shifts))
	for i, h := range d.Shifts {
		v.Shifts[i] = shiftView{strings.ToLower(h.Weekday.String()), dayClock(h.Starts), dayClock(h.Ends)}
	}
	if d.Last != nil {
		v.Position = &hereView{d.Last.Lat, d.Last.Lon, d.Last.At.UTC()}
	}
	return v
}

// DriverParam is who acts when a manager does it for him. It is exported for huma, as OutletParam.
type DriverParam struct {
	Driver string `query:"driver" maxLength:"100" doc:"Which driver, by name or id; without it, the token's own" example:"Marta"`
}

type driverOutput struct{ Body DriverView }

func shownDriver(d *delivery.Driver, err error) (*driverOutput, error) {
	if err != nil {
		return nil, err
	}
	return &driverOutput{viewDriver(d)}, nil
}

func (s *server) getDriver(ctx context.Context, who actor.Actor, in *DriverParam) (*driverOutput, error) {
	return shownDriver(s.Deliveries.Driver(ctx, who, in.Driver))
}

func (s *server) driverOnline(ctx context.Context, who actor.Actor, in *DriverParam) (*driverOutput, error) {
	return shownDriver(s.Deliveries.Online(ctx, who, in.Driver))
}

func (s *server) driverOffline(ctx context.Context, who actor.Actor, in *DriverParam) (*driverOutput, error) {
	return shownDriver(s.Deliveries.Offline(ctx, who, in.Driver))
}

type breakDriverInput struct {
	DriverParam
	Body struct {
		Minutes float64 `json:"minutes" doc:"1 to 240" example:"20"`
	} `nameHint:"DriverBreak"`
}

func (s *server) driverBreak(ctx context.Context, who actor.Actor, in *breakDriverInput) (*driverOutput, error) {
	return shownDriver(s.Deliveries.Break(ctx, who, in.Driver, time.Duration(in.Body.Minutes*float64(time.Minute))))
}

type workBody struct {
	Version    string        `json:"version" doc:"Another one when there is other work, or what there is has gone on" example:"a91f03c27be4410d"`
	Driver     DriverView    `json:"driver"`
	Deliveries []CarriedView `json:"deliveries" doc:"Offered, to be picked up, on board; what comes first first"`
}

// drivers need no link that is the customer's.
func viewWork(w delivery.Work) workBody {
	b := workBody{Driver: viewDriver(w.Driver), Deliveries: make([]CarriedView, len(w.Deliveries))}
	for i, d := range w.Deliveries {
		b.Deliveries[i] = viewCarried(d)
		b.Deliveries[i].Tracking = ""
	}
	b.Version = versionOf(w)
	return b
}

// versionOf tells one state of a driver's work from another; that an estimate has moved makes no difference.
func versionOf(w delivery.Work) string {
	h := fnv.New64a()
	fmt.Fprint(h, w.Driver.Version, w.Driver.Status)
	for _, d := range w.Deliveries {
		fmt.Fprint(h, " ", d.Order, d.Version, d.OrderStatus)
	}
	return strconv.FormatUint(h.Sum64(), 16)
}

type workInput struct {
	DriverParam
	Wait int    `query:"wait" minimum:"0" maximum:"60" doc:"Seconds to wait for a change"`
	Seen string `query:"seen" maxLength:"16" doc:"With wait: the version of the last answer; when there is another one already, it comes at once" example:"a91f03c27be4410d"`
}

type workOutput struct{ Body workBody }

func (s *server) driverWork(ctx context.Context, who actor.Actor, in *workInput) (*workOutput, error) {
	if in.Wait == 0 {
		w, err := s.Deliveries.Work(ctx, who, in.Driver)
		if err != nil {
			return nil, err
		}
		return &workOutput{viewWork(w)}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.Wait)*time.Second)
	defer cancel()
	d, err := s.Deliveries.Driver(ctx, who, in.Driver)
	if err != nil {
		return nil, err
	}
	changes := s.Events.Stream(workFilter(who), -1)
	defer changes.Close()
	w, err := s.Deliveries.Work(ctx, who, in.Driver)
	if err != nil {
		return nil, err
	}
	if in.Seen != "" && versionOf(w) != in.Seen {
		return &workOutput{viewWork(w)}, nil
	}
	awaitWork(ctx, changes, d.ID)
	if w, err = s.Deliveries.Work(context.WithoutCancel(ctx), who, in.Driver); err != nil {
		return nil, err
	}
	return &workOutput{viewWork(w)}, nil
}

func workFilter(who actor.Actor) event.Filter {
	return event.Filter{Tenant: who.Tenant, Types: []event.Type{
		event.DeliveryOffered, event.DeliveryDeclined, event.DeliveryAssigned, event.DeliveryReleased, event.DeliveryPickedUp,
		event.DeliveryDelivered, event.DeliveryCancelled, event.DriverChanged,
	}}
}

// awaitWork waits until something of a driver changes; ended says that nothing more will come.
func awaitWork(ctx context.Context, changes *event.Stream, driver int64) (ended bool) {
	for {
		list, err := changes.Next(ctx)
		if err != nil {
			return ctx.Err() == nil && errors.Is(err, event.ErrStopped)
		}
		for _, e := range list {
			d, _ := e.DeliveryPayload()
			p, _ := e.DriverPayload()
			if d.DriverID == driver || p.DriverID == driver {
				return false
			}
		}
	}
}

func (s *server) driverStream(ctx context.Context, who actor.Actor, in *DriverParam) (*eventsOutput, error) {
	d, err := s.Deliveries.Driver(ctx, who, in.Driver)
	if err != nil {
		return nil, err
	}
	return &eventsOutput{ContentType: "text/event-stream", Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no")
		w.WriteHeader(http.StatusOK)
		if r.Method != http.MethodHead {
			s.streamWork(ctx, w, who, in.Driver, d.ID)
		}
	}}, nil
}

// streamWork writes a driver's work whenever it changes, and a comment when it does not for a while.
func (s *server) streamWork(ctx context.Context, w http.ResponseWriter, who actor.Actor, ref string, driver int64) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{})
	defer func() { _ = c.SetWriteDeadline(time.Time{}) }()
	changes := s.Events.Stream(workFilter(who), -1)
	defer changes.Close()
	last := ""
	for ctx.Err() == nil {
		text := ":\n\n"
		if work, err := s.Deliveries.Work(ctx, who, ref); err == nil {
			if body := workText(work); body != last {
				last, text = body, body
			}
		}
		_ = c.SetWriteDeadline(time.Now().Add(writeIn))
		if _, err := w.Write([]byte(text)); err != nil || c.Flush() != nil {
			return
		}
		beat, cancel := context.WithTimeout(ctx, heartbeat)
		ended := awaitWork(beat, changes, driver)
		cancel()
		if ended {
			return
		}
	}
}

func workText(w delivery.Work) string {
	data, err := json.Marshal(viewWork(w))
	if err != nil { // plain structs
		panic("api: work: " + err.Error())
	}
	return fmt.Sprintf("event: work\ndata: %s\n\n", data)
}

type carryInput struct {
	DriverParam
	DeliveryRef
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why not" example:"flat tyre"`
		Aged   bool   `json:"age_checked,omitempty" doc:"Whoever takes it is old enough for what it holds" example:"true"`
		Code   string `json:"code,omitempty" maxLength:"20" doc:"The order's code, as its guest says it" example:"4711"`
		Photo  string `json:"photo,omitempty" maxLength:"500" doc:"Where the photo of the delivery is" example:"photos/4711.jpg"`
	} `nameHint:"Carry"`
}

func (in *carryInput) reason() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Reason
}

func (s *server) acceptDelivery(ctx context.Context, who actor.Actor, in *carryInput) (*carriedOutput, error) {
	return shown(s.Deliveries.Accept(ctx, who, in.Driver, in.Delivery))
}

func (s *server) declineDelivery(ctx context.Context, who actor.Actor, in *carryInput) (*carriedOutput, error) {
	return shown(s.Deliveries.Decline(ctx, who, in.Driver, in.Delivery, in.reason()))
}

func (s *server) pickUpDelivery(ctx context.Context, who actor.Actor, in *carryInput) (*carriedOutput, error) {
	return shown(s.Deliveries.PickUp(ctx, who, in.Driver, in.Delivery))
}

func (s *server) deliverDelivery(ctx context.Context, who actor.Actor, in *carryInput) (*carriedOutput, error) {
	proof := delivery.Proof{}
	if in.Body != nil {
		proof = delivery.Proof{Code: in.Body.Code, Photo: in.Body.Photo, AgeChecked: in.Body.Aged}
		if err := clean("photo", proof.Code+proof.Photo); err != nil {
			return nil, err
		}
	}
	return shown(s.Deliveries.Deliver(ctx, who, in.Driver, in.Delivery, proof))
}

func (s *server) problemDelivery(ctx context.Context, who actor.Actor, in *carryInput) (*carriedOutput, error) {
	if err := clean("reason", in.reason()); err != nil {
		return nil, err
	}
	return shown(s.Deliveries.Problem(ctx, who, in.Driver, in.Delivery, in.reason()))
}

// PositionBody is where a driver was, and when. It is exported for the schema of what it is part of to have its fields.
type PositionBody struct {
	Lat float64    `json:"lat" minimum:"-90" maximum:"90" example:"40.418"`
	Lon float64    `json:"lon" minimum:"-180" maximum:"180" example:"-3.706"`
	At  *time.Time `json:"at,omitempty" doc:"By the device; without it, now" example:"2024-12-16T12:09:58Z"`
}

func (p PositionBody) fix(driver int64) delivery.Fix {
	f := delivery.Fix{Driver: driver, Point: delivery.Point{Lat: p.Lat, Lon: p.Lon}}
	if p.At != nil {
		f.At = p.At.UTC()
	}
	return f
}

type verdictsOutput struct{ Body delivery.Verdicts }

func told(v delivery.Verdicts, err error) (*verdictsOutput, error) { return &verdictsOutput{v}, err }

type positionInput struct {
	DriverParam
	Body PositionBody
}

func (s *server) driverPosition(ctx context.Context, who actor.Actor, in *positionInput) (*verdictsOutput, error) {
	return told(s.Deliveries.Positions(ctx, who, in.Driver, []delivery.Fix{in.Body.fix(0)}))
}

type positionsInput struct {
	DriverParam
	Body struct {
		Positions []PositionBody `json:"positions" minItems:"1" maxItems:"10000"`
	} `nameHint:"Positions"`
}

func (s *server) driverPositions(ctx context.Context, who actor.Actor, in *positionsInput) (*verdictsOutput, error) {
	fixes := make([]delivery.Fix, len(in.Body.Positions))
	for i, p := range in.Body.Positions {
		fixes[i] = p.fix(0)
	}
	return told(s.Deliveries.Positions(ctx, who, in.Driver, fixes))
}

type fleetInput struct {
	Body struct {
		Positions []fleetPosition `json:"positions" minItems:"1" maxItems:"10000"`
	} `nameHint:"FleetPositions"`
}

type fleetPosition struct {
	DriverID int64 `json:"driver_id" minimum:"1" example:"3"`
	PositionBody
}

func (s *server) fleetPositions(ctx context.Context, who actor.Actor, in *fleetInput) (*verdictsOutput, error) {
	fixes := make([]delivery.Fix, len(in.Body.Positions))
	for i, p := range in.Body.Positions {
		fixes[i] = p.fix(p.DriverID)
	}
	return told(s.Deliveries.FleetPositions(ctx, who, fixes))
}

type listDriversInput struct {
	Region string `query:"region" maxLength:"64" doc:"Only those of a region, by slug" example:"madrid"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Drivers per page"`
	After  int64  `query:"after" minimum:"0" doc:"Only drivers with a larger id: next of the page before"`
}

type listDriversOutput struct {
	Body struct {
		Drivers []DriverView `json:"drivers"`
		Next    *int64       `json:"next" doc:"What to send as after for the next page; null: there is none"`
	} `nameHint:"DriverPage"`
}

func (s *server) listDrivers(ctx context.Context, who actor.Actor, in *listDriversInput) (*listDriversOutput, error) {
	f := delivery.DriverFilter{Region: in.Region, After: in.After, Limit: in.Limit}
	if who.Role == actor.Driver {
		f.ID = max(who.Driver, -1)
	}
	list, err := s.Deliveries.Drivers(ctx, who, f)
	if err != nil {
		return nil, err
	}
	out := &listDriversOutput{}
	out.Body.Drivers = make([]DriverView, len(list))
	for i, d := range list {
		out.Body.Drivers[i] = viewDriver(d)
	}
	if len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out, nil
}

// DriverRef names a driver. It is exported for huma, as OutletParam.
type DriverRef struct {
	Driver string `path:"driver" maxLength:"100" doc:"By name or id" example:"Marta"`
}

type trackDriverInput struct {
	DriverRef
	Since time.Time `query:"since" doc:"Without it, the last hour" example:"2024-12-16T12:00:00Z"`
	Until time.Time `query:"until" example:"2024-12-16T13:00:00Z"`
}

type trackDriverOutput struct{ Body []hereView }

func (s *server) driverTrack(ctx context.Context, who actor.Actor, in *trackDriverInput) (*trackDriverOutput, error) {
	if in.Until.IsZero() {
		in.Until = s.Clock.Now()
	}
	if in.Since.IsZero() {
		in.Since = in.Until.Add(-time.Hour)
	}
	if in.Since.After(in.Until) {
		return nil, errs.Invalid("since must not be after until")
	}
	fixes, err := s.Deliveries.Track(ctx, who, in.Driver, in.Since, in.Until)
	if err != nil {
		return nil, err
	}
	out := &trackDriverOutput{Body: make([]hereView, len(fixes))}
	for i, f := range fixes {
		out.Body[i] = hereView{f.Lat, f.Lon, f.At.UTC()}
	}
	return out, nil
}

type incidentInput struct {
	DriverRef
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"500" example:"accident"`
	} `nameHint:"Incident"`
}

func (s *server) driverIncident(ctx context.Context, who actor.Actor, in *incidentInput) (*driverOutput, error) {
	if err := clean("reason", in.Body.Reason); err != nil {
		return nil, err
	}
	return shownDriver(s.Deliveries.Incident(ctx, who, in.Driver, in.Body.Reason))
}

func (s *server) endIncident(ctx context.Context, who actor.Actor, in *DriverRef) (*driverOutput, error) {
	return shownDriver(s.Deliveries.EndIncident(ctx, who, in.Driver))
}
