package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// The busy demo, an hour in a minute and faster still: orders come in, are cooked, and go out, at all outlets.
func TestTheBusyDemoWorks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleKitchen, config.RoleRelay, config.RoleDelivery, config.RoleSim}, DatabaseURL: pgtest.NewURL(t),
		Demo: config.DemoBusy, AutoComplete: true, TimeScale: 80, // cooks have a second and a half before an assignment is stale
	})
	require.NoError(t, a.Start(ctx))
	defer func() { require.NoError(t, a.Stop(context.WithoutCancel(ctx))) }()
	db, err := pgx.Connect(ctx, a.DatabaseURL())
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close(context.WithoutCancel(ctx))) }()

	var outlets, closed, types, requeued int
	enough := func() bool {
		require.NoError(t, db.QueryRow(ctx, `
			select count(distinct outlet_id), count(*), count(distinct status),
			       (select count(*) from event_log where type = 'TASK_REQUEUED')
			from orders where source = 'demo' and status in ('served', 'collected', 'delivered')`,
		).Scan(&outlets, &closed, &types, &requeued))
		return outlets == 2 && closed >= 30 && types == 3
	}
	for until := time.Now().Add(5 * time.Minute); !enough(); <-time.After(100 * time.Millisecond) {
		require.True(t, time.Now().Before(until), "after five minutes %d orders are out, at %d outlets", closed, outlets)
	}
	require.Less(t, requeued, closed, "cooks come in time")
}
