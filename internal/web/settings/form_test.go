package settings

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/measure"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
)

func posted(t *testing.T, form url.Values) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/settings/menu/new", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.NoError(t, r.ParseForm())
	return r
}

// A form has as many rows as somebody can use: each step lists all others, each ingredient all that there are.
func TestFormsAreBounded(t *testing.T) {
	t.Parallel()
	form := url.Values{}
	for range 1400 {
		form.Add("step_name", "")
		form.Add("part", "")
	}
	f := readItem(posted(t, form))
	require.Len(t, f.Steps, mostStepRows)
	require.Len(t, f.Parts, mostPartRows)
	require.Len(t, f.changed("add").Steps, mostStepRows)
	require.Len(t, f.changed("part").Parts, mostPartRows)
}

// What is wrong with an ingredient is said in its row, whatever order they were entered in.
func TestFaultsOfIngredientsStandInTheirRows(t *testing.T) {
	t.Parallel()
	set := edit.Set{Outlet: load.Outlet{
		Stations: []load.Station{{Name: "bar", Capacity: 1}}, Staff: []load.Staff{{Name: "Ann", MaxParallel: 1, Efficiency: 1, Skills: []string{"bar"}}},
		Stock: &load.Stock{Ingredients: []load.Ingredient{{Code: "milk", Name: "Milk", Unit: measure.Gram}, {Code: "zest", Name: "Zest", Unit: measure.Gram}}},
	}}
	f := readItem(posted(t, url.Values{
		"sku": {"x"}, "name": {"X"}, "price": {"1"}, "step_name": {"pour"}, "step_station": {"bar"}, "step_seconds": {"5"},
		"part": {"", "zest", "milk", ""}, "quantity": {"", "5 g", "0 g", ""},
	}))
	it, err := f.item(set)
	require.NoError(t, err)
	_, err = set.Put(edit.Thing{Item: &it})
	var s setFrame
	s.say(outcome{err: err})
	require.Len(t, s.Faults, 1)
	for i, p := range f.Parts {
		require.Equal(t, p.Code == "milk", s.FaultAt("parts["+itoa(i)+"]") != "", "row %d, %s", i, p.Code)
	}
}

// Whatever a name holds, its page is found under its address.
func TestNamesInAddresses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Ann", "Ann/Evening?#2 50%", "añña & co"} {
		u, err := url.Parse("http://x" + personPath(name))
		require.NoError(t, err)
		mux, got := http.NewServeMux(), ""
		mux.HandleFunc("GET /settings/staff/person/{name}", func(_ http.ResponseWriter, r *http.Request) { got = r.PathValue("name") })
		mux.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: http.MethodGet, URL: u, Host: "x"})
		require.Equal(t, name, got)
	}
}
