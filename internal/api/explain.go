package api

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/kitchen"
)

// Explainer tells where orders' time went; *kitchen.Explainer.
type Explainer interface {
	Order(ctx context.Context, who actor.Actor, order int64, due time.Time) (*kitchen.Account, error)
}

func (s *server) addExplain() {
	add(s, route{
		method: http.MethodGet, path: "/api/v1/orders/{ref}/explain", view: ViewCanonical, id: "explain-order", tag: tagOrders,
		summary: "Where an order's time went",
		description: "The time from when an order was placed until it was ready (or now), along the chain of tasks that made " +
			"it so long: waiting for a station, a machine or a person, held back, given to somebody who had not started, being " +
			"made. The segments touch each other and add up exactly to the total; what they bear of the lateness adds up to it. " +
			"Give `due` to measure against another time than the one that was promised.",
		errors: []int{http.StatusNotFound},
		response: `{"order_id":1,"number":"ORD_20241216_001","placed_at":"2024-12-16T12:00:00Z","ready_at":"2024-12-16T12:03:30Z","cancelled_at":null,
"until":"2024-12-16T12:03:30Z","due_at":"2024-12-16T12:03:00Z","total_secs":210,"late_secs":30,
"causes":[{"cause":"cooking","secs":115,"late_secs":0},{"cause":"station","secs":95,"late_secs":30}],
"segments":[{"cause":"station","from":"2024-12-16T12:00:00Z","to":"2024-12-16T12:01:35Z","secs":95,"late_secs":30,"task_id":1,
"item":"Burger combo","step":"grill patty","subject":"griller full","holders":[{"order_id":7,"number":"ORD_20241216_007","secs":95}]},
{"cause":"cooking","from":"2024-12-16T12:01:35Z","to":"2024-12-16T12:03:30Z","secs":115,"late_secs":0,"task_id":1,
"item":"Burger combo","step":"grill patty","subject":"Asha","holders":[]}]}`,
	}, s.explainOrder)
}

type explainOrderInput struct {
	Ref string    `path:"ref" doc:"Number or id" example:"ORD_20241216_001" maxLength:"100"`
	Due time.Time `query:"due" doc:"Measure lateness against this time" example:"2024-12-16T12:03:00Z"`
}

type causeView struct {
	Cause    kitchen.Cause `json:"cause" enum:"station,machine,person,other_items,hold,requeue,remake,not_started,cooking,overrun,other" example:"station"`
	Secs     float64       `json:"secs" example:"95"`
	LateSecs float64       `json:"late_secs" doc:"Its share in the lateness" example:"30"`
}

type holderView struct {
	Order  int64   `json:"order_id" example:"7"`
	Number string  `json:"number" example:"ORD_20241216_007"`
	Secs   float64 `json:"secs" doc:"Summed over its tasks" example:"95"`
}

type segmentView struct {
	Cause    kitchen.Cause `json:"cause" enum:"station,machine,person,other_items,hold,requeue,remake,not_started,cooking,overrun,other" example:"station"`
	From     time.Time     `json:"from"`
	To       time.Time     `json:"to"`
	Secs     float64       `json:"secs" example:"95"`
	LateSecs float64       `json:"late_secs" example:"30"`
	Task     *int64        `json:"task_id" example:"1"`
	Item     string        `json:"item" example:"Burger combo"`
	Step     string        `json:"step" example:"grill patty"`
	Subject  string        `json:"subject" doc:"What was wanting, or who did it" example:"griller full"`
	Holders  []holderView  `json:"holders" doc:"Whose tasks had what was wanting, most first"`
}

type accountView struct {
	Order     int64         `json:"order_id" example:"1"`
	Number    string        `json:"number" example:"ORD_20241216_001"`
	PlacedAt  time.Time     `json:"placed_at"`
	ReadyAt   *time.Time    `json:"ready_at" doc:"null: not yet, or never"`
	Cancelled *time.Time    `json:"cancelled_at" doc:"null: it was not"`
	Until     time.Time     `json:"until" doc:"When it was ready or cancelled, else now"`
	DueAt     *time.Time    `json:"due_at" doc:"null: nothing was promised"`
	TotalSecs float64       `json:"total_secs" example:"210"`
	LateSecs  float64       `json:"late_secs" example:"30"`
	Causes    []causeView   `json:"causes" doc:"The segments added up, the longest first"`
	Segments  []segmentView `json:"segments" doc:"In the order of time"`
}

type accountOutput struct{ Body accountView }

func (s *server) explainOrder(ctx context.Context, who actor.Actor, in *explainOrderInput) (*accountOutput, error) {
	if err := clean("ref", in.Ref); err != nil {
		return nil, err
	}
	o, err := s.Orders.Get(ctx, who, in.Ref)
	if err != nil {
		return nil, err
	}
	a, err := s.Explainer.Order(ctx, who, o.ID, in.Due)
	if err != nil {
		return nil, err
	}
	return &accountOutput{viewAccount(a)}, nil
}

func viewAccount(a *kitchen.Account) accountView {
	v := accountView{
		Order: a.Order, Number: a.Number, PlacedAt: a.Placed.UTC(), Until: a.End.UTC(), DueAt: when(a.Due),
		TotalSecs: a.Total().Seconds(), LateSecs: a.Late().Seconds(), Causes: []causeView{}, Segments: []segmentView{},
	}
	if a.Ready {
		v.ReadyAt = when(a.End)
	}
	if a.Cancelled {
		v.Cancelled = when(a.End)
	}
	for _, c := range a.Shares() {
		v.Causes = append(v.Causes, causeView{c.Cause, c.Took.Seconds(), c.Late.Seconds()})
	}
	for _, g := range a.Segments {
		s := segmentView{
			Cause: g.Cause, From: g.From.UTC(), To: g.To.UTC(), Secs: g.Length().Seconds(), LateSecs: g.Late.Seconds(),
			Subject: g.Subject, Holders: []holderView{},
		}
		if g.Task != nil {
			s.Task, s.Item, s.Step = &g.Task.ID, g.Task.Item, g.Task.Description
		}
		for _, h := range g.Holders {
			s.Holders = append(s.Holders, holderView{h.Order, h.Number, h.For.Seconds()})
		}
		v.Segments = append(v.Segments, s)
	}
	return v
}
