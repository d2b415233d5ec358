package app

import (
	"encoding/json"
	"time"

	"brigade/internal/event"
	"brigade/internal/event/rabbitmq"
)

// workflowMessage is contract O's message of an execution that ended.
type workflowMessage struct {
	Type      string    `json:"event_type"`
	Name      string    `json:"workflow_name"`
	Execution int64     `json:"execution_id"`
	Tenants   int       `json:"tenants_processed"`
	Steps     int       `json:"steps_completed"`
	Failed    int       `json:"steps_failed"`
	Seconds   float64   `json:"duration_seconds"`
	At        time.Time `json:"timestamp"`
	Error     *string   `json:"error_message,omitempty"`    // of one that failed
	Affected  *int      `json:"tenants_affected,omitempty"` // likewise
}

// workflowKinds are contract O's names of events.
var workflowKinds = map[event.Type]string{event.WorkflowCompleted: "workflow_completed", event.WorkflowFailed: "workflow_failed"}

// workflowMessages is what contract O's clients are told of events, whoever's they are.
func workflowMessages(e event.Event) []rabbitmq.Message {
	kind, ok := workflowKinds[e.Type]
	var p event.WorkflowPayload
	if !ok || json.Unmarshal(e.Payload, &p) != nil {
		return nil
	}
	m := workflowMessage{
		Type: kind, Name: p.WorkflowName, Execution: p.ExecutionID, Tenants: p.Tenants, Steps: p.StepsCompleted, Failed: p.StepsFailed,
		Seconds: p.Seconds, At: e.OccurredAt.UTC(),
	}
	if e.Type == event.WorkflowFailed {
		m.Error, m.Affected = &p.Error, &p.TenantsAffected
	}
	return []rabbitmq.Message{{
		Exchange: rabbitmq.OrchestratorExchange, Key: "orchestrator." + kind, ID: e.ID.String(), Type: kind, At: e.OccurredAt, Body: encode(m),
	}}
}
