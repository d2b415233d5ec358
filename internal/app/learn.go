package app

import (
	"context"

	"brigade/internal/config"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/lease"
	"brigade/internal/store"
)

// startLearning learns from what all kitchens do how long work takes; one node does at a time.
func (a *App) startLearning(context.Context) error {
	if !a.has(config.RoleKitchen) {
		return nil
	}
	learner := kitchen.NewLearner(kitchen.LearnerParts{
		Store: kitchenpg.NewLearning(a.pool, func(ctx context.Context, tx store.Tx, fence int64) error {
			return lease.Check(ctx, tx, []string{kitchen.LearningResource}, []int64{fence})
		}),
		Probe: a.eventLog.Probe, Fence: func() (int64, bool) { return a.node.Owned(kitchen.LearningResource) },
		Now: a.clock.Now, Log: a.log,
	})
	a.run("learning", learner.Run)
	list := func(context.Context) ([]string, error) { return []string{kitchen.LearningResource}, nil }
	return a.node.Want("learning", list, func(lease.Change) {})
}
