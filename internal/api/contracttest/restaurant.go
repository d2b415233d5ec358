package contracttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// RunR checks the HTTP part of contract R against a Brigade at baseURL that serves the demo restaurant. client is as for
// RunK.
func RunR(t *testing.T, baseURL string, client *http.Client) {
	t.Helper()
	r := newService(baseURL, client)
	t.Run("follow an order", r.testFollow) // first: the others leave more in the kitchen than its staff can take on
	t.Run("workers", r.testWorkers)
	t.Run("place", r.testPlace)
	t.Run("totals are exact", r.testTotals)
	t.Run("numbers have no gaps", r.testNumbers)
	t.Run("accepted", r.testAccepted)
	t.Run("refused", r.testRefused)
	t.Run("every fault is named", r.testAllFaults)
	t.Run("same key", r.testSameKey)
	t.Run("unknown orders", r.testUnknownOrders)
}

const takeout = `{"customer_name":"Ada Lovelace","order_type":"takeout","items":[{"name":"Margherita Pizza","quantity":2,"price":12.49}]}`

type placed struct {
	Number string      `json:"order_number"`
	Status string      `json:"status"`
	Total  json.Number `json:"total_amount"`
}

func (s *service) place(t *testing.T, body string) placed {
	t.Helper()
	var p placed
	s.post(t, "/orders", body).into(t, http.StatusOK, &p)
	require.Equal(t, "received", p.Status)
	return p
}

var numberFormat = regexp.MustCompile(`^ORD_(\d{8})_(\d{3,})$`)

func (s *service) testPlace(t *testing.T) {
	p := s.place(t, takeout)
	require.Regexp(t, numberFormat, p.Number)
	day := numberFormat.FindStringSubmatch(p.Number)[1]
	now := time.Now().UTC()
	require.Contains(t, []string{now.Format("20060102"), now.Add(-time.Minute).Format("20060102")}, day)
	require.Equal(t, "24.98", p.Total.String())
}

func (s *service) testTotals(t *testing.T) {
	for price, c := range map[string]struct {
		quantity int
		total    string
	}{
		"0.01": {1, "0.01"}, "0.1": {3, "0.30"}, "1.1": {10, "11.00"}, "999.99": {10, "9999.90"}, "8": {7, "56.00"}, "4.35": {3, "13.05"},
	} {
		body := fmt.Sprintf(`{"customer_name":"Ada","order_type":"takeout","items":[{"name":"x","quantity":%d,"price":%s}]}`, c.quantity, price)
		require.Equal(t, c.total, s.place(t, body).Total.String(), price)
	}
}

func (s *service) testNumbers(t *testing.T) {
	const n = 30
	replies := s.atOnce(t, n, "/orders", takeout)
	var numbers []int
	for _, r := range replies {
		var p placed
		r.into(t, http.StatusOK, &p)
		no, err := strconv.Atoi(numberFormat.FindStringSubmatch(p.Number)[2])
		require.NoError(t, err)
		numbers = append(numbers, no)
	}
	slices.Sort(numbers)
	for i := 1; i < n; i++ {
		if numbers[i] != 1 { // a new day
			require.Equal(t, numbers[i-1]+1, numbers[i])
		}
	}
}

func order(fields string) string {
	return `{"items":[{"name":"Pizza","quantity":1,"price":10}],` + fields + `}`
}

func (s *service) testAccepted(t *testing.T) {
	for _, body := range []string{
		order(`"customer_name":"Ada","order_type":"dine_in","table_number":1`),
		order(`"customer_name":"Ada","order_type":"dine_in","table_number":100`),
		order(`"customer_name":"Ada","order_type":"dine_in","table_number":5,"delivery_address":null`),
		order(`"customer_name":"Ada","order_type":"delivery","delivery_address":"1234567890"`),
		order(`"customer_name":"Анна-Мария O'Hara","order_type":"takeout"`),
		order(`"customer_name":"李","order_type":"takeout"`),
		order(`"customer_name":"` + strings.Repeat("é", 100) + `","order_type":"takeout"`),
		`{"customer_name":"Ada","order_type":"takeout","items":[{"name":"` + strings.Repeat("ß", 50) + `","quantity":10,"price":999.99}]}`,
		`{"customer_name":"Ada","order_type":"takeout","items":[` + strings.Repeat(`{"name":"x","quantity":1,"price":0.01},`, 19) + `{"name":"x","quantity":1,"price":0.01}]}`,
		`{"customer_name":"Ada","order_type":"takeout","items":[{"name":"burger_combo","quantity":1,"price":5.50}]}`,
	} {
		s.place(t, body)
	}
}

func (s *service) testRefused(t *testing.T) {
	item := func(fields string) string {
		return `{"customer_name":"Ada","order_type":"takeout","items":[{"name":"ok","quantity":1,"price":1},{` + fields + `}]}`
	}
	for _, c := range [][2]string{
		{order(`"order_type":"takeout"`), "customer_name"},
		{order(`"customer_name":"","order_type":"takeout"`), "customer_name"},
		{order(`"customer_name":"   ","order_type":"takeout"`), "customer_name"},
		{order(`"customer_name":"R2D2","order_type":"takeout"`), "customer_name"},
		{order(`"customer_name":"Ada <b>","order_type":"takeout"`), "customer_name"},
		{order(`"customer_name":7,"order_type":"takeout"`), "customer_name"},
		{order(`"customer_name":"` + strings.Repeat("a", 101) + `","order_type":"takeout"`), "customer_name"},
		{order(`"customer_name":"Ada"`), "order_type"},
		{order(`"customer_name":"Ada","order_type":"pickup"`), "order_type"},
		{order(`"customer_name":"Ada","order_type":"dine_in"`), "table_number"},
		{order(`"customer_name":"Ada","order_type":"dine_in","table_number":0`), "table_number"},
		{order(`"customer_name":"Ada","order_type":"dine_in","table_number":101`), "table_number"},
		{order(`"customer_name":"Ada","order_type":"dine_in","table_number":"5"`), "table_number"},
		{order(`"customer_name":"Ada","order_type":"dine_in","table_number":5,"delivery_address":"1234567890"`), "delivery_address"},
		{order(`"customer_name":"Ada","order_type":"delivery"`), "delivery_address"},
		{order(`"customer_name":"Ada","order_type":"delivery","delivery_address":"123456789"`), "delivery_address"},
		{order(`"customer_name":"Ada","order_type":"delivery","delivery_address":"1234567890","table_number":5`), "table_number"},
		{order(`"customer_name":"Ada","order_type":"takeout","tip":3`), "tip"},
		{`{"customer_name":"Ada","order_type":"takeout"}`, "items"},
		{`{"customer_name":"Ada","order_type":"takeout","items":[]}`, "items"},
		{`{"customer_name":"Ada","order_type":"takeout","items":{}}`, "items"},
		{`{"customer_name":"Ada","order_type":"takeout","items":[` + strings.Repeat(`{"name":"x","quantity":1,"price":1},`, 20) + `{"name":"x","quantity":1,"price":1}]}`, "items"},
		{item(`"quantity":1,"price":1`), "items[1].name"},
		{item(`"name":"","quantity":1,"price":1`), "items[1].name"},
		{item(`"name":"` + strings.Repeat("x", 51) + `","quantity":1,"price":1`), "items[1].name"},
		{item(`"name":"x","price":1`), "items[1].quantity"},
		{item(`"name":"x","quantity":0,"price":1`), "items[1].quantity"},
		{item(`"name":"x","quantity":11,"price":1`), "items[1].quantity"},
		{item(`"name":"x","quantity":1.5,"price":1`), "items[1].quantity"},
		{item(`"name":"x","quantity":1`), "items[1].price"},
		{item(`"name":"x","quantity":1,"price":0`), "items[1].price"},
		{item(`"name":"x","quantity":1,"price":-1`), "items[1].price"},
		{item(`"name":"x","quantity":1,"price":1000`), "items[1].price"},
		{item(`"name":"x","quantity":1,"price":1.999`), "items[1].price"},
		{item(`"name":"x","quantity":1,"price":"1"`), "items[1].price"},
		{item(`"name":"x","quantity":1,"price":1,"size":"L"`), "items[1].size"},
		{`{"customer_name":"Ada"`, ""},
		{`pizza`, ""},
		{``, ""},
		{`[]`, ""},
	} {
		s.post(t, "/orders", c[0]).refused(t, http.StatusBadRequest, c[1])
	}
}

func (s *service) testAllFaults(t *testing.T) {
	s.post(t, "/orders", `{"customer_name":"R2D2","order_type":"dine_in","delivery_address":"somewhere far","items":[
		{"name":"","quantity":0,"price":0},{"name":"x","quantity":11,"price":1.005}]}`).refused(t, http.StatusBadRequest,
		"customer_name", "table_number", "delivery_address", "items[0].name", "items[0].quantity", "items[0].price",
		"items[1].quantity", "items[1].price")
}

func (s *service) testSameKey(t *testing.T) {
	key := "Idempotency-Key: " + s.run + "-r"
	first := s.call(t, http.MethodPost, "/orders", takeout, key)
	require.Equal(t, http.StatusOK, first.status, first.text)
	for _, r := range s.atOnce(t, 20, "/orders", takeout, key) {
		require.Equal(t, http.StatusOK, r.status)
		require.JSONEq(t, first.text, r.text)
	}
	other := strings.Replace(takeout, "12.49", "1.00", 1)
	s.call(t, http.MethodPost, "/orders", other, key).refused(t, http.StatusConflict)
}

type status struct {
	Number  string     `json:"order_number"`
	Status  string     `json:"current_status"`
	Updated time.Time  `json:"updated_at"`
	Ready   *time.Time `json:"estimated_completion"`
	By      string     `json:"processed_by"`
}

func (s *service) status(t *testing.T, number string) (v status) {
	t.Helper()
	s.get(t, "/orders/"+number+"/status").into(t, http.StatusOK, &v)
	require.Equal(t, number, v.Number)
	require.Equal(t, time.UTC, v.Updated.Location())
	return v
}

type change struct {
	Status string    `json:"status"`
	At     time.Time `json:"timestamp"`
	By     string    `json:"changed_by"`
}

func (s *service) testFollow(t *testing.T) {
	p := s.place(t, strings.Replace(takeout, `"quantity":2`, `"quantity":1`, 1))
	require.Contains(t, []string{"received", "cooking"}, s.status(t, p.Number).Status)
	require.NotNil(t, s.status(t, p.Number).Ready)

	s.cook(t, p.Number, func() {
		cooking := s.status(t, p.Number)
		require.Equal(t, "cooking", cooking.Status)
		require.NotEmpty(t, cooking.By)
		require.NotNil(t, cooking.Ready)
	})
	ready := s.status(t, p.Number)
	require.Equal(t, "ready", ready.Status)
	require.NotEmpty(t, ready.By)
	require.False(t, ready.Ready.After(ready.Updated))

	r := s.post(t, "/api/v1/orders/"+p.Number+"/hand-over", "")
	require.Equal(t, http.StatusOK, r.status, r.text)
	require.Equal(t, "completed", s.status(t, p.Number).Status)

	var history []change
	s.get(t, "/orders/"+p.Number+"/history").into(t, http.StatusOK, &history)
	want := []string{"received", "cooking", "ready", "completed"}
	require.Len(t, history, len(want))
	for i, c := range history {
		require.Equal(t, want[i], c.Status)
		require.NotEmpty(t, c.By)
		require.True(t, i == 0 || !c.At.Before(history[i-1].At), "oldest first")
	}
}

func (s *service) testUnknownOrders(t *testing.T) {
	for _, path := range []string{"/orders/ORD_20010101_001/status", "/orders/ORD_20010101_001/history", "/orders/x%20y/status"} {
		s.get(t, path).refused(t, http.StatusNotFound)
	}
}

func (s *service) testWorkers(t *testing.T) {
	var workers []struct {
		Name      string     `json:"worker_name"`
		Status    string     `json:"status"`
		Processed *int64     `json:"orders_processed"`
		LastSeen  *time.Time `json:"last_seen"`
	}
	s.get(t, "/workers/status").into(t, http.StatusOK, &workers)
	var names []string
	worked := int64(0)
	for _, w := range workers {
		names = append(names, w.Name)
		require.Equal(t, "online", w.Status, w.Name)
		worked += *w.Processed
		require.Equal(t, *w.Processed > 0, w.LastSeen != nil, w.Name)
	}
	require.ElementsMatch(t, []string{"Asha", "Ravi", "Noah"}, names)
	require.Positive(t, worked)
}
