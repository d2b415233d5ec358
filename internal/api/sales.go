package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/menu"
	"brigade/internal/order"
)

const tagSales = "What is on sale"

// Sales decides what can be ordered just now; *menu.Sales.
type Sales interface {
	Pause(ctx context.Context, who actor.Actor, outlet int64, p menu.Pause) (menu.Pause, error)
	Resume(ctx context.Context, who actor.Actor, outlet int64, kind menu.PauseKind, name string) (menu.Pause, error)
	Paused(ctx context.Context, who actor.Actor, outlet int64) ([]menu.Pause, error)
}

const examplePause = `{"kind":"item","name":"wrap","until":"2024-12-16T18:00:00Z","reason":"sold out","by":"till-1","since":"2024-12-16T12:00:00Z"}`

func (s *server) addSales() {
	add(s, route{
		method: http.MethodGet, path: "/api/v1/status", view: ViewCanonical, id: "get-status", tag: tagSales,
		summary: "Whether an outlet takes orders",
		description: "For integrators: `open`; `busy`, it takes orders and they take longer than usual; `paused`, it takes none from the " +
			"source (the outlet, or the source, is paused). Below that, everything that cannot be ordered just now, and until when. An " +
			"order that needs something paused is refused with 409, which names it.",
		errors: []int{http.StatusNotFound}, response: `{"status":"open","paused":[` + examplePause + `]}`,
	}, s.getStatus)
	pause := changes(http.MethodPost, "/pauses", "pause", tagSales, "Pause something",
		"An item, a station (all items that need it), a source or the whole outlet cannot be ordered until a time, or until further "+
			"notice; orders that are in go on. It holds at once here and within a second or so in other processes. Paused again, the "+
			"new time and reason hold. Sources and outlets are for managers.", `{"kind":"station","name":"fryer","minutes":30,"reason":"oil change"}`,
		examplePause)
	add(s, pause, s.pause)
	add(s, changes(http.MethodDelete, "/pauses", "resume", tagSales, "End a pause", "It can be ordered again. Repeating it is fine.", "", ""), s.resume)
	add(s, changes(http.MethodPost, "/menu/{item}/86", "eighty-six", tagSales, "86 an item",
		"The item cannot be ordered any more, in any channel. The answer lists open orders that hold it and are not ready; with `drop`, "+
			"units of it that nobody has begun are taken off them. Repeating it is fine.", `{"reason":"sold out","drop":false}`,
		`{"item":"wrap","until":null,"reason":"sold out","orders":[{"order_number":"ORD_20241216_001","status":"created","line":1,
"quantity":2,"dropped":0}]}`), s.eightySix)
	add(s, changes(http.MethodPost, "/menu/{item}/back", "item-back", tagSales, "Sell an item again",
		"Ends an 86. Repeating it is fine.", "", `{"item":"wrap"}`), s.itemBack)
}

type pauseView struct {
	Kind   menu.PauseKind `json:"kind" enum:"outlet,source,station,item" example:"item"`
	Name   string         `json:"name" doc:"A source, a station's name, an item's SKU; empty for the outlet" example:"wrap"`
	Until  *time.Time     `json:"until" doc:"null: until further notice"`
	Reason string         `json:"reason" example:"sold out"`
	By     string         `json:"by" example:"till-1"`
	Since  time.Time      `json:"since"`
}

func viewPause(p menu.Pause) pauseView {
	return pauseView{p.Kind, p.Name, when(p.Until), p.Reason, p.By, p.At.UTC()}
}

type statusInput struct {
	OutletParam
	Source string `query:"source" default:"api" maxLength:"200" doc:"The channel that asks: api, kitchen (contract K), orders (contract R)" example:"api"`
}

type statusOutput struct {
	Body struct {
		Status string      `json:"status" enum:"open,busy,paused" example:"open"`
		Paused []pauseView `json:"paused"`
	} `nameHint:"OutletStatus"`
}

func (s *server) getStatus(ctx context.Context, who actor.Actor, in *statusInput) (*statusOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	pauses, err := s.Sales.Paused(ctx, who, outlet)
	out := &statusOutput{}
	pressure, err2 := s.Admissions.Pressure(ctx, who, outlet)
	err = errors.Join(err, err2)
	out.Body.Status, out.Body.Paused = string(cmp.Or(pressure.State, kitchen.StateOpen)), make([]pauseView, len(pauses))
	for i, p := range pauses {
		out.Body.Paused[i] = viewPause(p)
		if p.Kind == menu.PauseOutlet || p.Kind == menu.PauseSource && p.Name == in.Source {
			out.Body.Status = "paused"
		}
	}
	return out, err
}

// UntilBody is for how long something is paused. It is exported for huma, as OrderView.
type UntilBody struct {
	Until   *time.Time `json:"until,omitempty" doc:"Until this time; without it and minutes, until further notice" example:"2024-12-16T18:00:00Z"`
	Minutes *float64   `json:"minutes,omitempty" minimum:"1" maximum:"10080" doc:"Instead: for so long" example:"30"`
	Reason  string     `json:"reason,omitempty" maxLength:"200" example:"oil change"`
}

func (b UntilBody) pause(now time.Time, kind menu.PauseKind, name string) (menu.Pause, error) {
	p := menu.Pause{Kind: kind, Name: name, Reason: b.Reason}
	var f errs.Fields
	switch {
	case b.Until != nil && b.Minutes != nil:
		f.Add("minutes", "must not be given together with until")
	case b.Until != nil:
		p.Until = b.Until.UTC()
	case b.Minutes != nil:
		p.Until = now.Add(time.Duration(*b.Minutes * float64(time.Minute)))
	}
	if !text(b.Reason) {
		f.Add("reason", "must be UTF-8 without NUL")
	}
	if !text(name) {
		f.Add("name", "must be UTF-8 without NUL")
	}
	return p, f.Err()
}

// PauseBody is what to pause. It is exported for huma, as OrderView.
type PauseBody struct {
	Kind menu.PauseKind `json:"kind" enum:"outlet,source,station,item" example:"station"`
	Name string         `json:"name,omitempty" maxLength:"200" doc:"A source, a station, an item by SKU or name; none for the outlet" example:"fryer"`
	UntilBody
}

type pauseInput struct {
	OutletParam
	Body PauseBody
}

type pauseOutput struct{ Body pauseView }

func (s *server) pause(ctx context.Context, who actor.Actor, in *pauseInput) (*pauseOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	p, err := in.Body.pause(s.Clock.Now(), in.Body.Kind, in.Body.Name)
	if err != nil {
		return nil, err
	}
	p, err = s.Sales.Pause(ctx, who, outlet, p)
	return &pauseOutput{viewPause(p)}, err
}

type resumeInput struct {
	OutletParam
	Kind menu.PauseKind `query:"kind" required:"true" enum:"outlet,source,station,item" example:"station"`
	Name string         `query:"name" maxLength:"200" example:"fryer"`
}

func (s *server) resume(ctx context.Context, who actor.Actor, in *resumeInput) (*struct{}, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	_, err = s.Sales.Resume(ctx, who, outlet, in.Kind, in.Name)
	return nil, err
}

// ItemRef is the item that a request is about. It is exported for huma, as OutletParam.
type ItemRef struct {
	OutletParam
	Item string `path:"item" doc:"SKU or name" example:"wrap" maxLength:"200"`
}

type eightySixInput struct {
	ItemRef
	Body *eightySixBody
}

type eightySixBody struct {
	UntilBody
	Drop bool `json:"drop,omitempty" doc:"Take units that nobody has begun off open orders"`
}

type affectedOrder struct {
	Number   string       `json:"order_number" example:"ORD_20241216_001"`
	Status   order.Status `json:"status" example:"created"`
	Line     int          `json:"line" example:"1"`
	Quantity int          `json:"quantity" doc:"Before" example:"2"`
	Dropped  int          `json:"dropped" doc:"Units taken off" example:"0"`
}

type eightySixOutput struct {
	Body struct {
		Item   string          `json:"item" doc:"Its SKU" example:"wrap"`
		Until  *time.Time      `json:"until" doc:"null: until it is back"`
		Reason string          `json:"reason" example:"sold out"`
		Orders []affectedOrder `json:"orders" doc:"Open orders that hold it and are not ready, oldest first; at most 1000"`
	} `nameHint:"EightySix"`
}

func (s *server) eightySix(ctx context.Context, who actor.Actor, in *eightySixInput) (*eightySixOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	body := eightySixBody{}
	if in.Body != nil {
		body = *in.Body
	}
	p, err := body.pause(s.Clock.Now(), menu.PauseItem, in.Item)
	if err != nil {
		return nil, err
	}
	if p, err = s.Sales.Pause(ctx, who, outlet, p); err != nil {
		return nil, err
	}
	out := &eightySixOutput{}
	out.Body.Item, out.Body.Until, out.Body.Reason = p.Name, when(p.Until), p.Reason
	out.Body.Orders, err = s.affected(ctx, who, outlet, p, body.Drop)
	return out, err
}

// affected lists the open orders that hold an item, and takes it off them if asked to.
func (s *server) affected(ctx context.Context, who actor.Actor, outlet int64, p menu.Pause, drop bool) ([]affectedOrder, error) {
	lines, err := s.Editor.With(ctx, who, outlet, p.Name)
	if err != nil {
		return nil, err
	}
	dropped := make([]int, len(lines))
	if drop {
		if dropped, err = s.Editor.Drop(ctx, who, lines, p.String()); err != nil {
			return nil, err
		}
	}
	list := make([]affectedOrder, len(lines))
	for i, l := range lines {
		list[i] = affectedOrder{l.Number, l.Status, l.Line, l.Quantity, dropped[i]}
	}
	return list, nil
}

type itemBackOutput struct {
	Body struct {
		Item string `json:"item" doc:"Its SKU" example:"wrap"`
	} `nameHint:"ItemBack"`
}

func (s *server) itemBack(ctx context.Context, who actor.Actor, in *ItemRef) (*itemBackOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	p, err := s.Sales.Resume(ctx, who, outlet, menu.PauseItem, in.Item)
	out := &itemBackOutput{}
	out.Body.Item = p.Name
	return out, err
}
