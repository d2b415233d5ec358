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
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/api/v1/events/schemas/TASK_READY?version=1", "").status)
	later := b.call(t, http.MethodGet, "/api/v1/events/schemas/TASK_READY?version=2", "")
	require.Equal(t, http.StatusNotFound, later.status)
	require.Contains(t, later.text, "TASK_READY has no version 2: it is written in version 1")
}
