package notify

import "fmt"

// restaurantWords are the statuses as the restaurant services call them.
var restaurantWords = map[string]string{
	"created": "received", "scheduled": "received", "in_preparation": "cooking", "ready": "ready",
	"scheduling_delivery": "ready", "waiting_for_driver": "ready", "in_delivery": "ready",
	"served": "completed", "collected": "completed", "delivered": "completed", "cancelled": "cancelled", "rejected": "cancelled",
}

// Sentence is what the console shows of a change.
func Sentence(f Facts) string {
	return fmt.Sprintf("Notification for order %s: Status changed from '%s' to '%s' by %s.",
		f.Number, restaurantWords[f.OldStatus], restaurantWords[f.Status], f.ChangedBy)
}
