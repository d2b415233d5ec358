package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
	"brigade/internal/web/webtest"
)

// An owner gives his kitchen an oven: a station, a machine, a skill, an item whose recipe has two steps. The next order for it
// is cooked by them. A circle is refused at its field, and what was entered stays.
func TestAKitchenIsSetUpOnPages(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	fill := func(field, value string) {
		b.Evaluate(fmt.Sprintf(`{const e = [...document.querySelectorAll(%q)].at(-1); e.value = %q; ""}`, `main form :is(input:not([type=hidden]), select)[name="`+field+`"]`, value))
	}
	press := func(selector string) {
		b.Evaluate(`document.body.dataset.before = ""; [...document.querySelectorAll(` + "`" + selector + "`" + `)].at(-1).click(); ""`)
		b.Shows(`body:not([data-before]) #main`)
	}
	open := func(path string) { b.Do(chromedp.Navigate(s.URL + path)) }

	open("/settings/stations")
	fill("name", "oven")
	fill("capacity", "2")
	press(`form.fields button[value=save]`)
	b.Shows(`.said`)
	open("/settings/machines")
	fill("name", "oven-1")
	fill("station", "oven")
	fill("capacity", "2")
	press(`form.fields button[value=save]`)
	b.Shows(`.said`)
	b.Accessible()

	b.Look("ru", "dark")
	open("/settings/staff/person/Ravi")
	b.Accessible()
	b.Evaluate(`document.querySelector("input[name=skill][value=oven]").click(); ""`)
	press(`.bar-save button`)
	b.Shows(`.said`)

	b.Look("es", "light")
	open("/settings/menu/new")
	fill("sku", "pizza")
	fill("name", "Pizza <b>Margherita</b>")
	fill("category", "Meals")
	fill("price", "9.50")
	fill("step_name", "roll dough")
	fill("step_station", "adhoc")
	press(`button[value=add]`)
	fill("step_name", "bake")
	fill("step_station", "oven")
	fill("step_machine", "oven-1")
	fill("step_seconds", "240")
	b.Evaluate(`document.querySelector("input[name=after_0]").click(); document.querySelector("input[name=after_1]").click(); ""`)
	press(`.bar-save button`)
	b.Shows(`.step .fault`)
	require.Contains(t, b.Evaluate(`document.querySelector(".step .fault").textContent`), "se esperen en círculo")
	require.Equal(t, "Pizza <b>Margherita</b>", b.Evaluate(`document.querySelector("input[name=name]").value`))
	b.Evaluate(`document.querySelector("input[name=after_0]").click(); ""`)
	press(`button[value=draw]`)
	b.Shows(`.graph .way.critical`)
	require.Equal(t, "5:00", b.Evaluate(`document.querySelector(".takes b").textContent`))
	b.Accessible()
	press(`.bar-save button`)
	b.Shows(`.said`)
	b.Accessible()

	_, tasks := s.Order("pizza-1", `"pizza":1`)
	require.Len(t, tasks, 1, "the second step waits for the first")
	status, task := s.Call(http.MethodGet, fmt.Sprintf("/api/v1/tasks/%d", tasks[0]), "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "roll dough", task["description"])

	open("/settings/zones/new")
	b.Shows(`.drawing .leaflet-container`)
	fill("name", "Corner")
	b.Evaluate(`{const m = document.querySelector("[data-zone]").townMap; m.setView([40.42, -3.7], 14, {animate: false});
		for (const [x, y] of [[100, 100], [300, 100], [300, 250], [100, 250]]) m.fire("click", {latlng: m.containerPointToLatLng([x, y])}); ""}`)
	b.Shows(`.corner:nth-of-type(4)`)
	b.Accessible()
	press(`.bar-save button`)
	b.Shows(`.said`)
	b.Shows(`.thing a.name[href*="Corner"]`)
	b.Accessible()

	open("/settings/stations")
	press(`li:nth-last-child(1) button[value=remove]`)
	b.Shows(`.wrong`)
	require.Contains(t, b.Evaluate(`document.querySelector(".wrong").textContent`), "hace falta (partida oven)")

	open("/settings/menu")
	press(`li.thing:last-child button[value=remove]`)
	b.Shows(`.said button[value=undo]`)
	press(`.said button[value=undo]`)
	b.Shows(`.said`)
	require.Contains(t, s.Get("/settings/export.yaml").Text, "sku: pizza")
	b.NoSurprise()
}

// Forms that come twice, late or broken.
func TestSetUpFormsAreSafe(t *testing.T) {
	t.Parallel()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	post := func(path string, fields ...string) webtest.Answer { return s.Post(path, fields...) }
	for range 2 {
		a := post("/settings/stations", "do", "save", "name", "bar", "capacity", "3")
		require.Equal(t, http.StatusOK, a.StatusCode, a.Text)
		require.Equal(t, 1, strings.Count(a.Text, `aria-label="Remove: bar"`), "sent twice, there once")
	}
	a := post("/settings/stations", "do", "save", "name", "bar", "capacity", "4", "version", "old")
	require.Equal(t, http.StatusConflict, a.StatusCode)
	require.Contains(t, a.Text, "somebody else has changed station bar")
	require.Contains(t, a.Text, "<b>capacity</b>: 4 → 3")
	require.Contains(t, a.Text, `value="4"`, "what was entered stays")
	a = post("/settings/stations", "do", "save", "name", "", "capacity", "x")
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Contains(t, a.Text, "must be a whole number from 1")
	require.Equal(t, http.StatusBadRequest, post("/settings/stations", "do", "explode").StatusCode)
	require.Equal(t, http.StatusConflict, post("/settings/menu", "do", "undo", "kind", "item", "name", "wrap", "was", "{").StatusCode)
	require.Equal(t, http.StatusNotFound, s.Get("/settings/menu/item/nothing").StatusCode)
	a = post("/settings/menu/new", "sku", "x", "name", `"><script>alert(1)</script>`, "price", "1,50", "step_name", "do", "step_station", "nowhere", "step_seconds", "1e400", "part", "milk", "quantity", "3 kg")
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.NotContains(t, a.Text, "<script>alert")
	require.Contains(t, a.Text, "must be a number")
	require.Contains(t, a.Text, "it is measured in ml")
	const corners = "40.41, -3.71\n40.41, -3.69\n40.43, -3.69\n40.43, -3.71\n"
	a = post("/settings/zones/new", "name", "<i>West</i>", "fee", "1,90", "minimum", "x", "area", "40.41, -3.71\nhere")
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Contains(t, a.Text, "line 2 must be a latitude and a longitude")
	require.Contains(t, a.Text, "40.41, -3.71\nhere")
	require.Equal(t, http.StatusUnprocessableEntity, post("/settings/zones/new", "name", "West", "fee", "-1", "area", "40.41, -3.71\n40.42, -3.70").StatusCode)
	for range 2 {
		a = post("/settings/zones/new", "name", "West", "fee", "1,90", "from", "12", "to", "23:30", "area", corners)
		require.Equal(t, http.StatusOK, a.StatusCode, a.Text)
	}
	a = s.Get("/settings/zones/zone/West")
	require.Contains(t, a.Text, corners)
	require.Contains(t, s.Get("/settings/export.yaml").Text, "name: West")
	a = post("/settings/zones/zone/West", "name", "West", "fee", "3", "area", corners, "version", "old")
	require.Equal(t, http.StatusConflict, a.StatusCode)
	require.Contains(t, a.Text, "<b>fee</b>: 3 → 1.90")
	a = post("/settings/zones", "do", "pause", "name", "West", "minutes", "30", "reason", "rain & hail")
	require.Contains(t, a.Text, "rain &amp; hail")
	require.Equal(t, http.StatusOK, post("/settings/zones", "do", "resume", "name", "West").StatusCode)
	require.Equal(t, http.StatusConflict, post("/settings/zones", "do", "remove", "name", "West", "version", "old").StatusCode)
	require.Equal(t, http.StatusConflict, post("/settings/zones", "do", "reach", "radius_km", "7", "unknown", "take", "seen", "old").StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, post("/settings/zones", "do", "reach", "radius_km", "far", "seen", "old").StatusCode)
	require.Equal(t, http.StatusBadRequest, post("/settings/zones", "do", "explode").StatusCode)
	require.Equal(t, http.StatusNotFound, s.Get("/settings/zones/zone/nowhere").StatusCode)
	mill := []string{
		"name", "Mill & Sons", "email", "orders@mill.example", "lead_days", "2", "cut_off", "16", "day", "1", "day", "4", "minimum", "20",
		"product", "z-9", "ingredient", "milk", "pack", "12 l", "product_price", "9,90", "least", "2", "product_name", "", "preferred_0", "yes",
		"product", "", "ingredient", "", "pack", "", "product_price", "", "least", "", "product_name", "",
	}
	a = post("/settings/suppliers/new", append([]string{"code", "Mill", "product", "a-1", "ingredient", "gold", "pack", "1 kg", "product_price", "x", "least", "", "product_name", "<u>Gold</u>"}, mill...)...)
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Contains(t, a.Text, "must be an amount with at most two decimals")
	require.Contains(t, a.Text, "&lt;u&gt;Gold&lt;/u&gt;")
	a = post("/settings/suppliers/new", append([]string{"code", "Mill"}, mill...)...)
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Contains(t, a.Text, "must be lower case letters")
	for range 2 {
		a = post("/settings/suppliers/new", append([]string{"code", "mill"}, mill...)...)
		require.Equal(t, http.StatusOK, a.StatusCode, a.Text)
	}
	require.Contains(t, s.Get("/settings/export.yaml").Text, "code: mill")
	a = s.Get("/settings/suppliers/supplier/mill")
	require.Contains(t, a.Text, `value="12 l"`)
	a = post("/settings/suppliers/supplier/mill", append([]string{"version", "old", "phone", "1"}, mill...)...)
	require.Equal(t, http.StatusConflict, a.StatusCode)
	require.Contains(t, a.Text, "<b>phone</b>: 1 → ")
	_, was, _ := strings.Cut(a.Text, `name="version" value="`)
	was, _, _ = strings.Cut(was, `"`)
	require.Equal(t, http.StatusOK, post("/settings/suppliers/supplier/mill", append([]string{"version", was, "phone", "1"}, mill...)...).StatusCode)
	require.Equal(t, http.StatusConflict, post("/settings/suppliers", "do", "remove", "name", "mill", "version", was).StatusCode)
	require.Equal(t, http.StatusNotFound, s.Get("/settings/suppliers/supplier/nobody").StatusCode)
	roll := []string{"sku", "roll", "name", "Roll", "price", "3", "step_name", "do", "step_station", "adhoc", "step_seconds", "10", "choices", "yes"}
	a = post("/settings/menu/new", slices.Concat(roll, []string{
		"group_name", "", "group_name", "Dip", "group_min", "", "group_min", "2", "group_max", "", "group_max", "1",
		"option_name_1", "", "option_name_1", "<b>hot</b>", "option_price_1", "", "option_price_1", "0,5x", "option_allergens_1", "", "option_allergens_1", "egg",
	})...)
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Contains(t, a.Text, "must be an amount with at most two decimals")
	require.Contains(t, a.Text, `value="0,5x"`)
	dips := []string{
		"group_name", "Dip", "group_min", "2", "group_max", "1", "option_name_0", "hot", "option_price_0", "0,50", "option_allergens_0", "egg, mustard",
		"option_name_0", "hot", "option_price_0", "", "option_allergens_0", "",
	}
	a = post("/settings/menu/new", slices.Concat(roll, dips)...)
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Contains(t, a.Text, "it must be from min 0 to max 2, and min not above max")
	require.Contains(t, a.Text, "there are two choices &#34;hot&#34;")
	dips[3], dips[13] = "1", "none"
	for range 2 {
		a = post("/settings/menu/new", slices.Concat(roll, dips)...)
		require.Equal(t, http.StatusOK, a.StatusCode, a.Text)
	}
	a = s.Get("/settings/menu/item/roll")
	require.Contains(t, a.Text, `value="egg, mustard"`)
	require.Contains(t, s.Get("/settings/export.yaml").Text, "of: [{name: hot, price: 0.50, allergens: [egg, mustard]}, {name: none, price: 0.00}]")
	_, version, _ := strings.Cut(a.Text, `name="version" value="`)
	version, _, _ = strings.Cut(version, `"`)
	require.Equal(t, http.StatusConflict, post("/settings/menu/item/roll", append(roll, "version", "old")...).StatusCode)
	require.Contains(t, post("/settings/menu/item/roll", slices.Concat(roll, dips, []string{"do", "dropgroup:0"})...).Text, "Add a group")
	require.Equal(t, http.StatusOK, post("/settings/menu/item/roll", append(roll, "version", version)...).StatusCode)
	require.NotContains(t, s.Get("/settings/export.yaml").Text, "mustard]}, {name: none")
	a = post("/settings/place", "do", "hours", "open_1", "11-15, 19:00–01:00", "seen", "; ; ; ; ; ; ")
	require.Equal(t, http.StatusOK, a.StatusCode, a.Text)
	require.Contains(t, a.Text, `value="11:00-15:00, 19:00-01:00"`)
	require.Equal(t, http.StatusConflict, post("/settings/place", "do", "hours", "open_2", "9-10", "seen", "; ; ; ; ; ; ").StatusCode)
	for range 2 {
		a = post("/settings/place", "do", "mark", "day", "2098-12-24", "kind", "closed", "name", "<i>Xmas</i>")
		require.Equal(t, http.StatusOK, a.StatusCode, a.Text)
	}
	day := time.Now().UTC().AddDate(0, 2, 0).Format(time.DateOnly)
	for range 2 {
		a = post("/settings/place", "do", "mark", "day", day, "kind", "closed", "name", "<i>Inventory</i>")
		require.Equal(t, 1, strings.Count(a.Text, "&lt;i&gt;Inventory&lt;/i&gt;"), "sent twice, there once")
	}
	_, id, _ := strings.Cut(a.Text, `<input type="hidden" name="id" value="`)
	id, _, _ = strings.Cut(id, `"`)
	a = post("/settings/place", "do", "mark", "day", "tomorrow", "kind", "closed", "name", "kept")
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Contains(t, a.Text, "must be a day, as 2026-12-24")
	require.Contains(t, a.Text, `value="kept"`)
	require.Equal(t, http.StatusUnprocessableEntity, post("/settings/place", "do", "mark", "day", "2098-12-24", "kind", "explode").StatusCode)
	for range 2 {
		a = post("/settings/place", "do", "unmark", "id", id, "day", day)
		require.Equal(t, http.StatusOK, a.StatusCode)
		require.NotContains(t, a.Text, "Inventory")
	}
	a = post("/settings/place", "do", "holidays", "country", "de", "closed", "yes", "seen", " open")
	require.Equal(t, http.StatusOK, a.StatusCode, a.Text)
	require.Contains(t, a.Text, `<option value="de" selected>`)
	require.Equal(t, http.StatusConflict, post("/settings/place", "do", "holidays", "country", "fr", "seen", " open").StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, post("/settings/place", "do", "holidays", "country", "xx", "closed", "yes", "seen", "de closed").StatusCode)
	a = post("/settings/menu", "do", "move", "name", "wrap", "to", "up", "version", orderVersion(s.Get("/settings/menu").Text))
	require.Equal(t, http.StatusOK, a.StatusCode)
	require.Less(t, strings.Index(a.Text, "/item/wrap"), strings.Index(a.Text, "/item/burger_combo"))
}

// Integrators do the same by the API, and what was changed is still there when the demo starts again.
func TestSetUpByTheAPI(t *testing.T) {
	t.Parallel()
	database := pgtest.NewURL(t)
	s := webtest.Start(t, database, config.DemoData)
	const setup = "/api/v1/outlets/kitchen/setup"
	var version any
	for range 2 {
		status, st := s.Call(http.MethodPut, setup+"/stations/bar", `{"capacity":2}`)
		require.Equal(t, http.StatusOK, status, st)
		version = st["version"]
	}
	status, refused := s.Call(http.MethodPut, setup+"/stations/bar", `{"capacity":3}`)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, refused["detail"], "there is a station bar already")
	status, _ = s.Call(http.MethodPut, setup+"/stations/bar", fmt.Sprintf(`{"capacity":3,"version":%q}`, version))
	require.Equal(t, http.StatusOK, status)
	status, refused = s.Call(http.MethodPut, setup+"/items/loop", `{"name":"Loop","price":1,"steps":[
		{"name":"a","station":"adhoc","seconds":1,"after":[1]},{"name":"b","station":"adhoc","seconds":1,"after":[0]}]}`)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, fmt.Sprint(refused["errors"]), "steps[0].after")
	status, item := s.Call(http.MethodPut, setup+"/items/soup", `{"name":"Soup","price":4.50,"steps":[{"name":"warm","station":"microwave","seconds":60}],
		"ingredients":[{"ingredient":"milk","quantity":"0.25 l"}],"choices":[{"name":"Bread","max":1,"of":[{"name":"rye","price":0.50,"allergens":["gluten"]}]}]}`)
	require.Equal(t, http.StatusOK, status, item)
	require.InDelta(t, 60, item["takes_seconds"], 0)
	require.Equal(t, []any{map[string]any{"ingredient": "milk", "quantity": "250 ml"}}, item["ingredients"])
	require.Contains(t, fmt.Sprint(item["choices"]), "allergens:[gluten]")
	status, item = s.Call(http.MethodPut, setup+"/items/soup", fmt.Sprintf(`{"name":"Soup","price":5,"steps":[{"name":"warm","station":"microwave","seconds":60}],"version":%q}`, item["version"]))
	require.Equal(t, http.StatusOK, status, item)
	require.Contains(t, fmt.Sprint(item["choices"]), "rye", "what is not spoken of stays")
	_, tasks := s.Order("soup-1", `"soup":1`)
	require.Len(t, tasks, 1)
	gone := s.Do(http.MethodDelete, setup+"/items/soup?version="+url.QueryEscape(fmt.Sprint(item["version"])), nil)
	require.Equal(t, http.StatusNoContent, gone.StatusCode, gone.Text)
	again := webtest.Start(t, database, config.DemoData)
	status, all := again.Call(http.MethodGet, setup, "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, fmt.Sprint(all["stations"]), "name:bar")
	require.NotContains(t, fmt.Sprint(all["items"]), "soup")
}

// orderVersion is that of the menu's order, as a form that moves an item has it.
func orderVersion(page string) string {
	_, rest, _ := strings.Cut(page, `name="name" value="wrap"><input type="hidden" name="version" value="`)
	version, _, _ := strings.Cut(rest, `"`)
	return version
}
