package alertpg_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/alert"
	"brigade/internal/alert/alertpg"
)

func TestOpenAlertsAreCounted(t *testing.T) {
	t.Parallel()
	k := setup(t)
	counted := func() []alertpg.Count {
		list, err := k.store.Open(t.Context())
		require.NoError(t, err)
		return list
	}
	require.Empty(t, counted())
	k.raise(t, failed(acme, 1), failed(other, 2))
	require.Equal(t, []alertpg.Count{{Kind: alert.Failure, Severity: alert.Critical, Alerts: 2}}, counted())
	_, err := k.service.Acknowledge(t.Context(), k.who, k.list(t, alert.Filter{})[0].ID, "")
	require.NoError(t, err)
	require.Equal(t, 1, counted()[0].Alerts, "somebody looks after the other")
}
