package app

import (
	"context"

	"brigade/internal/tracking"
	"brigade/internal/tracking/trackingpg"
)

// buildLinks makes the links by which customers follow their orders, in every process: API, pages and messages have them.
func (a *App) buildLinks(ctx context.Context) error {
	secret, err := trackingpg.Secret(ctx, a.pool)
	if err != nil {
		return err
	}
	a.links = tracking.NewLinks(secret, a.cfg.Pages.PublicURL)
	return nil
}
