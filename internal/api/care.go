package api

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/money"
	"brigade/internal/order"
)

// Care looks after orders whose lives do not go on by themselves; *order.Care.
type Care interface {
	Stuck(ctx context.Context, who actor.Actor) ([]order.StuckStep, error)
	File(ctx context.Context, who actor.Actor, ref string) (order.File, error)
	Resolve(ctx context.Context, who actor.Actor, ref, step, note string, refused bool) (order.Order, error)
	Reschedule(ctx context.Context, who actor.Actor, ref string, at time.Time, hhmm string) (order.Order, error)
	HandOverWith(ctx context.Context, who actor.Actor, ref string, p order.Proof) (order.Order, error)
	Settings(ctx context.Context, who actor.Actor, outlet int64) (order.Settings, error)
	PutSettings(ctx context.Context, who actor.Actor, outlet int64, set order.Settings) (order.Settings, error)
}

const exampleStuck = `{"steps":[{"order_number":"ORD_20241216_001","kind":"payment","step":"refund","tries":4,
"error":"the provider did not answer","since":"2024-12-16T12:00:00Z"}]}`

const exampleSettings = `{"payment_within_seconds":600,"hand_over_code":false,"pos_url":"","pos_accept_seconds":120,
"hours":[{"weekday":1,"opens":"11:00","closes":"22:30"}]}`

func (s *server) addCare() {
	add(s, route{
		method: http.MethodGet, path: "/api/v1/stuck", view: ViewCanonical, id: "list-stuck", tag: tagOrders,
		summary: "What does not come by itself",
		description: "Steps of orders that have failed three times, were refused although they must be done, or are overdue; " +
			"oldest first, at most 500.",
		response: exampleStuck,
	}, s.stuck)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/orders/{ref}/file", view: ViewCanonical, id: "get-order-file", tag: tagOrders,
		summary:     "All that is known of an order",
		description: "State, history, what it waits for and until when, every step of its payment with its key, and its jobs.",
		errors:      []int{http.StatusNotFound},
		response: `{"order":` + exampleOrder + `,"history":` + exampleHistory + `,"waits_for":"time","due_at":"2024-12-16T19:10:00Z",
"ready_for":"2024-12-16T19:30:00Z","external":false,"code":"","proof":"","failure":"","jobs":[]}`,
	}, s.orderFile)
	add(s, changes(http.MethodPost, "/orders/{ref}/resolve", "resolve-step", tagOrders, "Resolve a step by hand",
		"Says that a step which is pending or stuck was dealt with outside Brigade: it was done, or it never will be (refused). "+
			"The note is kept.", `{"step":"refund","note":"paid back in cash"}`, exampleOrder), s.resolveStep)
	add(s, changes(http.MethodPut, "/orders/{ref}/ready-at", "reschedule-order", tagOrders, "Change when an order shall be ready",
		"Until its kitchen has it. Repeating it gives the same answer.", `{"ready_for":"20:15"}`, exampleOrder), s.reschedule)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/outlets/{outlet}/order-settings", view: ViewCanonical, id: "get-order-settings", tag: tagOrders,
		summary: "How an outlet takes orders", description: "Opening hours, payment, hand-over and point of sale. Secrets are not shown.",
		errors: []int{http.StatusNotFound}, response: exampleSettings,
	}, s.orderSettings)
	add(s, changes(http.MethodPut, "/outlets/{outlet}/order-settings", "put-order-settings", tagOrders, "Set how an outlet takes orders",
		"All settings at once; they hold for orders taken from now on.", exampleSettings, exampleSettings), s.putOrderSettings)
}

type stuckView struct {
	Number string    `json:"order_number" example:"ORD_20241216_001"`
	Kind   string    `json:"kind" enum:"payment,timer,sale,balance" example:"payment"`
	Step   string    `json:"step" example:"refund"`
	Tries  int       `json:"tries" example:"4"`
	Error  string    `json:"error" example:"the provider did not answer"`
	Since  time.Time `json:"since"`
}

type stuckOutput struct {
	Body struct {
		Steps []stuckView `json:"steps"`
	} `nameHint:"StuckSteps"`
}

func (s *server) stuck(ctx context.Context, who actor.Actor, _ *struct{}) (*stuckOutput, error) {
	steps, err := s.Care.Stuck(ctx, who)
	out := &stuckOutput{}
	out.Body.Steps = make([]stuckView, len(steps))
	for i, st := range steps {
		out.Body.Steps[i] = stuckView{st.Number, st.Kind, st.Step, st.Tries, st.Error, st.Since.UTC()}
	}
	return out, err
}

type payStepView struct {
	Seq       int          `json:"seq"`
	Step      order.Step   `json:"step" enum:"authorise,capture,refund,release"`
	Amount    money.Amount `json:"amount"`
	Key       string       `json:"key" doc:"The idempotency key at the provider"`
	State     string       `json:"state" enum:"pending,done,refused,stuck,resolved"`
	Tries     int          `json:"tries" doc:"That failed"`
	Error     string       `json:"error"`
	Note      string       `json:"note" doc:"How it was resolved by hand"`
	BeganAt   time.Time    `json:"began_at"`
	ChangedAt time.Time    `json:"changed_at"`
}

type payView struct {
	Method     order.Method  `json:"method"`
	Authorised money.Amount  `json:"authorised"`
	Captured   money.Amount  `json:"captured"`
	Refunded   money.Amount  `json:"refunded"`
	Refused    bool          `json:"refused"`
	Released   bool          `json:"released"`
	Steps      []payStepView `json:"steps"`
}

type jobView struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"`
	State   string    `json:"state"`
	Attempt int       `json:"attempt"`
	NextAt  time.Time `json:"next_at"`
}

type fileView struct {
	Order    OrderView    `json:"order"`
	History  []changeView `json:"history"`
	Waits    order.Wait   `json:"waits_for" enum:",payment,time,acceptance"`
	DueAt    *time.Time   `json:"due_at" doc:"When the wait ends by itself"`
	ReadyFor *time.Time   `json:"ready_for" doc:"When it shall be ready"`
	External bool         `json:"external" doc:"Made by an external point of sale"`
	Code     string       `json:"code" doc:"Said by who collects it"`
	Proof    string       `json:"proof" doc:"How it was handed over"`
	Failure  string       `json:"failure" doc:"Why a step at the point of sale is not done yet"`
	Payment  *payView     `json:"payment,omitempty" doc:"Absent when it is paid outside Brigade"`
	Jobs     []jobView    `json:"jobs"`
}

type fileOutput struct{ Body fileView }

func (s *server) orderFile(ctx context.Context, who actor.Actor, in *orderRef) (*fileOutput, error) {
	f, err := s.Care.File(ctx, who, in.Ref)
	if err != nil {
		return nil, err
	}
	v := fileView{Order: viewOrder(f.Order), History: viewChanges(f.History), Jobs: make([]jobView, len(f.Jobs))}
	for i, j := range f.Jobs {
		v.Jobs[i] = jobView{j.ID, j.Kind, j.State, j.Attempt, j.Next.UTC()}
	}
	if t := f.Terms; t != nil {
		v.Waits, v.DueAt, v.ReadyFor, v.External = t.Waits, when(t.DueAt), when(t.WantedAt), t.External
		v.Code, v.Proof, v.Failure, v.Payment = t.Code, t.Proof, t.Failure, viewPayment(t.Pay, f.Steps)
	}
	return &fileOutput{v}, nil
}

func viewPayment(p order.Payment, steps []order.StepView) *payView {
	if p.Method == order.NoMethod {
		return nil
	}
	v := &payView{p.Method, p.Authorised, p.Captured, p.Refunded, p.Refused, p.Released, make([]payStepView, len(steps))}
	for i, st := range steps {
		v.Steps[i] = payStepView{st.Seq, st.Step, st.Sum, st.Key, st.State, st.Tries, st.Error, st.Note, st.Began.UTC(), st.Changed.UTC()}
	}
	return v
}

type resolveInput struct {
	OrderRef
	Body struct {
		Step    string `json:"step" enum:"authorise,capture,refund,release,prepare" example:"refund"`
		Note    string `json:"note" maxLength:"500" doc:"How it was resolved" example:"paid back in cash"`
		Refused bool   `json:"refused,omitempty" doc:"It was not done and never will be"`
	} `nameHint:"ResolveStep"`
}

func (s *server) resolveStep(ctx context.Context, who actor.Actor, in *resolveInput) (*oneOrderOutput, error) {
	if err := clean("note", in.Body.Note); err != nil {
		return nil, err
	}
	o, err := s.Care.Resolve(ctx, who, in.Ref, in.Body.Step, in.Body.Note, in.Body.Refused)
	return &oneOrderOutput{viewOrder(o)}, err
}

type rescheduleInput struct {
	OrderRef
	Body struct {
		ReadyAt  *time.Time `json:"ready_at,omitempty" example:"2024-12-16T19:30:00Z"`
		ReadyFor string     `json:"ready_for,omitempty" doc:"By the outlet's clock" example:"19:30"`
	} `nameHint:"RescheduleOrder"`
}

func (s *server) reschedule(ctx context.Context, who actor.Actor, in *rescheduleInput) (*oneOrderOutput, error) {
	var at time.Time
	if in.Body.ReadyAt != nil {
		at = *in.Body.ReadyAt
	}
	o, err := s.Care.Reschedule(ctx, who, in.Ref, at, in.Body.ReadyFor)
	return &oneOrderOutput{viewOrder(o)}, err
}

type hoursView struct {
	Weekday int    `json:"weekday" minimum:"0" maximum:"6" doc:"0 is Sunday" example:"1"`
	Opens   string `json:"opens" doc:"HH:MM of the outlet's clock" example:"11:00"`
	Closes  string `json:"closes" doc:"HH:MM; not after opens: next day" example:"22:30"`
}

type settingsBody struct {
	PaymentWithin int         `json:"payment_within_seconds" minimum:"1" maximum:"86400" doc:"An order that is not paid by then is cancelled" example:"600"`
	HandOverCode  bool        `json:"hand_over_code" doc:"Collected and delivered only with the order's code" example:"false"`
	PosURL        string      `json:"pos_url" maxLength:"500" doc:"The external point of sale; empty: the own kitchen" example:""`
	PosSecret     string      `json:"pos_secret,omitempty" maxLength:"200" doc:"Signs what is sent there and what comes back; never shown"`
	PosAccept     int         `json:"pos_accept_seconds" minimum:"1" maximum:"86400" doc:"An order that it has not taken by then is cancelled" example:"120"`
	Hours         []hoursView `json:"hours" doc:"Empty: always open"`

	Alert *contactBody `json:"alert,omitempty" doc:"The outlet's own people, told when nobody makes an order; without it, nobody is told"`
}

type settingsOutput struct{ Body settingsBody }

type outletRef struct {
	Outlet string `path:"outlet" doc:"Slug or id" example:"kitchen" maxLength:"100"`
}

func (s *server) orderSettings(ctx context.Context, who actor.Actor, in *outletRef) (*settingsOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	set, err := s.Care.Settings(ctx, who, outlet)
	return &settingsOutput{viewSettings(set)}, err
}

type putSettingsInput struct {
	Outlet string `path:"outlet" doc:"Slug or id" example:"kitchen" maxLength:"100"`
	Body   settingsBody
}

func (s *server) putOrderSettings(ctx context.Context, who actor.Actor, in *putSettingsInput) (*settingsOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	set, err := in.Body.settings()
	if err != nil {
		return nil, err
	}
	set, err = s.Care.PutSettings(ctx, who, outlet, set)
	return &settingsOutput{viewSettings(set)}, err
}

func viewSettings(set order.Settings) settingsBody {
	v := settingsBody{
		PaymentWithin: int(set.PaymentWithin.Seconds()), HandOverCode: set.HandOverCode, PosURL: set.PosURL,
		PosAccept: int(set.PosAccept.Seconds()), Hours: make([]hoursView, len(set.Hours)),
	}
	if set.Alert != (order.Contact{}) {
		v.Alert = &contactBody{Email: set.Alert.Email, Phone: set.Alert.Phone, Language: set.Alert.Language}
	}
	for i, h := range set.Hours {
		v.Hours[i] = hoursView{int(h.Weekday), wall(h.Opens), wall(h.Closes)}
	}
	return v
}

// wall is what a clock on the wall shows so long after midnight.
func wall(d time.Duration) string { return time.Time{}.Add(d).Format("15:04") }

func (b settingsBody) settings() (order.Settings, error) {
	set := order.Settings{
		PaymentWithin: time.Duration(b.PaymentWithin) * time.Second, PosAccept: time.Duration(b.PosAccept) * time.Second,
		HandOverCode: b.HandOverCode, PosURL: b.PosURL, PosSecret: b.PosSecret,
	}
	alert, err := b.Alert.contactAt("alert.")
	if err != nil {
		return order.Settings{}, err
	}
	if alert != nil {
		set.Alert = *alert
	}
	var f errs.Fields
	for _, h := range b.Hours {
		opens, err := time.Parse("15:04", h.Opens)
		closes, err2 := time.Parse("15:04", h.Closes)
		if err != nil || err2 != nil {
			f.Add("hours", "must be HH:MM, not %q to %q", h.Opens, h.Closes)
			continue
		}
		midnight := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
		set.Hours = append(set.Hours, order.OpenHours{Weekday: time.Weekday(h.Weekday), Opens: opens.Sub(midnight), Closes: closes.Sub(midnight)})
	}
	return set, f.Err()
}

// WebhookHeard takes what Stripe sends, and returns false when it is not from Stripe.
type WebhookHeard func(ctx context.Context, body []byte, signature string) error

// CalledBack takes what an outlet's point of sale has to say.
type CalledBack func(ctx context.Context, outlet int64, signature, timestamp string, body []byte) error

type callBackInput struct {
	Outlet    int64  `path:"outlet" doc:"The outlet's id" example:"1"`
	Signature string `header:"X-Brigade-Signature" doc:"Hex HMAC-SHA256 of TIMESTAMP.BODY under the outlet's pos_secret"`
	Timestamp string `header:"X-Brigade-Timestamp" doc:"Unix seconds, at most five minutes off" example:"1734350400"`
	RawBody   []byte
	Body      map[string]any `nameHint:"SaleEvent"`
}

func (s *server) calledBack(ctx context.Context, _ actor.Actor, in *callBackInput) (*struct{}, error) {
	if s.CalledBack == nil {
		return nil, errs.NotFound("there is no external point of sale")
	}
	return nil, s.CalledBack(ctx, in.Outlet, in.Signature, in.Timestamp, in.RawBody)
}

type webhookInput struct {
	Signature string `header:"Stripe-Signature"`
	RawBody   []byte
	Body      map[string]any `nameHint:"StripeEvent"`
}

func (s *server) addWebhooks() {
	add(s, route{
		method: http.MethodPost, path: "/api/v1/outlets/{outlet}/pos", view: ViewCanonical, id: "sale-call-back", tag: tagOrders,
		summary:     "What an external point of sale has to say",
		description: "Signed with the outlet's secret: it accepts, rejects or has finished an order. Repeating it changes nothing.",
		request:     `{"order_id":1,"event":"finished"}`,
		status:      http.StatusNoContent, errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusConflict},
	}, s.calledBack)
	add(s, route{
		method: http.MethodPost, path: "/api/v1/payments/stripe/webhook", view: ViewCanonical, id: "stripe-webhook", tag: tagOrders,
		summary:     "What Stripe has to say",
		description: "Signed by Stripe. It makes Brigade look at the payment it names; nothing else is believed.",
		request:     `{"type":"payment_intent.succeeded"}`,
		status:      http.StatusNoContent, errors: []int{http.StatusUnauthorized}, lenient: true,
	}, func(ctx context.Context, _ actor.Actor, in *webhookInput) (*struct{}, error) {
		if s.Heard == nil {
			return nil, errs.NotFound("payments by card are not set up")
		}
		return nil, s.Heard(ctx, in.RawBody, in.Signature)
	})
}
