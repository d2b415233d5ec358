// Package worker is contract R's kitchen: workers that take whole orders from a queue, cook them and report, beside the
// task engine. What travels between them and everybody else is in message.go, as that contract writes it.
package worker

import (
	"encoding/json"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/money"
)

// Types are the order types that workers cook.
var Types = []string{"dine_in", "takeout", "delivery"}

// CookingTime is how long a worker cooks an order of a type: contract R's 8, 10 and 12 seconds.
func CookingTime(orderType string) time.Duration {
	switch orderType {
	case "dine_in":
		return 8 * time.Second
	case "takeout":
		return 10 * time.Second
	}
	return 12 * time.Second
}

// OrderMessage tells workers of a new order.
type OrderMessage struct {
	Number   string        `json:"order_number"`
	Customer string        `json:"customer_name"`
	Type     string        `json:"order_type"`
	Table    *int          `json:"table_number"`
	Address  *string       `json:"delivery_address"`
	Items    []MessageItem `json:"items"`
	Total    money.Amount  `json:"total_amount"`
	Priority int           `json:"priority"`
}

// MessageItem is one line of an order.
type MessageItem struct {
	Name     string       `json:"name"`
	Quantity int          `json:"quantity"`
	Price    money.Amount `json:"price"` // of one
}

// StatusMessage tells subscribers that an order went a step further.
type StatusMessage struct {
	Number    string     `json:"order_number"`
	Old       string     `json:"old_status"`
	New       string     `json:"new_status"`
	By        string     `json:"changed_by"`
	At        time.Time  `json:"timestamp"`
	Estimated *time.Time `json:"estimated_completion"`
}

// Sentence is what a notification says.
func (m StatusMessage) Sentence() string {
	return "Notification for order " + m.Number + ": Status changed from '" + m.Old + "' to '" + m.New + "' by " + m.By + "."
}

// DecodeOrder reads an order message. Fields that it does not know are left alone. Errors: KindMalformed, KindInvalid.
func DecodeOrder(body []byte) (m OrderMessage, err error) {
	if err := json.Unmarshal(body, &m); err != nil {
		return m, errs.Malformed("the message is no order").Because(err)
	}
	var f errs.Fields
	if m.Number == "" {
		f.Add("order_number", "must be given")
	}
	if !slices.Contains(Types, m.Type) {
		f.Add("order_type", "must be dine_in, takeout or delivery")
	}
	return m, f.Err()
}

// DecodeStatus reads a status message. Errors: KindMalformed.
func DecodeStatus(body []byte) (m StatusMessage, err error) {
	if err := json.Unmarshal(body, &m); err != nil || m.Number == "" {
		return m, errs.Malformed("the message is no change of status").Because(err)
	}
	return m, nil
}
