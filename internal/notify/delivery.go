package notify

import "brigade/internal/event"

// ofDelivery says what an event of a delivery means to those who are told.
var ofDelivery = map[event.Type]Kind{
	event.DriverNear: DriverNear, event.DeliveryLate: Delayed, event.DeliveryEscalated: Delayed,
}

// carriedFrom keeps the changes of an order's delivery apart from the order's own.
const carriedFrom = 1_000_000

// fromDelivery reads what may be told of an order on its way to its door.
func fromDelivery(e event.Event, p event.DeliveryPayload) []Change {
	kind, ok := ofDelivery[e.Type]
	if !ok {
		return nil
	}
	return []Change{{
		Tenant: e.Tenant, Outlet: e.Outlet, Sequence: carriedFrom + e.Sequence, Kind: kind, At: e.OccurredAt,
		Facts: Facts{
			OrderID: p.OrderID, Number: p.OrderNumber, Status: p.Status, Type: "delivery", CustomerName: p.CustomerName, ChangedBy: p.By,
			ExpectedAt: p.ETA,
		},
	}}
}
