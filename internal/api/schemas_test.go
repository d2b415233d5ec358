package api

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/event"
)

func TestSchemasOfEventsAreServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res := b.call(t, http.MethodGet, "/api/v1/events/schemas", "")
	require.Equal(t, http.StatusOK, res.status)
	var types []eventType
	require.NoError(t, json.Unmarshal([]byte(res.text), &types))
	require.Len(t, types, len(event.Catalogue))
	for _, e := range types {
		res := b.call(t, http.MethodGet, e.Schema, "")
		require.Equal(t, http.StatusOK, res.status)
		require.Equal(t, string(e.Type), res.body["title"])
	}
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/api/v1/events/schemas/NOTHING", "").status)
}
