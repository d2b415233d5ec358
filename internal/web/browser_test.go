package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"brigade/internal/web/webtest"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// An order travels over the board while somebody looks: no reload, no fault, and the keyboard's place is kept.
func TestAnOrderTravels(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	b.Do(chromedp.Navigate(s.URL + "/"))
	b.Shows(`#link[data-state="on"]`)
	b.Evaluate(`document.body.dataset.mark = "same page"`)

	_, placed := s.Call(http.MethodPost, "/api/v1/orders/confirm", `{"external_order_id":"travels","items":{"dip_cup":1}}`)
	card := fmt.Sprintf(" #order-%.0f", placed["order_id"])
	b.Shows(".received" + card)

	task := fmt.Sprintf("/api/v1/tasks/%.0f", placed["ready_task_ids"].([]any)[0])
	b.Shows(".station .given")
	status, _ := s.Call(http.MethodPost, task+"/start", "")
	require.Equal(t, http.StatusOK, status)
	b.Shows(".cooking" + card)
	b.Shows(".station .started .bar .runs")

	first := b.Evaluate(`document.querySelector(".up button").focus(); document.activeElement.id`)
	status, _ = s.Call(http.MethodPost, task+"/complete", "")
	require.Equal(t, http.StatusOK, status)
	b.Shows(".ready" + card)
	require.Equal(t, first, b.Evaluate(`document.activeElement.id`), "the focus stays where it was")

	b.Do(chromedp.Click(chromedp.CSS(".ready" + card + " button")))
	b.Shows(".closed" + card)
	b.Shows("#toast .toast")

	b.Do(chromedp.Click(chromedp.CSS("#test-order")))
	b.Shows(".received .card")
	b.Do(chromedp.Click(chromedp.CSS(".up button")))
	b.Shows(".alarm")
	b.Do(chromedp.Click(chromedp.CSS("#undo")))
	b.Do(chromedp.WaitNotPresent(chromedp.CSS(".alarm")))
	require.Equal(t, "same page", b.Evaluate(`document.body.dataset.mark`))
	b.NoFaults()

	require.NoError(t, s.App.Stop(t.Context()))
	b.Shows(`#link[data-state="off"]`)
	require.Contains(t, b.Evaluate(`document.getElementById("link").textContent`), "offline")
}
