package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
)

// Deliveries knows who carries what; *delivery.Service.
type Deliveries interface {
	Get(ctx context.Context, who actor.Actor, ref string) (*delivery.Delivery, error)
	List(ctx context.Context, who actor.Actor, f delivery.Filter) ([]*delivery.Delivery, error)
	Explain(ctx context.Context, who actor.Actor, ref string) (*delivery.Delivery, []delivery.OfferView, error)
	Assign(ctx context.Context, who actor.Actor, delivery, driver string) (*delivery.Delivery, error)
	Unassign(ctx context.Context, who actor.Actor, delivery string) (*delivery.Delivery, error)
	TakeOver(ctx context.Context, who actor.Actor, delivery, driver string) (*delivery.Delivery, error)
	Pin(ctx context.Context, who actor.Actor, delivery, driver string) (*delivery.Delivery, error)
	Regions(ctx context.Context, who actor.Actor) ([]delivery.RegionState, error)
	Follow(ctx context.Context, token string) (delivery.Followed, error)

	Driver(ctx context.Context, who actor.Actor, ref string) (*delivery.Driver, error)
	Drivers(ctx context.Context, who actor.Actor, f delivery.DriverFilter) ([]*delivery.Driver, error)
	Online(ctx context.Context, who actor.Actor, ref string) (*delivery.Driver, error)
	Offline(ctx context.Context, who actor.Actor, ref string) (*delivery.Driver, error)
	Break(ctx context.Context, who actor.Actor, ref string, length time.Duration) (*delivery.Driver, error)
	Incident(ctx context.Context, who actor.Actor, ref, reason string) (*delivery.Driver, error)
	EndIncident(ctx context.Context, who actor.Actor, ref string) (*delivery.Driver, error)
	Work(ctx context.Context, who actor.Actor, ref string) (delivery.Work, error)
	Accept(ctx context.Context, who actor.Actor, ref, delivery string) (*delivery.Delivery, error)
	Decline(ctx context.Context, who actor.Actor, ref, delivery, reason string) (*delivery.Delivery, error)
	PickUp(ctx context.Context, who actor.Actor, ref, delivery string) (*delivery.Delivery, error)
	Deliver(ctx context.Context, who actor.Actor, ref, delivery string, p delivery.Proof) (*delivery.Delivery, error)
	Problem(ctx context.Context, who actor.Actor, ref, delivery, reason string) (*delivery.Delivery, error)
	Track(ctx context.Context, who actor.Actor, ref string, since, until time.Time) ([]delivery.Fix, error)
	Positions(ctx context.Context, who actor.Actor, ref string, fixes []delivery.Fix) (delivery.Verdicts, error)
	FleetPositions(ctx context.Context, who actor.Actor, fixes []delivery.Fix) (delivery.Verdicts, error)
}

const (
	tagDelivery = "Delivery"
	tagDriver   = "Driver app"
)

const exampleCarried = `{"order_id":1,"order_number":"ORD_20241216_001","outlet_id":1,"region_id":1,"status":"assigned",
"order_status":"in_preparation","driver_id":3,"customer":"Ada Lovelace","address":"Calle Mayor 5, Madrid",
"from":{"lat":40.4203,"lon":-3.7058},"to":{"lat":40.416,"lon":-3.708},"located":true,"size":1,"needs":[],"pinned_to":null,
"placed_at":"2024-12-16T12:00:00Z","promised_at":"2024-12-16T12:40:00Z","eta":{"at":"2024-12-16T12:32:00Z",
"from":"2024-12-16T12:28:00Z","to":"2024-12-16T12:40:00Z"},"offer_until":null,"assigned_at":"2024-12-16T12:10:00Z",
"picked_up_at":null,"escalated_at":null,"closed_at":null,"note":"","code_wanted":false,"age_check":false,"age_checked":false,"zone":"centre","proof":"","tracking":"/api/v1/track/0123456789abcdefABCDEF"}`

func (s *server) addDeliveries() {
	add(s, route{
		method: http.MethodGet, path: "/api/v1/deliveries", view: ViewCanonical, id: "list-carried", tag: tagDelivery,
		summary:     "List deliveries, newest first",
		description: "One page of deliveries. To get the next page, send `next` of this one as `before`; null means that there is none.",
		response:    `{"deliveries":[` + exampleCarried + `],"next":null}`,
	}, s.listCarried)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/deliveries/{delivery}", view: ViewCanonical, id: "get-carried", tag: tagDelivery,
		summary: "A delivery", description: "A delivery by its order's number or id: who has it, when it comes, the link to follow it.",
		errors: []int{http.StatusNotFound}, response: exampleCarried,
	}, s.getCarried)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/deliveries/{delivery}/explain", view: ViewCanonical, id: "explain-delivery", tag: tagDelivery,
		summary: "Why who was asked",
		description: "Every driver who was asked, what he said, and why him: what the delivery added to his route and what it would have " +
			"added to others', in seconds of customers' time.",
		errors: []int{http.StatusNotFound},
		response: `{"delivery":` + exampleCarried + `,"offers":[{"attempt":1,"driver_id":3,"driver":"Marta","offered_at":"2024-12-16T12:09:00Z",
"answered_at":"2024-12-16T12:10:00Z","outcome":"accepted","reason":"","why":{"cost":1260,"food_waits_seconds":20,"open_orders":4,"drivers":3,
"alternatives":[{"driver_id":4,"driver":"Karim","cost":1415}]}}]}`,
	}, s.explainDelivery)
	add(s, route{
		method: http.MethodPost, path: "/api/v1/deliveries/{delivery}/assign", view: ViewCanonical, id: "assign-delivery", tag: tagDelivery,
		summary: "Give it to a driver", description: "By hand, whoever was asked or had it; he is not asked. Repeating it changes nothing.",
		request: `{"driver":"Marta"}`, errors: []int{http.StatusNotFound, http.StatusConflict}, response: exampleCarried,
	}, s.assignDelivery)
	add(s, route{
		method: http.MethodPost, path: "/api/v1/deliveries/{delivery}/unassign", view: ViewCanonical, id: "unassign-delivery", tag: tagDelivery,
		summary: "Take it back", description: "From whoever has it and has not picked it up: somebody is looked for, perhaps the same. " +
			"Repeating it changes nothing.",
		errors: []int{http.StatusNotFound, http.StatusConflict}, response: exampleCarried,
	}, s.unassignDelivery)
	add(s, route{
		method: http.MethodPost, path: "/api/v1/deliveries/{delivery}/take-over", view: ViewCanonical, id: "take-over-delivery", tag: tagDelivery,
		summary: "Let another driver take it over",
		description: "What a driver has on board goes to another who has met him: his vehicle is broken. Taken over the wrong way, it is taken " +
			"over back. Repeating it changes nothing.",
		request: `{"driver":"Karim"}`, errors: []int{http.StatusNotFound, http.StatusConflict}, response: exampleCarried,
	}, s.takeOverDelivery)
	add(s, route{
		method: http.MethodPut, path: "/api/v1/deliveries/{delivery}/pin", view: ViewCanonical, id: "pin-delivery", tag: tagDelivery,
		summary: "Pin it to a driver", description: "Nobody else is asked from now on; he is asked when it is time. Repeating it changes nothing.",
		request: `{"driver":"Marta"}`, errors: []int{http.StatusNotFound, http.StatusConflict}, response: exampleCarried,
	}, s.pinDelivery)
	add(s, route{
		method: http.MethodDelete, path: "/api/v1/deliveries/{delivery}/pin", view: ViewCanonical, id: "unpin-delivery", tag: tagDelivery,
		summary: "Unpin it", description: "Everybody may be asked again. Repeating it changes nothing.",
		errors: []int{http.StatusNotFound, http.StatusConflict}, response: exampleCarried,
	}, s.unpinDelivery)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/track/{token}", view: ViewCanonical, id: "track", tag: tagDelivery,
		summary: "Follow a delivery by its link",
		description: "For customers, without a token of their own: the link cannot be guessed. Where the driver is, is told only while he has " +
			"this order on board. Asking more than twice a second is 429.",
		errors: []int{http.StatusNotFound, http.StatusTooManyRequests},
		response: `{"order_number":"ORD_20241216_001","status":"picked_up","order_status":"in_delivery","eta":{"at":"2024-12-16T12:32:00Z",
"from":"2024-12-16T12:30:00Z","to":"2024-12-16T12:36:00Z"},"promised_at":"2024-12-16T12:40:00Z","late":false,"near":false,
"door":{"lat":40.416,"lon":-3.708},"driver":{"lat":40.418,"lon":-3.706,"at":"2024-12-16T12:27:58Z"},"placed_at":"2024-12-16T12:00:00Z",
"picked_up_at":"2024-12-16T12:25:00Z","closed_at":null}`,
	}, s.followDelivery)
}

// etaView is when something comes.
type etaView struct {
	At   time.Time `json:"at" doc:"Most likely"`
	From time.Time `json:"from" doc:"Hardly before"`
	To   time.Time `json:"to" doc:"Hardly after"`
}

// CarriedView is a delivery as clients see it.
type CarriedView struct {
	OrderID     int64      `json:"order_id" example:"1"`
	OrderNumber string     `json:"order_number" example:"ORD_20241216_001"`
	OutletID    int64      `json:"outlet_id" example:"1"`
	RegionID    int64      `json:"region_id" example:"1"`
	Status      string     `json:"status" enum:"requested,offered,assigned,picked_up,delivered,cancelled" example:"assigned"`
	OrderStatus string     `json:"order_status" doc:"Where the order itself is" example:"in_preparation"`
	DriverID    *int64     `json:"driver_id" doc:"Whom it is offered to, or who has it" example:"3"`
	Customer    string     `json:"customer" example:"Ada Lovelace"`
	Address     string     `json:"address" example:"Calle Mayor 5, Madrid"`
	From        pointBody  `json:"from" doc:"The restaurant"`
	To          pointBody  `json:"to" doc:"The door"`
	Located     bool       `json:"located" doc:"false: nobody knows where the door is; an ordinary ride is planned"`
	Size        int        `json:"size" doc:"Room on board, in ordinary orders" example:"1"`
	Needs       []string   `json:"needs" doc:"What its driver must be able to do" example:"[\"alcohol\"]"`
	PinnedTo    *int64     `json:"pinned_to" doc:"The only driver who may have it" example:"3"`
	PlacedAt    time.Time  `json:"placed_at"`
	PromisedAt  *time.Time `json:"promised_at" doc:"What the customer was told first"`
	ETA         *etaView   `json:"eta" doc:"When it comes; null: nobody knows yet"`
	OfferUntil  *time.Time `json:"offer_until" doc:"Until when the driver may answer"`
	AssignedAt  *time.Time `json:"assigned_at"`
	PickedUpAt  *time.Time `json:"picked_up_at"`
	EscalatedAt *time.Time `json:"escalated_at" doc:"Since when it does not go on by itself; note says why"`
	ClosedAt    *time.Time `json:"closed_at"`
	Note        string     `json:"note" doc:"Why nobody has it"`
	CodeWanted  bool       `json:"code_wanted" doc:"The customer says a code at the door"`
	AgeCheck    bool       `json:"age_check" doc:"It holds alcohol: the driver looks at the customer's papers"`
	AgeChecked  bool       `json:"age_checked" doc:"He did"`
	Zone        string     `json:"zone" doc:"As it was called when the order was placed; empty: none" example:"centre"`
	Proof       string     `json:"proof" doc:"How it was handed over: code, or photo:REFERENCE" example:"code"`
	Tracking    string     `json:"tracking,omitempty" doc:"The link by which the customer follows it" example:"/api/v1/track/0123456789abcdefABCDEF"`
}

func pointOf(p delivery.Point) pointBody { return pointBody{p.Lat, p.Lon} }

func etaOf(e delivery.ETA) *etaView {
	if e.At.IsZero() {
		return nil
	}
	return &etaView{e.At.UTC(), e.From.UTC(), e.To.UTC()}
}

func viewCarried(d *delivery.Delivery) CarriedView {
	return CarriedView{
		OrderID: d.Order, OrderNumber: d.Number, OutletID: d.Outlet, RegionID: d.Region, Status: string(d.Status), OrderStatus: d.OrderStatus,
		DriverID: given(d.Driver), Customer: d.Customer, Address: d.Address, From: pointOf(d.From), To: pointOf(d.To), Located: d.Located,
		Size: d.Size, Needs: delivery.SkillNames(d.Needs), PinnedTo: given(d.Pinned), PlacedAt: d.PlacedAt.UTC(), PromisedAt: when(d.PromisedAt),
		ETA: etaOf(d.ETA), OfferUntil: when(d.OfferUntil), AssignedAt: when(d.AssignedAt), PickedUpAt: when(d.PickedUpAt),
		EscalatedAt: when(d.EscalatedAt), ClosedAt: when(d.ClosedAt), Note: d.Note, CodeWanted: d.Code != "", Proof: d.Proof,
		AgeCheck: d.AgeCheck(), AgeChecked: d.AgeChecked, Zone: d.Zone,
		Tracking: "/api/v1/track/" + d.Token,
	}
}

// DeliveryRef names a delivery. It is exported for huma, as OutletParam.
type DeliveryRef struct {
	Delivery string `path:"delivery" doc:"The order's number or id" example:"ORD_20241216_001" maxLength:"64"`
}

type carriedOutput struct{ Body CarriedView }

// shown answers with a delivery.
func shown(d *delivery.Delivery, err error) (*carriedOutput, error) {
	if err != nil {
		return nil, err
	}
	return &carriedOutput{viewCarried(d)}, nil
}

type listCarriedInput struct {
	OutletParam
	Open   bool  `query:"open" doc:"Only those whose life goes on"`
	Limit  int   `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Deliveries per page"`
	Before int64 `query:"before" minimum:"0" doc:"Only deliveries with a smaller order id: next of the page before"`
}

type listCarriedOutput struct {
	Body struct {
		Deliveries []CarriedView `json:"deliveries"`
		Next       *int64        `json:"next" doc:"What to send as before for the next page; null: there is none"`
	} `nameHint:"CarriedPage"`
}

func (s *server) listCarried(ctx context.Context, who actor.Actor, in *listCarriedInput) (*listCarriedOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	f := delivery.Filter{Outlet: outlet, Open: in.Open, Before: in.Before, Limit: in.Limit}
	if who.Role == actor.Driver {
		f.Driver = max(who.Driver, -1)
	}
	list, err := s.Deliveries.List(ctx, who, f)
	if err != nil {
		return nil, err
	}
	out := &listCarriedOutput{}
	out.Body.Deliveries = make([]CarriedView, len(list))
	for i, d := range list {
		out.Body.Deliveries[i] = viewCarried(d)
	}
	if len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].Order
	}
	return out, nil
}

func (s *server) getCarried(ctx context.Context, who actor.Actor, in *DeliveryRef) (*carriedOutput, error) {
	out, err := shown(s.Deliveries.Get(ctx, who, in.Delivery))
	if err == nil && who.Role == actor.Driver {
		out.Body.Tracking = "" // it is the customer's
	}
	return out, err
}

type offerView struct {
	Attempt    int          `json:"attempt" example:"1"`
	DriverID   int64        `json:"driver_id" example:"3"`
	Driver     string       `json:"driver" example:"Marta"`
	OfferedAt  time.Time    `json:"offered_at"`
	AnsweredAt *time.Time   `json:"answered_at"`
	Outcome    string       `json:"outcome" enum:"open,accepted,declined,timed_out,withdrawn" example:"accepted"`
	Reason     string       `json:"reason"`
	Why        delivery.Why `json:"why"`
}

type explainDeliveryOutput struct {
	Body struct {
		Delivery CarriedView `json:"delivery"`
		Offers   []offerView `json:"offers" doc:"Oldest first"`
	} `nameHint:"DeliveryExplanation"`
}

func (s *server) explainDelivery(ctx context.Context, who actor.Actor, in *DeliveryRef) (*explainDeliveryOutput, error) {
	d, offers, err := s.Deliveries.Explain(ctx, who, in.Delivery)
	if err != nil {
		return nil, err
	}
	out := &explainDeliveryOutput{}
	out.Body.Delivery, out.Body.Offers = viewCarried(d), make([]offerView, len(offers))
	for i, o := range offers {
		out.Body.Offers[i] = offerView{o.Attempt, o.Driver, o.Name, o.OfferedAt.UTC(), when(o.AnsweredAt), o.Outcome, o.Reason, o.Why}
	}
	return out, nil
}

type assignInput struct {
	DeliveryRef
	Body struct {
		Driver string `json:"driver" minLength:"1" maxLength:"100" doc:"By name or id" example:"Marta"`
	} `nameHint:"AssignDelivery"`
}

func (s *server) assignDelivery(ctx context.Context, who actor.Actor, in *assignInput) (*carriedOutput, error) {
	d, err := s.Deliveries.Assign(ctx, who, in.Delivery, in.Body.Driver)
	return shown(d, err)
}

func (s *server) unassignDelivery(ctx context.Context, who actor.Actor, in *DeliveryRef) (*carriedOutput, error) {
	return shown(s.Deliveries.Unassign(ctx, who, in.Delivery))
}

func (s *server) takeOverDelivery(ctx context.Context, who actor.Actor, in *assignInput) (*carriedOutput, error) {
	return shown(s.Deliveries.TakeOver(ctx, who, in.Delivery, in.Body.Driver))
}

func (s *server) pinDelivery(ctx context.Context, who actor.Actor, in *assignInput) (*carriedOutput, error) {
	d, err := s.Deliveries.Pin(ctx, who, in.Delivery, in.Body.Driver)
	return shown(d, err)
}

func (s *server) unpinDelivery(ctx context.Context, who actor.Actor, in *DeliveryRef) (*carriedOutput, error) {
	d, err := s.Deliveries.Pin(ctx, who, in.Delivery, "")
	return shown(d, err)
}

type followInput struct {
	Token string `path:"token" minLength:"22" maxLength:"22" doc:"The secret of the link" example:"0123456789abcdefABCDEF"`
}

type hereView struct {
	Lat float64   `json:"lat" example:"40.418"`
	Lon float64   `json:"lon" example:"-3.706"`
	At  time.Time `json:"at" doc:"When he was there"`
}

type followOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		OrderNumber string     `json:"order_number" example:"ORD_20241216_001"`
		Status      string     `json:"status" enum:"requested,offered,assigned,picked_up,delivered,cancelled" example:"picked_up"`
		OrderStatus string     `json:"order_status" example:"in_delivery"`
		ETA         *etaView   `json:"eta" doc:"When it comes; null: nobody knows yet, or it is over"`
		PromisedAt  *time.Time `json:"promised_at" doc:"What was said first"`
		Late        bool       `json:"late" doc:"It will come later than was said"`
		Near        bool       `json:"near" doc:"The driver is about to arrive"`
		Door        pointBody  `json:"door"`
		Driver      *hereView  `json:"driver" doc:"Where he is; null unless he has this order on board"`
		PlacedAt    time.Time  `json:"placed_at"`
		PickedUpAt  *time.Time `json:"picked_up_at"`
		ClosedAt    *time.Time `json:"closed_at"`
	} `nameHint:"Tracking"`
}

func (s *server) followDelivery(ctx context.Context, _ actor.Actor, in *followInput) (*followOutput, error) {
	if !s.followers.allow(in.Token, time.Now()) {
		return nil, errs.TooMany("you ask too often: every two seconds is plenty")
	}
	f, err := s.Deliveries.Follow(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	out := &followOutput{CacheControl: "no-store"}
	b := &out.Body
	b.OrderNumber, b.Status, b.OrderStatus, b.PromisedAt = f.Number, string(f.Status), f.OrderStatus, when(f.PromisedAt)
	b.Late, b.Near, b.Door = !f.LateAt.IsZero(), !f.NearAt.IsZero(), pointOf(f.To)
	b.PlacedAt, b.PickedUpAt, b.ClosedAt = f.PlacedAt.UTC(), when(f.PickedUpAt), when(f.ClosedAt)
	if f.Open() {
		b.ETA = etaOf(f.ETA)
	}
	if f.Here != nil {
		b.Driver = &hereView{f.Here.Lat, f.Here.Lon, f.Here.At.UTC()}
	}
	return out, nil
}

// Limits of asking by link: so many at once, and one more each gap.
const (
	followBurst = 10
	followGap   = 500 * time.Millisecond
	followKept  = 20_000
)

// limiter lets each key through now and then. Its zero value lets everything begin.
type limiter struct {
	mu   sync.Mutex
	next map[string]time.Time // by when all that was let through is paid for
}

// allow tells whether a key may go through now.
func (l *limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == nil || len(l.next) >= followKept {
		l.next = map[string]time.Time{} // whoever asked too often may begin anew
	}
	paid := l.next[key]
	if paid.Before(now) {
		paid = now
	}
	if paid.Sub(now) >= followBurst*followGap {
		return false
	}
	l.next[key] = paid.Add(followGap)
	return true
}
