package app_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/api/contracttest"
	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

func TestContractK(t *testing.T) {
	t.Parallel()
	contracttest.RunK(t, startDemo(t), http.DefaultClient)
}

func TestContractR(t *testing.T) {
	t.Parallel()
	contracttest.RunR(t, startDemo(t), http.DefaultClient)
}

// startDemo runs everything over the demo restaurant, in which nobody acts, and returns its address.
func startDemo(t *testing.T) string {
	t.Helper()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay}, Addr: "127.0.0.1:0",
		DatabaseURL: pgtest.NewURL(t), Demo: config.DemoData, AutoComplete: true,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, a.Stop(ctx))
	})
	return a.URL()
}
