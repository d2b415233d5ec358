package event

// Context is the part of the product that an event belongs to; brokers have one topic for each. All events of an
// aggregate belong to one context, so that their order can be kept.
func Context(e Event) string {
	switch e.AggregateType {
	case AggregateTask, AggregateTicket, AggregateOutlet, AggregateWork:
		return "kitchen"
	case AggregateDelivery, AggregateDriver:
		return "delivery"
	}
	return e.AggregateType + "s"
}
