package setup_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/store/pgtest"
)

const stocked = `
tenant: {slug: acme, name: Acme, timezone: Europe/Madrid}
outlets:
  - slug: main
    name: Main
    stations: [{name: grill, capacity: 1}]
    staff: [{name: Ann, max_parallel: 1, skills: [grill]}]
    menu: [{sku: pie, name: Pie, price: 3.00, steps: [{name: bake, station: grill, seconds: 5}]}]
    stock:
      ingredients:
        - {code: flour, name: Flour, unit: g, opening: 100 g}
        - {code: butter, name: Butter, unit: g, opening: 1 kg}
      preparations:
        - {code: dough, name: Dough, unit: g, batch: 1 kg, parts: {flour: 600 g, butter: 300 g}}
      bills: {pie: {dough: 250 g}}
      suppliers:
        - {code: mill, name: Mill, products: [{code: F25, ingredient: flour, pack: 25 kg, price: 19.90}]}
`

func TestStockIsLoaded(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	text := func(sql string) (s string) {
		t.Helper()
		require.NoError(t, pool.QueryRow(t.Context(), sql).Scan(&s))
		return s
	}
	for _, dry := range []bool{true, false} {
		lines, err := put(t, pool, stocked, dry)
		require.NoError(t, err)
		require.Contains(t, strings.Join(lines, "\n"), "+ main: preparation dough (name Dough; unit g; batch 1 kg; butter 300 g; flour 600 g)")
		require.Contains(t, strings.Join(lines, "\n"), "+ main: ingredient flour (name Flour; unit g; opening 100 g)")
		require.Contains(t, strings.Join(lines, "\n"), "+ main: product mill/F25 (name Flour; ingredient flour; pack 25 kg; price 19.90; least 1)")
	}
	require.Equal(t, "flour 150000, butter 75000", text(`select string_agg(i.code || ' ' || n.quantity_milli, ', ' order by i.id) from item_needs n join ingredients i on i.id = n.ingredient_id`))
	require.Equal(t, "pie by stock: Flour has run out", text(`select name || ' by ' || paused_by || ': ' || reason from pauses`))
	again, err := put(t, pool, stocked, false)
	require.NoError(t, err)
	require.Equal(t, []string{"nothing to change"}, again)

	less := strings.NewReplacer("250 g", "150 g", "19.90", "21.00", "{flour: 600 g, butter: 300 g}", "{flour: 600 g}", "name: Mill,", "name: Old Mill,").Replace(stocked)
	for _, dry := range []bool{true, false} {
		lines, err := put(t, pool, less, dry)
		require.NoError(t, err)
		require.Equal(t, []string{
			"~ main: preparation dough: butter 300 g → (none)",
			"~ main: bill pie: dough 250 g → 150 g",
			"~ main: supplier mill: name Mill → Old Mill",
			"~ main: product mill/F25: price 19.90 → 21.00",
		}, lines)
	}
	require.Equal(t, "0", text("select count(*)::text from pauses"), "a smaller pie can be made of what is there")
	require.Equal(t, "100000", text("select on_hand_milli::text from stock_levels l join ingredients i on i.id = l.ingredient_id where i.code = 'flour'"), "it opens once")

	_, err = put(t, pool, strings.NewReplacer(
		"name: Flour, unit: g, opening: 100 g", "name: Flour, unit: ml", "flour: 600 g", "flour: 600 ml", "pack: 25 kg", "pack: 25 l").Replace(stocked), false)
	require.True(t, errs.Is(err, errs.KindConflict), err)
	require.ErrorContains(t, err, "it needs another code")

	gone, _, _ := strings.Cut(stocked, "    stock:")
	lines, err := put(t, pool, gone, false)
	require.NoError(t, err)
	require.Equal(t, []string{"nothing to change"}, lines, "a file that says nothing of stock leaves it alone")
	lines, err = put(t, pool, gone+"    stock: {ingredients: []}\n", false)
	require.NoError(t, err)
	require.Equal(t, []string{
		"- main: ingredient butter", "- main: preparation dough", "- main: ingredient flour", "- main: bill pie", "- main: supplier mill",
	}, lines)
}
