package api

import (
	"context"
	"net/http"

	"brigade/internal/actor"
	"brigade/internal/modifier"
	"brigade/internal/order"
)

// Editor changes orders while they are cooked; *order.Editor.
type Editor interface {
	Cancel(ctx context.Context, who actor.Actor, ref, made, reason string) (order.Order, error)
	SetQuantity(ctx context.Context, who actor.Actor, ref string, line, quantity int, made, reason string) (order.Order, error)
	AddLines(ctx context.Context, who actor.Actor, ref string, items []order.Wanted, key, reason string) (order.Order, error)
	With(ctx context.Context, who actor.Actor, outlet int64, sku string) ([]order.OpenLine, error)
	Drop(ctx context.Context, who actor.Actor, lines []order.OpenLine, reason string) ([]int, error)
}

func (s *server) addEdits() {
	add(s, changes(http.MethodPost, "/orders/{ref}/cancel", "cancel-order", tagOrders, "Cancel an order",
		"Until it is handed over. What nobody has begun is not made, those who are at it are told, and what is made is recorded as "+
			"wasted or returned. The event says what is to be paid back. Repeating it gives the same answer.",
		`{"reason":"the guest has left","made":"wasted"}`, exampleOrder), s.cancelOrder)
	add(s, changes(http.MethodPut, "/orders/{ref}/lines/{line}", "set-line-quantity", tagOrders, "Take units off a line",
		"Lets a line hold fewer units, 0 for none; those that are least begun go first. With its last unit the order is cancelled. "+
			"The total follows. Repeating it gives the same answer.", `{"quantity":1,"reason":"changed his mind"}`, exampleOrder), s.setQuantity)
	lines := changes(http.MethodPost, "/orders/{ref}/lines", "add-order-lines", tagOrders, "Add items to an order",
		"New lines of an order that is being cooked; one that was ready is so no longer. With an Idempotency-Key the same request "+
			"again adds nothing and gives the order.", `{"items":[{"sku":"cold_coffee","quantity":1}]}`, exampleOrder)
	add(s, lines, s.addLines)
}

// OrderRef is the order that a request is about. It is exported for huma, as OutletParam.
type OrderRef struct {
	Ref string `path:"ref" doc:"The order's number or id" example:"ORD_20241216_001" maxLength:"64"`
}

type madeBody struct {
	Made   string `json:"made,omitempty" enum:"wasted,returned" doc:"What becomes of what is made; without it, wasted" example:"wasted"`
	Reason string `json:"reason,omitempty" maxLength:"200" example:"the guest has left"`
}

type cancelInput struct {
	OrderRef
	Body *madeBody `nameHint:"CancelOrder"`
}

func (s *server) cancelOrder(ctx context.Context, who actor.Actor, in *cancelInput) (*oneOrderOutput, error) {
	body := madeBody{}
	if in.Body != nil {
		body = *in.Body
	}
	if err := clean("reason", body.Reason); err != nil {
		return nil, err
	}
	o, err := s.Editor.Cancel(ctx, who, in.Ref, body.Made, body.Reason)
	return &oneOrderOutput{viewOrder(o)}, err
}

type quantityInput struct {
	OrderRef
	Line int `path:"line" doc:"The line's number, from 1" example:"1"`
	Body struct {
		Quantity count  `json:"quantity" doc:"So many from now on; 0 for none" example:"1"`
		Made     string `json:"made,omitempty" enum:"wasted,returned" doc:"What becomes of what is made; without it, wasted" example:"wasted"`
		Reason   string `json:"reason,omitempty" maxLength:"200" example:"changed his mind"`
	} `nameHint:"LineQuantity"`
}

func (s *server) setQuantity(ctx context.Context, who actor.Actor, in *quantityInput) (*oneOrderOutput, error) {
	if err := clean("reason", in.Body.Reason); err != nil {
		return nil, err
	}
	o, err := s.Editor.SetQuantity(ctx, who, in.Ref, in.Line, int(in.Body.Quantity), in.Body.Made, in.Body.Reason)
	return &oneOrderOutput{viewOrder(o)}, err
}

type addLinesInput struct {
	OrderRef
	KeyParam
	Body struct {
		Items  []placeItem `json:"items"`
		Reason string      `json:"reason,omitempty" maxLength:"200" example:"still thirsty"`
	} `nameHint:"AddLines"`
}

func (s *server) addLines(ctx context.Context, who actor.Actor, in *addLinesInput) (*oneOrderOutput, error) {
	if err := clean("Idempotency-Key", in.Key); err != nil {
		return nil, err
	}
	if err := clean("reason", in.Body.Reason); err != nil {
		return nil, err
	}
	o, err := s.Editor.AddLines(ctx, who, in.Ref, wanted(in.Body.Items), in.Key, in.Body.Reason)
	return &oneOrderOutput{viewOrder(o)}, err
}

func wanted(items []placeItem) []order.Wanted {
	list := make([]order.Wanted, len(items))
	for i, it := range items {
		list[i] = order.Wanted{SKU: it.SKU, Quantity: int(it.Quantity), Course: int(it.Course), Note: it.Note}
		for _, p := range it.Choices {
			list[i].Picks = append(list[i].Picks, modifier.Pick(p))
		}
	}
	return list
}
