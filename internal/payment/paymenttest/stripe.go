// Package paymenttest is a stand-in for Stripe, for tests: it keeps its promises about idempotency keys, counts the money
// it has moved, and answers as badly as it is told to.
package paymenttest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Stripe is the stand-in. It is safe for concurrent use.
type Stripe struct {
	mu      sync.Mutex
	hostile float64
	intents map[string]*intent
	pages   map[string]*session
	answers map[string]answer
	faults  []string
	spoil   float64
}

type intent struct {
	id, order, key, status   string
	amount, captured, repaid int64
	refunds                  []string // the keys of their steps
}

type answer struct {
	request string
	status  int
	body    []byte
	again   bool // it was given before
}

// New returns a stand-in that fails so often, 0 to 1: half of the time before it does anything, half after.
func New(hostile float64) *Stripe {
	return &Stripe{hostile: hostile, intents: map[string]*intent{}, pages: map[string]*session{}, answers: map[string]answer{}}
}

// Calm makes it answer well from now on.
func (s *Stripe) Calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hostile = 0
}

// Held is how much money each order's guest has left there, in minor units, over all its payments.
func (s *Stripe) Held() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := map[string]int64{}
	for _, p := range s.intents {
		held[p.order] += p.captured - p.repaid
	}
	return held
}

// Promised lists the orders with a promise that was neither taken nor let go.
func (s *Stripe) Promised() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := map[string]int{}
	for _, p := range s.intents {
		if p.status == "requires_capture" {
			open[p.order]++
		}
	}
	return open
}

// Faults are breaches of the protocol: a missing key, one key for two requests, two payments for an order.
func (s *Stripe) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.faults...)
}

// ServeHTTP implements http.Handler.
func (s *Stripe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "form", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	hostile := s.hostile
	s.mu.Unlock()
	if rand.Float64() < hostile/2 {
		http.Error(w, `{"error":{"type":"api_error","message":"try again"}}`, http.StatusInternalServerError)
		return
	}
	if r.Method == http.MethodGet {
		s.write(w, s.read(r))
		return
	}
	a := s.once(r)
	if rand.Float64() < hostile/2 { // it was done, and nobody hears of it
		panic(http.ErrAbortHandler)
	}
	s.write(w, a)
}

func (s *Stripe) write(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	if a.again {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// Spoil makes it fail so often by itself, 0 to 1, half of the time before it does anything and half after, and answer the
// key so for ever.
func (s *Stripe) Spoil(share float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoil = share
}

// read answers what changes nothing.
func (s *Stripe) read(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []map[string]any{}
	switch parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); {
	case len(parts) == 4 && s.pages[parts[3]] != nil:
		return s.pages[parts[3]].answer(r)
	case len(parts) == 3 && s.intents[parts[2]] != nil:
		return s.intents[parts[2]].answer()
	case r.URL.Path == "/v1/payment_intents":
		for _, p := range s.intents {
			list = append(list, p.view())
		}
	case r.URL.Path == "/v1/refunds" && s.intents[r.Form.Get("payment_intent")] != nil:
		for _, key := range s.intents[r.Form.Get("payment_intent")].refunds {
			list = append(list, map[string]any{"id": "re_" + key, "object": "refund", "status": "succeeded", "metadata": map[string]string{"brigade_key": key}})
		}
	default:
		return refused(http.StatusNotFound, "no such thing")
	}
	body, _ := json.Marshal(map[string]any{"object": "list", "data": list, "has_more": false, "url": r.URL.Path})
	return answer{status: http.StatusOK, body: body}
}

// once answers a key as it did before.
func (s *Stripe) once(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, request := r.Header.Get("Idempotency-Key"), r.URL.Path+"?"+r.PostForm.Encode()
	if key == "" || r.Header.Get("Authorization") == "" {
		s.faults = append(s.faults, "no key: "+request)
	}
	if a, seen := s.answers[key]; seen {
		if a.request != request {
			s.faults = append(s.faults, "one key for two requests: "+key)
		}
		a.again = true
		return a
	}
	a := s.first(r)
	a.request = request
	s.answers[key] = a
	return a
}

// first does what a new key asks for, or fails before or after it.
func (s *Stripe) first(r *http.Request) answer {
	failed := answer{status: http.StatusInternalServerError, body: []byte(`{"error":{"type":"api_error","message":"something went wrong here"}}`)}
	switch luck := rand.Float64(); {
	case luck < s.spoil/2:
		return failed
	case luck < s.spoil:
		s.do(r)
		return failed
	}
	return s.do(r)
}

func (s *Stripe) do(r *http.Request) answer {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/v1/checkout/sessions":
		return s.open(r)
	case len(parts) == 5 && s.pages[parts[3]] != nil:
		return s.pages[parts[3]].expire(r)
	case r.URL.Path == "/v1/payment_intents":
		return s.create(r)
	case r.URL.Path == "/v1/refunds":
		return s.refund(r)
	case len(parts) == 4 && s.intents[parts[2]] != nil:
		return s.end(s.intents[parts[2]], parts[3], r)
	}
	return refused(http.StatusNotFound, "no such thing")
}

func number(r *http.Request, field string) int64 {
	n, _ := strconv.ParseInt(r.PostForm.Get(field), 10, 64)
	return n
}

func (s *Stripe) create(r *http.Request) answer {
	if r.PostForm.Get("payment_method") == "pm_declined" {
		return refused(http.StatusPaymentRequired, "Your card was declined.")
	}
	return s.promise(&intent{
		order: r.PostForm.Get("metadata[brigade_order]"), key: r.PostForm.Get("metadata[brigade_key]"), amount: number(r, "amount"),
	}).answer()
}

// promise has a guest's bank promise the money.
func (s *Stripe) promise(p *intent) *intent {
	p.id, p.status = "pi_"+strconv.Itoa(len(s.intents)+1), "requires_capture"
	for _, other := range s.intents {
		if other.order == p.order {
			s.faults = append(s.faults, "two payments for order "+p.order)
		}
	}
	s.intents[p.id] = p
	return p
}

func (s *Stripe) end(p *intent, how string, r *http.Request) answer {
	sum := number(r, "amount_to_capture")
	switch {
	case p.status != "requires_capture" || sum > p.amount:
		return refused(http.StatusBadRequest, "unexpected state "+p.status)
	case how == "capture":
		p.status, p.captured = "succeeded", sum
	default:
		p.status = "canceled"
	}
	return p.answer()
}

func (s *Stripe) refund(r *http.Request) answer {
	p := s.intents[r.PostForm.Get("payment_intent")]
	if p == nil || p.repaid+number(r, "amount") > p.captured {
		s.faults = append(s.faults, "more is given back than was taken")
		return refused(http.StatusBadRequest, "too much")
	}
	p.repaid += number(r, "amount")
	p.refunds = append(p.refunds, r.PostForm.Get("metadata[brigade_key]"))
	return answer{status: http.StatusOK, body: fmt.Appendf(nil, `{"id":"re_%s","object":"refund","status":"succeeded"}`, p.id)}
}

func (p *intent) answer() answer {
	body, _ := json.Marshal(p.view())
	return answer{status: http.StatusOK, body: body}
}

func (p *intent) view() map[string]any {
	return map[string]any{
		"id": p.id, "object": "payment_intent", "status": p.status, "amount": p.amount, "metadata": map[string]string{"brigade_key": p.key},
	}
}

func refused(status int, why string) answer {
	return answer{status: status, body: fmt.Appendf(nil, `{"error":{"type":"card_error","message":%q}}`, why)}
}
