package shop

import (
	"net/http"
	"slices"
	"strconv"

	"brigade/internal/errs"
	"brigade/internal/order"
	"brigade/internal/web/page"
)

// placeOrder makes an order of the cart. The form says which cart it shows: the same one sent twice – by a double click, a
// reload, or who goes back – is one order, and leads to where that is followed.
func (s *server) placeOrder(w http.ResponseWriter, r *http.Request, p place) error {
	if err := r.ParseForm(); err != nil {
		return errs.Malformed("the form cannot be read").Because(err)
	}
	c := s.cart(r, p)
	key := r.PostFormValue("key")
	if key != "" && key == c.LastKey {
		http.Redirect(w, r, c.LastPath, http.StatusSeeOther)
		return nil
	}
	c.Way = readWay(r, c.Way)
	if key != c.Key {
		return s.cartPage(w, r, p, c, http.StatusConflict, s.Say(r, "shop.stale"))
	}
	receipt, fault, err := s.place(r, p, c)
	if err != nil {
		return err
	}
	if fault != nil {
		return s.cartPage(w, r, p, c, page.StatusOf(fault), s.problem(r, fault))
	}
	path := s.Links.Path(receipt.Order.Tenant, receipt.Order.ID)
	c.become(path)
	if err := s.keep(w, r, p, c); err != nil {
		return err
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// place places the order of a cart. fault is why it is not taken, which the guest can do something about.
func (s *server) place(r *http.Request, p place, c cart) (receipt order.Receipt, fault, err error) {
	o, fault, err := s.agreed(r, p, c)
	if fault != nil || err != nil {
		return order.Receipt{}, fault, err
	}
	receipt, err = s.Orders.Place(r.Context(), p.guest(), o)
	if err == nil || errs.KindOf(err) == errs.KindInternal {
		return receipt, nil, err
	}
	if seen, lookErr := s.look(r.Context(), p); lookErr == nil {
		if q, askErr := s.quote(r, p, c, seen); askErr == nil && q.Problem != "" {
			return order.Receipt{}, errs.Conflict("%s", q.Problem), nil // said better than by who refused it
		}
	}
	return order.Receipt{}, err, nil
}

// agreed is the order that a guest has agreed to: what he wants, at the sum he was shown. Whether all of it can be had now
// is for those who take orders to say: they know whether this one came before.
func (s *server) agreed(r *http.Request, p place, c cart) (o order.Placement, fault, err error) {
	lang := page.Language(r)
	if fault := c.Way.check(page.Sayer(lang)); fault != nil {
		return o, fault, nil
	}
	seen, err := s.look(r.Context(), p)
	if err != nil {
		return o, nil, err
	}
	if len(c.Lines) == 0 {
		return o, errEmpty, nil
	}
	o = c.Way.placement(p, lang.Code, c.lines())
	o.Key, o.Method = c.Key, order.Method(c.Way.Pay)
	if !slices.Contains(s.methods(), o.Method) {
		return o, errs.Invalid("%s", s.Say(r, "shop.need_pay")), nil
	}
	q, err := s.quote(r, p, c, seen)
	if err == nil && q.Problem == "" && strconv.FormatInt(int64(q.Minor), 10) != r.PostFormValue("total") {
		return o, errs.Conflict("%s", s.Say(r, "shop.total_changed", q.Total)), nil
	}
	if err == nil {
		fault = s.orders.Check(p.asker(r))
	}
	return o, fault, err
}

// sitDown takes down at which table a guest sits, as the code on it says, and shows him the menu.
func (s *server) sitDown(w http.ResponseWriter, r *http.Request, p place) error {
	table, err := strconv.Atoi(r.PathValue("table"))
	if err != nil || table < 1 || table > mostTables {
		return errs.NotFound("there is no table %s", r.PathValue("table"))
	}
	c := s.cart(r, p)
	c.Way.Table, c.Way.Type = table, string(order.DineIn)
	if err := s.keep(w, r, p, c); err != nil {
		return err
	}
	http.Redirect(w, r, p.base(), http.StatusSeeOther)
	return nil
}
