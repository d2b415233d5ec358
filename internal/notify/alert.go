package notify

import (
	"encoding/json"
	"slices"
	"time"

	"brigade/internal/event"
)

// Alarm is an alert as those who are told of it see it. It is the data of webhooks.
type Alarm struct {
	ID       int64     `json:"id"`
	What     string    `json:"what"` // raised, escalated, acknowledged, archived
	Kind     string    `json:"kind"`
	Key      string    `json:"key"`
	Severity string    `json:"severity"`
	Level    int       `json:"level"`
	Status   string    `json:"status"`
	Title    string    `json:"title"`
	Detail   string    `json:"detail"`
	Count    int       `json:"count"`
	FirstAt  time.Time `json:"first_at"`
	LastAt   time.Time `json:"last_at"`
	By       string    `json:"by,omitempty"`
}

// urgent tells whether an outlet's own people are called: of what they have done themselves, or what is over, they are not.
func (a *Alarm) urgent() bool {
	return a == nil || slices.Contains([]string{"raised", "escalated"}, a.What)
}

// facts are what a message for people says.
func (a *Alarm) facts() Facts {
	return Facts{OrderID: -a.ID, Number: a.Title, Reason: a.Detail, Status: a.What} // no order has such an id
}

// SetAlarm reads back what a change told of an alert.
func (c *Change) SetAlarm(text []byte) error {
	c.Alarm = &Alarm{}
	err := json.Unmarshal(text, c.Alarm)
	c.Facts = c.Alarm.facts()
	return err
}

var ofAlert = map[event.Type]string{
	event.AlertRaised: "raised", event.AlertEscalated: "escalated", event.AlertAcknowledged: "acknowledged", event.AlertArchived: "archived",
}

// fromAlert reads what may be told of an alert; nothing of the house's own, which no tenant hears of.
func fromAlert(e event.Event, p event.AlertPayload) []Change {
	if e.Tenant == 0 {
		return nil
	}
	a := &Alarm{
		ID: p.AlertID, What: ofAlert[e.Type], Kind: p.Kind, Key: p.Key, Severity: p.Severity, Level: p.Level, Status: p.Status, Title: p.Title,
		Detail: p.Detail, Count: p.Count, FirstAt: p.FirstAt, LastAt: p.LastAt, By: p.By,
	}
	return []Change{{Tenant: e.Tenant, Outlet: e.Outlet, Sequence: e.Sequence, Kind: Alert, At: e.OccurredAt, Facts: a.facts(), Alarm: a}}
}
