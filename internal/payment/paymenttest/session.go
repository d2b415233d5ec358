package paymenttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// session is a page at which a guest pays by himself.
type session struct {
	id, order, key, status, back string
	amount                       int64
	paid                         *intent // nil: not yet
}

// open makes a page.
func (s *Stripe) open(r *http.Request) answer {
	f := r.PostForm
	p := &session{
		id: "cs_" + strconv.Itoa(len(s.pages)+1), status: "open", back: f.Get("success_url"),
		order: f.Get("payment_intent_data[metadata][brigade_order]"), key: f.Get("payment_intent_data[metadata][brigade_key]"),
		amount: number(r, "line_items[0][price_data][unit_amount]"),
	}
	switch {
	case f.Get("mode") != "payment" || f.Get("payment_intent_data[capture_method]") != "manual" || f.Get("metadata[brigade_order]") != p.order:
		s.faults = append(s.faults, "a page that takes the money at once, or says for nobody")
	case p.back == "" || p.amount <= 0 || f.Get("line_items[0][quantity]") != "1":
		return refused(http.StatusBadRequest, "a page needs a sum and a way back")
	}
	s.pages[p.id] = p
	return p.answer(r)
}

// Pay pays at a page, as its guest does; it returns where he is led then, and "" when nobody can pay there any more.
func (s *Stripe) Pay(page string) (back string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pages[page]
	if p == nil || p.status != "open" {
		return ""
	}
	p.status, p.paid = "complete", s.promise(&intent{order: p.order, key: p.key, amount: p.amount})
	return p.back
}

func (p *session) expire(r *http.Request) answer {
	if p.status != "open" {
		return refused(http.StatusBadRequest, "only open pages end")
	}
	p.status = "expired"
	return p.answer(r)
}

// answer tells of a page; its payment is there only for who asks for it.
func (p *session) answer(r *http.Request) answer {
	view := map[string]any{"id": p.id, "object": "checkout.session", "status": p.status, "payment_intent": nil, "url": nil}
	if p.status == "open" {
		view["url"] = "https://checkout.example/" + p.id
	}
	if p.paid != nil {
		view["payment_intent"] = p.paid.id
		if r.Form.Get("expand[0]") == "payment_intent" {
			view["payment_intent"] = p.paid.view()
		}
	}
	body, err := json.Marshal(view)
	if err != nil {
		return refused(http.StatusInternalServerError, fmt.Sprint(err))
	}
	return answer{status: http.StatusOK, body: body}
}

// Ended tells whether a page was ended before anybody paid at it.
func (s *Stripe) Ended(page string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pages[page] != nil && s.pages[page].status == "expired"
}
