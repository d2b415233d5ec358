package load_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/menu/load"
)

func TestDifferencesInLines(t *testing.T) {
	t.Parallel()
	have := parse(t, small)
	require.Equal(t, []string{"nothing to change"}, load.Compare(have, parse(t, small)).Lines())

	want := parse(t, strings.NewReplacer(
		"name: Acme", "name: Acme Foods",
		"{name: grill-1, station: grill, capacity: 1}", "{name: grill-2, station: grill, capacity: 3}",
		"machine: grill-1, seconds: 40.5", "seconds: 45, after: [slice bread]",
		"price: 2.5", "price: 2.80\n        description: Warm",
		"skills: [grill, bar]", "skills: [grill, bar], shifts: [{days: [sun], from: \"09:00\", to: \"17:00\"}]",
	).Replace(small))
	require.Equal(t, []string{
		"~ tenant acme: name Acme → Acme Foods",
		"+ main: machine grill-2 (station grill; capacity 3)",
		"~ main: staff Ann: shifts (none) → sun 09:00-17:00",
		"~ main: item toast: description (none) → Warm; price 2.50 → 2.80; step 2 toast bread (grill/grill-1, 40.5 s, priority 10) → toast bread (grill, 45 s, priority 10, after slice bread)",
		"- main: machine grill-1",
	}, load.Compare(have, want).Lines())
}

func TestDifferencesAsJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(load.Compare(parse(t, small), parse(t, strings.Replace(small, "price: 2.5", "price: 3", 1))))
	require.NoError(t, err)
	require.JSONEq(t, `{"tenant": "acme", "dry_run": false, "changes": [
		{"action": "changed", "kind": "item", "outlet": "main", "name": "toast", "fields": [{"field": "price", "from": "2.50", "to": "3.00"}]}
	]}`, string(text))
	text, err = json.Marshal(load.Compare(parse(t, small), parse(t, small)))
	require.NoError(t, err)
	require.JSONEq(t, `{"tenant": "acme", "dry_run": false, "changes": []}`, string(text))
}

func TestOutletsThatTheFileDoesNotNameAreLeftAlone(t *testing.T) {
	t.Parallel()
	require.Empty(t, load.Compare(parse(t, small+"  - {slug: b, name: B, stations: [], staff: []}\n"), parse(t, small)).Changes)
}

func TestNewTenant(t *testing.T) {
	t.Parallel()
	lines := load.Compare(nil, parse(t, small)).Lines()
	require.Len(t, lines, 1+1+2+1+1+1)
	require.Equal(t, "+ tenant acme (name Acme; tier standard; timezone Europe/Madrid; currency EUR)", lines[0])
}
