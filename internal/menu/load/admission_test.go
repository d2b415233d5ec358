package load_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func limitedFile(admission string) string {
	return strings.Replace(small, "    stations: [", "    admission: "+admission+"\n    stations: [", 1)
}

func TestHowMuchAnOutletTakesOn(t *testing.T) {
	t.Parallel()
	require.Empty(t, parse(t, small).Outlets[0].Admission)
	doc := parse(t, limitedFile(`{station_minutes: 30, stations: [{station: grill, minutes: 2.5}], acceptable_minutes: 45, answer: pause_source, sources: [api, orders], resume_below: 0.5}`))
	require.JSONEq(t, `{"waiting":1800000000000,"stations":{"grill":150000000000},"acceptable":2700000000000,"answer":"pause_source",
"sources":["api","orders"],"calm":0.5}`, doc.Outlets[0].Admission)
	require.Equal(t, "{}", parse(t, limitedFile("{}")).Outlets[0].Admission, "no limits, said in so many words")
}

func TestFaultyLimitsAreNamed(t *testing.T) {
	t.Parallel()
	all := strings.Join(faults(t, limitedFile(
		`{station_minutes: -1, stations: [{station: sauna, minutes: 3}, {minutes: x}], answer: shout, sources: [api], resume_below: 1, colour: red}`)), "\n")
	for _, says := range []string{"station_minutes", "sauna", "station", "minutes", "answer must be quote", "sources must be given", "resume_below", "colour"} {
		require.Contains(t, all, says)
	}
}
