package load_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/menu/load"
)

// small is a file without faults, to be spoilt by tests.
const small = `tenant: {slug: acme, name: Acme, timezone: Europe/Madrid}
outlets:
  - slug: main
    name: Main
    stations: [{name: grill, capacity: 2}, {name: bar, capacity: 1}]
    machines: [{name: grill-1, station: grill, capacity: 1}]
    staff: [{name: Ann, max_parallel: 2, skills: [grill, bar]}]
    menu:
      - sku: toast
        name: Toast
        price: 2.5
        steps:
          - {name: slice bread, station: bar, seconds: 5}
          - {name: toast bread, station: grill, machine: grill-1, seconds: 40.5}
`

func parse(t *testing.T, text string) *load.Document {
	t.Helper()
	doc, err := load.Parse("f.yaml", []byte(text))
	require.NoError(t, err)
	return doc
}

// faults returns the faults of a file as lines.
func faults(t *testing.T, text string) []string {
	t.Helper()
	_, err := load.Parse("f.yaml", []byte(text))
	e, ok := errors.AsType[*errs.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, errs.KindInvalid, e.Kind)
	if len(e.Fields) == 0 {
		return []string{e.Msg}
	}
	var lines []string
	for _, f := range e.Fields {
		lines = append(lines, f.Path+" "+f.Message)
	}
	return lines
}

func TestDefaultsAreFilledIn(t *testing.T) {
	t.Parallel()
	doc := parse(t, small)
	require.Equal(t, load.Tenant{Slug: "acme", Name: "Acme", Tier: "standard", Timezone: "Europe/Madrid", Currency: "EUR"}, doc.Tenant)
	require.Equal(t, []load.Outlet{{
		Slug: "main", Name: "Main", Timezone: "Europe/Madrid", StaleAfter: 2 * time.Minute, CourseGap: 10 * time.Minute,
		Stations: []load.Station{{Name: "grill", Capacity: 2}, {Name: "bar", Capacity: 1}},
		Machines: []load.Machine{{Name: "grill-1", Station: "grill", Capacity: 1}},
		Staff:    []load.Staff{{Name: "Ann", MaxParallel: 2, Efficiency: 1, Skills: []string{"bar", "grill"}}},
		Items: []load.Item{{SKU: "toast", Name: "Toast", Price: 250, Steps: []load.Step{
			{Name: "slice bread", Station: "bar", Seconds: 5, Priority: 10},
			{Name: "toast bread", Station: "grill", Machine: "grill-1", Seconds: 40.5, Priority: 10},
		}}},
	}}, doc.Outlets)
}

func TestShiftsAndBreaks(t *testing.T) {
	t.Parallel()
	doc := parse(t, strings.Replace(small, "skills: [grill, bar]", `skills: [grill, bar],
      shifts: [{days: [fri, mon], from: "18:00", to: 02:00}, {days: [mon], from: "09:00", to: "24:00"}], breaks: [{from: 13:00, to: "13:30"}]`, 1))
	times := doc.Outlets[0].Staff[0].Times
	require.Equal(t, []load.Time{
		{Kind: load.Shift, Weekday: time.Monday, Starts: "09:00", Ends: "00:00"},
		{Kind: load.Shift, Weekday: time.Monday, Starts: "18:00", Ends: "02:00"},
		{Kind: load.Shift, Weekday: time.Friday, Starts: "18:00", Ends: "02:00"},
		{Kind: load.Break, Weekday: time.Sunday, Starts: "13:00", Ends: "13:30"},
	}, times[:4])
	require.Len(t, times, 3+7, "without days it is every day")
}

func TestDependenciesAreExplicitOrInferred(t *testing.T) {
	t.Parallel()
	// Two machines of capacity 1 at the grill; oven-1 is alone at its station.
	const kitchen = `tenant: {slug: a, name: A, timezone: UTC}
outlets:
  - slug: o
    name: O
    stations: [{name: grill, capacity: 4}, {name: oven, capacity: 4}]
    machines: [{name: g1, station: grill, capacity: 1}, {name: g2, station: grill, capacity: 1}, {name: o1, station: oven, capacity: 1}]
    staff: [{name: Ann, max_parallel: 2, skills: [grill, oven]}]
    menu:
      - sku: x
        name: X
        price: 1
        steps:
`
	for name, c := range map[string]struct {
		steps string
		want  [][]int
	}{
		"a finishing step waits": {
			"- {name: a, station: grill, seconds: 1}\n- {name: b, station: grill, seconds: 1}\n- {name: Plate it, station: grill, seconds: 1}",
			[][]int{nil, nil, {0, 1}},
		},
		"one named machine": {
			"- {name: a, station: grill, machine: g1, seconds: 1}\n- {name: b, station: grill, machine: g1, seconds: 1}\n- {name: c, station: grill, machine: g2, seconds: 1}",
			[][]int{nil, {0}, nil},
		},
		"the only machine of a station": {
			"- {name: a, station: oven, seconds: 1}\n- {name: b, station: oven, machine: o1, seconds: 1}",
			[][]int{nil, {0}},
		},
		"explicit, also on a later step": {
			"- {name: a, station: grill, seconds: 1, after: [assemble]}\n- {name: assemble, station: grill, seconds: 1}",
			[][]int{{1}, nil},
		},
		"explicit and empty": {
			"- {name: a, station: oven, seconds: 1, after: []}\n- {name: assemble, station: oven, seconds: 1}",
			[][]int{nil, nil},
		},
		"explicit and nothing at all": {
			"- {name: a, station: oven, seconds: 1, after: }\n- {name: assemble, station: oven, seconds: 1}",
			[][]int{nil, nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got [][]int
			for _, s := range parse(t, kitchen+indent(c.steps, 10)).Outlets[0].Items[0].Steps {
				got = append(got, s.After)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func indent(text string, by int) string {
	pad := strings.Repeat(" ", by)
	return pad + strings.ReplaceAll(text, "\n", "\n"+pad) + "\n"
}

func TestAllFaultsAreToldAtOnceWithTheirPlaces(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{
		`f.yaml:1:9: a tenant needs slug`,
		`f.yaml:1:16: name must be text: put 12 in quotes`,
		`f.yaml:1:30: unknown time zone "Mars/Base": it is written as Europe/Madrid`,
		`f.yaml:1:47: tier must be starter, standard or enterprise`,
		`f.yaml:1:65: currency must be three capital letters, as EUR`,
		`f.yaml:1:70: unknown key "colour": a tenant has slug, name, tier, timezone, currency`,
		`f.yaml:5:18: stale_after must be from 1s to 24h in whole seconds, as 90s or 2m`,
		`f.yaml:6:24: unknown station "nowhere": there are grill, idle`,
		`f.yaml:9:24: there are two stations "grill"`,
		`f.yaml:9:41: capacity must be a whole number from 1 to 10000`,
		`f.yaml:10:20: a station needs capacity`,
		`f.yaml:12:32: unknown station "gril": there are grill, idle`,
		`f.yaml:12:48: capacity must be a whole number from 1 to 10000`,
		`f.yaml:13:16: there are two machines "m1"`,
		`f.yaml:16:50: efficiency must be a number from 0.1 to 10`,
		`f.yaml:16:70: station "grill" is here twice`,
		`f.yaml:17:46: skills must be a list`,
		`f.yaml:17:70: unknown day "monday": there are sun, mon, tue, wed, thu, fri, sat`,
		`f.yaml:17:85: from must be a time of day from 00:00 to 23:59, as "09:30"`,
		`f.yaml:21:16: price must not be negative`,
		`f.yaml:23:35: nobody is skilled for station "idle"`,
		`f.yaml:23:50: machine "m2" stands at station "grill", not at "idle"`,
		`f.yaml:23:63: seconds must be a number from 0 to 86400`,
		`f.yaml:24:20: there are two steps "cook"`,
		`f.yaml:24:51: unknown machine "m9": there are m1, m2`,
		`f.yaml:24:64: seconds must be above zero`,
		`f.yaml:24:75: unknown step "rest": there are cook`,
		`f.yaml:25:14: there are two items "a"`,
		`f.yaml:26:15: there are two items "soup"`,
		`f.yaml:27:16: price must be an amount with at most two decimals`,
		`f.yaml:29:11: steps wait for each other in a circle: stir → boil → stir`,
		`f.yaml:32:5: an outlet needs staff`,
		`f.yaml:33:11: slug must be lower case letters, digits, - and _`,
		`f.yaml:34:5: "name" is here twice`,
		`f.yaml:35:15: stations must be a list`,
	}, faults(t, `tenant: {name: 12, timezone: Mars/Base, tier: golden, currency: eur, colour: red}
outlets:
  - slug: main
    name: Main
    stale_after: soon
    free_form_station: nowhere
    stations:
        - {name: grill, capacity: 2}
        - {name:       grill, capacity: 0}
        -          {name: idle}
    machines:
      - {name: m1,    station: gril, capacity: 1.5}
      - {name: m1, station: grill, capacity: 1}
      - {name: m2, station: grill, capacity: 1}
    staff:
      - {name: Ann, max_parallel: 2, efficiency: -1, skills: [grill, grill]}
      - {name: Bob, max_parallel: 2, skills: grill, shifts: [{days: [monday], from: 9am, to: "17:00"}]}
    menu:
      - sku: a
        name: Soup
        price: -1
        steps:
          - {name: cook, station: idle, machine: m2, seconds: many}
          - {name: cook, station: grill, machine: m9, seconds: 0, after: [rest]}
      - sku: a
        name: soup
        price: 1.999
        steps:
          - {name: stir, station: grill, seconds: 1, after: [boil]}
          - {name: boil, station: grill, seconds: 1, after: [stir]}
          - {name: serve, station: grill, seconds: 1, after: [boil]}
  - name: Second
    slug: "Upper Case"
    name: again
    stations: none
`))
}

func upTo(text, sign string) string {
	before, _, _ := strings.Cut(text, sign)
	return before
}

func TestFilesThatAreNotOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"empty":         {"", "f.yaml:1:1: the file is empty"},
		"comment":       {"# nothing\n", "f.yaml:1:1: the file is empty"},
		"no YAML":       {"tenant:\n  slug: [a\n", "f.yaml:2:9: not YAML: sequence end token ']' not found"},
		"a list":        {"- a\n", "f.yaml:1:1: the file must be a mapping with keys and values"},
		"two documents": {small + "---\n" + small, "f.yaml:15:1: a file describes one tenant: no second document"},
		"two defaults": {
			strings.Replace(small, "name: Main", "name: Main\n    default: true", 1) +
				"  - {slug: b, name: B, default: true, stations: [], staff: []}\n", "f.yaml:16:5: only one outlet can be the default",
		},
		"too many steps": {
			upTo(small, "          - {name: slice") + strings.Repeat("          - {name: a, station: bar, seconds: 1}\n", 101),
			"f.yaml:13:11: a recipe has 1 to 100 steps",
		},
		"a step that waits for itself": {
			strings.Replace(small, "seconds: 5}", "seconds: 5, after: [slice bread]}", 1),
			`f.yaml:13:11: steps "slice bread" waits for a step that is not another step of this recipe`,
		},
		"nobody for the free-form station": {
			strings.Replace(small, "skills: [grill, bar]", "skills: [grill]", 1),
			`f.yaml:13:42: nobody is skilled for station "bar"`,
		},
		"control characters": {strings.Replace(small, "name: Toast", `name: "To\0ast"`, 1), "f.yaml:10:15: name must be one line of printable text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, faults(t, c.text), c.want)
		})
	}
}

// Whatever the file, it is read or refused, never worse.
func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add(string(load.Demo()))
	f.Add("tenant: &a [*a]\noutlets: *a\n")
	f.Add("? {a: b}\n: c\n")
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := load.Parse("f.yaml", []byte(text))
		if err != nil {
			require.True(t, errs.Is(err, errs.KindInvalid), "%v", err)
			return
		}
		require.True(t, load.Compare(doc, doc).Empty())
	})
}
