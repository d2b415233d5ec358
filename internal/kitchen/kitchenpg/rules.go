package kitchenpg

import (
	"context"
	"encoding/json"
	"time"

	"brigade/internal/event"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/store"
)

// fillRules reads by which rules kitchens decide.
func fillRules(ctx context.Context, q *db.Queries, outlets []int64, layouts map[int64]*kitchen.Layout) error {
	rows, err := q.Rules(ctx, outlets)
	for _, r := range rows {
		rules := kitchen.UsualRules()
		if err := json.Unmarshal(r.Rules, &rules); err != nil {
			return err
		}
		layouts[r.OutletID].Rules = &rules
	}
	return err
}

// PutRules implements kitchen.Repository. The kitchen's owner hears of it as of any change of its set-up.
func (s *Store) PutRules(ctx context.Context, tenant, outlet int64, r kitchen.Rules, by string, at time.Time) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return s.commit(ctx, func(tx store.Tx) error {
		err := s.q.WithTx(tx).PutRules(ctx, db.PutRulesParams{Outlet: outlet, Tenant: tenant, Rules: text})
		if err != nil {
			return err
		}
		return s.changed(ctx, tx, tenant, outlet, event.KitchenPayload{What: "rules", Now: string(r.Policy), By: by}, at)
	})
}
