package floor

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// broken has no order that it could read.
type broken struct{ order.Store }

func (broken) Get(context.Context, int64, string) (order.Order, error) {
	return order.Order{}, errors.New("a nil pointer")
}

// alone is a restaurant of one outlet.
type alone struct{ page.Tenants }

func (alone) ListOutlets(context.Context, int64) ([]tenant.Outlet, error) {
	return []tenant.Outlet{{ID: 9, Tenant: 1, Slug: "kitchen"}}, nil
}

// Whoever tapped is told that what went wrong is in the log: it is.
func TestATapThatFailedIsInTheLog(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &server{
		Kit:   page.New(page.Parts{Tenants: alone{}, Log: slog.New(slog.NewTextHandler(&log, nil))}),
		Parts: Parts{Orders: order.NewService(broken{}, nil, nil, clock.NewManual(noon))},
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/kitchen/kitchen/taps", strings.NewReader(`[{"key":"tap-00001","do":"hand_over","number":"ORD_1"}]`))
	require.NoError(t, s.settleTaps(w, r, actor.Actor{Tenant: 1, Outlet: 9, Role: actor.Cook}))
	require.Contains(t, w.Body.String(), `"outcome":"refused"`)
	require.Regexp(t, `tap-00001.*a nil pointer`, log.String())
}
