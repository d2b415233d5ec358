package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"brigade/internal/pos"
)

// chaos are the outsiders of a Brigade that is killed again and again: guests, a point of sale and an integrator who
// behave badly until they are told to be calm.
type chaos struct {
	calm    atomic.Bool
	url     atomic.Value // of the Brigade that runs just now
	outlet  atomic.Int64
	latest  atomic.Int64 // product time of the latest order, Unix microseconds
	placed  atomic.Int64
	forged  atomic.Int64 // call-backs with a wrong signature that were believed
	talking sync.WaitGroup

	mu   sync.Mutex
	told map[string]int // webhook messages that arrived, by id
}

const (
	saleSecret   = "s3cret"
	stripeSecret = "whsec_test"
)

// bad tells whether to misbehave this time, one time in n.
func (c *chaos) bad(n int) bool { return !c.calm.Load() && rand.IntN(n) == 0 }

// post posts JSON and reads the answer; the status is 0 when there was none.
func (c *chaos) post(ctx context.Context, method, path string, body, answer any, header ...string) int {
	text, ok := body.([]byte)
	if !ok {
		text, _ = json.Marshal(body) // plain maps
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url.Load().(string)+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if answer != nil && res.StatusCode < 300 {
		_ = json.NewDecoder(res.Body).Decode(answer)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// wish is an order of any kind, paid in any way, for now or for later.
func (c *chaos) wish() map[string]any {
	body := map[string]any{"customer_name": "Ada", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1 + rand.IntN(3)}}}
	switch rand.IntN(3) {
	case 0:
		body["type"], body["table_number"] = "dine_in", 1+rand.IntN(20)
	case 1:
		body["type"] = "takeout"
	default:
		body["type"], body["delivery_address"] = "delivery", "1 Long Lane, Old Town"
	}
	tests := []string{"ok", "ok", "flaky", "timeout", "decline", "no_refund"}
	switch rand.IntN(8) {
	case 0:
	case 1:
		body["payment"] = map[string]any{"method": "cash"}
	case 2:
		body["payment"] = map[string]any{"method": "card", "token": "pm_declined"}
	case 3, 4, 5:
		body["payment"] = map[string]any{"method": "card", "token": "pm_visa"}
	default:
		body["payment"] = map[string]any{"method": "test", "token": tests[rand.IntN(len(tests))]}
	}
	if latest := c.latest.Load(); latest > 0 && rand.IntN(4) == 0 {
		body["ready_at"] = time.UnixMicro(latest).Add(time.Duration(20+rand.IntN(80)) * time.Second).UTC()
	}
	return body
}

// guest places orders, cancels some at any moment, takes some things off, and takes over what is ready.
func (c *chaos) guest(ctx context.Context) {
	var mine []string
	tests := map[string]bool{} // those paid by the built-in provider
	for ctx.Err() == nil {
		var o struct {
			Number string    `json:"number"`
			Outlet int64     `json:"outlet_id"`
			Placed time.Time `json:"placed_at"`
		}
		wish := c.wish()
		if status := c.post(ctx, http.MethodPost, "/orders", wish, &o); status != http.StatusCreated {
			continue
		}
		c.placed.Add(1)
		c.outlet.Store(o.Outlet)
		c.latest.Store(o.Placed.UnixMicro())
		mine = append(mine, o.Number)
		pay, _ := wish["payment"].(map[string]any)
		tests[o.Number] = pay["method"] == "test"
		for range rand.IntN(3) {
			number := mine[rand.IntN(len(mine))]
			c.meddle(ctx, number, tests[number])
		}
	}
}

func (c *chaos) meddle(ctx context.Context, number string, byHand bool) {
	switch rand.IntN(5) {
	case 0, 1:
		c.post(ctx, http.MethodPost, "/orders/"+number+"/cancel", map[string]any{"reason": "chaos"}, nil)
	case 2:
		c.post(ctx, http.MethodPost, "/orders/"+number+"/hand-over", nil, nil)
	case 3:
		if byHand { // what a bank does is not dealt with by hand at the same time
			c.post(ctx, http.MethodPost, "/orders/"+number+"/resolve", map[string]any{"step": "refund", "note": "paid back in cash"}, nil)
		}
	default:
		c.forge(ctx)
	}
}

// forge sends call-backs that must not be believed, and true ones of Stripe's that change nothing, twice.
func (c *chaos) forge(ctx context.Context) {
	outlet, order := c.outlet.Load(), 1+rand.Int64N(max(1, c.placed.Load()))
	body := fmt.Appendf(nil, `{"order_id":%d,"event":"finished"}`, order)
	path := fmt.Sprintf("/outlets/%d/pos", outlet)
	now, old := time.Now(), time.Now().Add(-time.Hour)
	for _, said := range [][]string{
		{pos.HeaderTimestamp, strconv.FormatInt(now.Unix(), 10), pos.HeaderSignature, pos.Sign("wrong", now, body)},
		{pos.HeaderTimestamp, strconv.FormatInt(old.Unix(), 10), pos.HeaderSignature, pos.Sign(saleSecret, old, body)},
	} {
		if status := c.post(ctx, http.MethodPost, path, body, nil, said...); status > 0 && status < 300 {
			c.forged.Add(1)
		}
	}
	event := fmt.Appendf(nil, `{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"metadata":{"brigade_order":"%d"}}}}`, order)
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: event, Secret: stripeSecret, Timestamp: now})
	for range 2 {
		c.post(ctx, http.MethodPost, "/payments/stripe/webhook", event, nil, "Stripe-Signature", signed.Header)
	}
	if status := c.post(ctx, http.MethodPost, "/payments/stripe/webhook", event, nil, "Stripe-Signature", "t=1,v1=00"); status > 0 && status < 300 {
		c.forged.Add(1)
	}
}

// sale is the point of sale. What it answers at once, calls back with, and when, is up to it.
func (c *chaos) sale(w http.ResponseWriter, r *http.Request) {
	var ask pos.Request
	if c.bad(6) || json.NewDecoder(r.Body).Decode(&ask) != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	says := [][]string{{"accepted", "finished"}, {"finished", "accepted", "finished"}, {"accepted", "accepted"}, {"rejected"}, {}}[rand.IntN(5)]
	if !ask.Cancel {
		c.talking.Go(func() { c.callBack(ask.Order, says) })
	}
	switch {
	case c.bad(6):
		panic(http.ErrAbortHandler) // it heard, and nobody knows
	case c.bad(10):
		<-time.After(time.Duration(rand.IntN(500)) * time.Millisecond)
	case len(says) == 0 && !ask.Cancel:
		_, _ = w.Write([]byte(`{"event":"accepted"}`))
	}
}

func (c *chaos) callBack(order int64, says []string) {
	for _, event := range says {
		body := fmt.Appendf(nil, `{"order_id":%d,"event":%q}`, order, event)
		for range 20 { // it is told again until somebody hears it
			now := time.Now()
			status := c.post(context.Background(), http.MethodPost, fmt.Sprintf("/outlets/%d/pos", c.outlet.Load()), body, nil,
				pos.HeaderTimestamp, strconv.FormatInt(now.Unix(), 10), pos.HeaderSignature, pos.Sign(saleSecret, now, body))
			if status > 0 && status < 500 {
				break
			}
			<-time.After(100 * time.Millisecond)
		}
	}
}

// hook is the integrator's endpoint.
func (c *chaos) hook(w http.ResponseWriter, r *http.Request) {
	if c.bad(5) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	c.mu.Lock()
	c.told[r.Header.Get("webhook-id")]++
	c.mu.Unlock()
	if c.bad(10) {
		panic(http.ErrAbortHandler)
	}
}

// arrived tells whether a message arrived.
func (c *chaos) arrived(message int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told["msg_"+strconv.FormatInt(message, 10)] > 0
}
