package settings

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/measure"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
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

// boards are kitchens of one station each, whose id is the outlet's.
type boards struct{}

func (boards) Board(_ context.Context, _ actor.Actor, outlet int64) (*kitchen.Board, error) {
	st := sched.Station{ID: outlet, Name: "station " + itoa(int(outlet))}
	return &kitchen.Board{Stations: []kitchen.StationView{{Station: st}}}, nil
}

// A cook's station stays his when his form is saved, however many outlets there are.
func TestACooksStationIsAmongTheChoices(t *testing.T) {
	t.Parallel()
	s := &server{Kit: page.New(page.Parts{Log: slog.New(slog.DiscardHandler)}), Parts: Parts{Kitchen: boards{}}}
	var frame Frame
	for i := range int64(30) {
		frame.Outlets = append(frame.Outlets, tenant.Outlet{ID: i + 1, Name: "outlet"})
	}
	for _, station := range []int64{3, 29} {
		f := userForm{User: account.User{Role: actor.Cook, Outlet: station, Station: station, StationName: "grill"}}
		require.NoError(t, s.fill(httptest.NewRequest(http.MethodGet, "/", nil), actor.Actor{Role: actor.Owner}, frame, &f))
		var chosen []string
		for _, c := range f.Stations {
			if c.Chosen {
				chosen = append(chosen, c.Value)
			}
		}
		require.Equal(t, []string{itoa(int(station))}, chosen)
	}
}
