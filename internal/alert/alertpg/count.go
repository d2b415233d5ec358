package alertpg

import (
	"context"

	"brigade/internal/alert"
	"brigade/internal/alert/alertpg/db"
	"brigade/internal/store"
)

// Count is how many alerts of a kind and severity nobody looks after yet.
type Count struct {
	Kind     alert.Kind
	Severity alert.Severity
	Alerts   int
}

// Open counts the open alerts of all tenants. What there is none of is left out.
func (s *Store) Open(ctx context.Context) ([]Count, error) {
	rows, err := db.New(s.pool).CountOpen(ctx)
	list := make([]Count, len(rows))
	for i, r := range rows {
		list[i] = Count{Kind: alert.Kind(r.Kind), Severity: alert.Severity(r.Severity), Alerts: int(r.Count)}
	}
	return list, store.Classify(err)
}
