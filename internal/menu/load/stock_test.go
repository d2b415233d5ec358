package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/menu/load"
)

const withStock = `tenant: {slug: a, name: A, timezone: UTC, currency: GBP}
outlets:
  - slug: main
    name: Main
    stations: [{name: grill, capacity: 1}]
    staff: [{name: Ann, max_parallel: 1, skills: [grill]}]
    menu: [{sku: pie, name: Pie, price: 3.00, steps: [{name: bake, station: grill, seconds: 5}]}]
    stock:
`

func TestStockIsRead(t *testing.T) {
	t.Parallel()
	doc, err := load.Parse("f.yaml", []byte(withStock+`
      ingredients:
        - {code: flour, name: Flour, unit: g, shelf_life: 30d, par: 20 kg, opening: 5 kg}
        - {code: egg, name: Egg, unit: piece}
      preparations:
        - {code: dough, name: Dough, unit: g, batch: 2 kg, stocked: true, lead: 1h, work: 10m, station: grill, parts: {flour: 1.5 kg, egg: 6}}
      bills: {pie: {dough: 250 g, egg: 0.5 pieces}}
      suppliers:
        - {code: mill, name: Mill, delivery_days: [fri, mon], cut_off: "11:00", minimum: 20.00, products: [{code: F25, ingredient: flour, pack: 25 kg, price: 19.90}]}
`))
	require.NoError(t, err)
	s := doc.Outlets[0].Stock
	require.Len(t, s.Ingredients, 3)
	require.EqualValues(t, 5_000_000, s.Ingredients[0].Opening)
	require.Equal(t, 720, s.Ingredients[0].ShelfHours)
	require.EqualValues(t, 500, s.Bills[0].Parts[1].Quantity)
	require.Equal(t, [][2]string{
		{"name", "Mill"}, {"currency", "GBP"}, {"lead_days", "1"}, {"delivery_days", "mon, fri"}, {"cut_off", "11:00"}, {"minimum", "20.00"},
	}, s.Suppliers[0].Facts())
	require.Equal(t, "Flour", s.Suppliers[0].Products[0].Name)
}

func TestFaultsOfStockAreNamedWithTheirPlaces(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		`unknown unit "cup"`:            `ingredients: [{code: a, name: A, unit: cup}]`,
		`is measured in g`:              `ingredients: [{code: a, name: A, unit: g, par: 3 l}]`,
		`par must be from 0 to`:         `ingredients: [{code: a, name: A, unit: g, par: -3}]`,
		`it is more than`:               `ingredients: [{code: a, name: A, unit: g, opening: 99999999999 kg}]`,
		`two ingredients "a"`:           `ingredients: [{code: a, name: A, unit: g}, {code: a, name: B, unit: g}]`,
		`shelf_life must be from 1h`:    `ingredients: [{code: a, name: A, unit: g, shelf_life: 90m}]`,
		`unknown item "cake"`:           `{ingredients: [{code: a, name: A, unit: g}], bills: {cake: {a: 1 g}}}`,
		`unknown ingredient "b"`:        `{ingredients: [{code: a, name: A, unit: g}], bills: {pie: {b: 1 g}}}`,
		`a must be above zero`:          `{ingredients: [{code: a, name: A, unit: g}], bills: {pie: {a: 0 g}}}`,
		`at most 1000 kg`:               `{ingredients: [{code: a, name: A, unit: g}], bills: {pie: {a: 2 t}}}`,
		`batch must be above zero`:      `{ingredients: [{code: a, name: A, unit: g}], preparations: [{code: p, name: P, unit: g, batch: 0, parts: {a: 1}}]}`,
		`p is made of itself`:           `{ingredients: [], preparations: [{code: p, name: P, unit: g, batch: 1, parts: {q: 1}}, {code: q, name: Q, unit: g, batch: 1, parts: {p: 1}}]}`,
		`only a preparation that is`:    `{ingredients: [{code: a, name: A, unit: g}], preparations: [{code: p, name: P, unit: g, batch: 1, par: 3, parts: {a: 1}}]}`,
		`must be a mapping of`:          `{ingredients: [{code: a, name: A, unit: g}], bills: {pie: [a]}}`,
		`email must be an address`:      `{ingredients: [], suppliers: [{code: s, name: S, email: nobody, products: []}]}`,
		`two products "1"`:              `{ingredients: [{code: a, name: A, unit: g}], suppliers: [{code: s, name: S, products: [{code: "1", ingredient: a, pack: 1, price: 1}, {code: "1", ingredient: a, pack: 2, price: 1}]}]}`,
		`a product needs ingredient`:    `{ingredients: [], suppliers: [{code: s, name: S, products: [{code: "1", pack: 1, price: 1}]}]}`,
		`cut_off must be a time of day`: `{ingredients: [], suppliers: [{code: s, name: S, cut_off: noon, products: []}]}`,
	} {
		_, err := load.Parse("f.yaml", []byte(withStock+"      "+text+"\n"))
		if strings.HasPrefix(text, "{") {
			_, err = load.Parse("f.yaml", []byte(strings.TrimSuffix(withStock, "\n")+" "+text+"\n"))
		}
		var e *errs.Error
		require.ErrorAs(t, err, &e, says)
		require.Contains(t, fmt.Sprint(e.Fields, e.Msg), says)
		require.Regexp(t, `^f\.yaml:\d+:\d+:$`, e.Fields[0].Path)
	}
}
