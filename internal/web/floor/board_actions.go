package floor

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"net/url"

	"brigade/internal/web/page"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/order"
)

// done answers a form: with a message, or, without JavaScript, with the page that the field "back" names, else the board, as
// it is now.
func (s *server) done(w http.ResponseWriter, r *http.Request, t page.Toast) error {
	back := cmp.Or(r.PostFormValue("back"), "/?outlet="+url.QueryEscape(r.PostFormValue("outlet")))
	return s.Done(w, r, page.LocalPath(back), t)
}

// placeTestOrder lets a newcomer see an order travel: one item of the menu, chosen by chance. Demo only.
func (s *server) placeTestOrder(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	if s.Demo == nil || s.Menu == nil {
		return errs.Forbidden("%s", s.Say(r, "board.said.demo"))
	}
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	items, err := s.Menu.Items(r.Context(), who.Tenant, outlet.ID)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return errs.Conflict("%s", s.Say(r, "board.said.no_menu", outlet.Name))
	}
	receipt, err := s.Orders.Place(r.Context(), who, testOrder(outlet.ID, items[rand.IntN(len(items))].SKU))
	if err != nil {
		return err
	}
	o := receipt.Order
	return s.done(w, r, page.Toast{Text: s.Say(r, "board.said.placed", page.ShortNumber(o.Number), o.Lines[0].Name, s.where(r, o))})
}

// where says where an order goes, in the visitor's language.
func (s *server) where(r *http.Request, o order.Order) string {
	if n := table(o); n > 0 {
		return s.Say(r, "where.table", n)
	}
	return s.Say(r, "where."+string(o.Type))
}

func testOrder(outlet int64, sku string) order.Placement {
	p := order.Placement{
		Source: "demo", Outlet: outlet, Type: order.Takeout, CustomerName: "Test guest",
		Items: []order.Wanted{{SKU: sku, Quantity: 1}},
	}
	if rand.IntN(2) == 0 {
		p.Type, p.TableNumber = order.DineIn, 1+rand.IntN(20)
	}
	return p
}

// handOver ends a ready order.
func (s *server) handOver(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	o, err := s.Orders.HandOver(r.Context(), who, r.PathValue("number"))
	if err != nil {
		return err
	}
	return s.done(w, r, page.Toast{Text: s.Say(r, "board.said.handed_over", page.ShortNumber(o.Number))})
}

// setMachine takes a machine down or up, as the form's field "to" says.
func (s *server) setMachine(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	to := r.PostFormValue("to")
	if to != "up" && to != "down" {
		return errs.Malformed("a machine is put up or down")
	}
	reason := ""
	if to == "down" {
		reason = s.Say(r, "board.reason.down", who.Name)
	}
	if err := s.Kitchen.SetMachine(r.Context(), who, outlet.ID, r.PathValue("id"), to == "up", reason); err != nil {
		return err
	}
	name := cmp.Or(r.PostFormValue("name"), s.Say(r, "board.said.machine"))
	return s.done(w, r, page.Toast{
		Text: s.Say(r, "board.said."+to, name),
		Undo: takeBack(r, map[string]string{"down": "up", "up": "down"}[to]),
	})
}

// setBreak sends somebody on a break or back, as the form's field "to" says.
func (s *server) setBreak(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	to := r.PostFormValue("to")
	if to != "break" && to != "back" {
		return errs.Malformed("a staff member is sent on a break or back")
	}
	if err := s.Kitchen.SetBreak(r.Context(), who, outlet.ID, r.PathValue("id"), to == "back", 0); err != nil {
		return err
	}
	name := cmp.Or(r.PostFormValue("name"), s.Say(r, "board.said.person"))
	return s.done(w, r, page.Toast{
		Text: s.Say(r, "board.said."+to, name),
		Undo: takeBack(r, map[string]string{"break": "back", "back": "break"}[to]),
	})
}

// takeBack is the same form with the opposite wish.
func takeBack(r *http.Request, to string) *page.Undo {
	return &page.Undo{Action: r.URL.Path, Fields: map[string]string{
		"outlet": r.PostFormValue("outlet"), "name": r.PostFormValue("name"), "to": to, "back": r.PostFormValue("back"),
	}}
}
