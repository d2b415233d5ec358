package shop

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/money"
	"brigade/internal/notify"
	"brigade/internal/order"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
	"brigade/internal/web/town"
)

// cartPage is what the page cart shows: what is in the cart, how the guest wants to have it, and what he is promised.
type cartPage struct {
	frame
	Cart    cartView
	Way     way
	Quote   quoteView
	Key     string
	Methods []order.Method
	Days    []slotDay
	Map     string // as a script draws it; "" = nothing is delivered, or nobody knows where
	Fault   string // why the order was not taken
}

// slotDay is the times of one day for which can be ordered.
type slotDay struct {
	Name  string
	Times []slot
}

type slot struct{ Value, Text string }

// quoteView is what the guest is promised, and what it comes to.
type quoteView struct {
	Problem string // why it cannot be ordered as it is wanted
	Ready   string // "18:40–18:47"; "" = nobody knows
	For     string // the time it is wanted at; "" = as soon as it can be
	Carried bool
	Zone    string
	Fee     string // of carrying it; "" = there is none
	Free    string // from which sum on there is no fee; "" = never
	Sum     string // without the fee
	Total   string
	Minor   money.Amount // the total, to be compared with what the guest is charged
	Busy    bool
}

// Limits of what a guest says about himself.
const (
	longestName    = 60
	longestAddress = 200
	longestPhone   = 30
	longestEmail   = 120
)

// readWay reads the form of the cart's page. What is not in it stays as it was.
func readWay(r *http.Request, w way) way {
	field := func(name string, to *string, most int) {
		if _, ok := r.PostForm[name]; ok {
			*to = words(r.PostFormValue(name), most)
		}
	}
	field("type", &w.Type, 20)
	field("name", &w.Name, longestName)
	field("phone", &w.Phone, longestPhone)
	field("email", &w.Email, longestEmail)
	field("address", &w.Address, longestAddress)
	field("when", &w.When, 40)
	field("pay", &w.Pay, 20)
	if _, ok := r.PostForm["lat"]; ok {
		lat, err1 := strconv.ParseFloat(r.PostFormValue("lat"), 64)
		lon, err2 := strconv.ParseFloat(r.PostFormValue("lon"), 64)
		w.Located = err1 == nil && err2 == nil && lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180
		w.Lat, w.Lon = 0, 0
		if w.Located {
			w.Lat, w.Lon = lat, lon
		}
	}
	return w
}

// kind is how the order reaches its guest: as chosen, else at his table, else he fetches it.
func (w way) kind() order.Type {
	t := order.Type(w.Type)
	switch {
	case t == order.DineIn && w.Table == 0, !slices.Contains(order.Types, t):
		if w.Table > 0 {
			return order.DineIn
		}
		return order.Takeout
	}
	return t
}

// check names what a guest has left out, in his language. Errors: KindInvalid.
func (w way) check(say func(string, ...any) string) error {
	kind := w.kind()
	switch {
	case kind != order.DineIn && w.Name == "":
		return errs.Invalid("%s", say("shop.need_name"))
	case kind == order.Delivery && utf8.RuneCountInString(w.Address) < 6:
		return errs.Invalid("%s", say("shop.need_address"))
	case kind == order.Delivery && w.Phone == "":
		return errs.Invalid("%s", say("shop.need_phone"))
	}
	if err := (notify.Contact{Phone: dialled(w.Phone)}).Validate(""); err != nil {
		return errs.Invalid("%s", say("shop.bad_phone"))
	}
	if err := (notify.Contact{Email: w.Email}).Validate(""); err != nil {
		return errs.Invalid("%s", say("shop.bad_email"))
	}
	return nil
}

// dialled is a number without what people write into it to read it better.
func dialled(phone string) string {
	phone = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "", "/", "").Replace(phone)
	if rest, ok := strings.CutPrefix(phone, "00"); ok {
		return "+" + rest
	}
	return phone
}

// placement is the order that a cart becomes. Errors: KindConflict, KindInvalid.
func (w way) placement(p place, lang string, items []order.Wanted) order.Placement {
	o := order.Placement{Source: order.FromShop, Outlet: p.ID, Type: w.kind(), CustomerName: w.Name, Items: items}
	switch o.Type {
	case order.DineIn:
		o.TableNumber = w.Table
	case order.Delivery:
		o.DeliveryAddress = w.Address
		if w.Located {
			o.Door = &order.Door{Located: true, Lat: w.Lat, Lon: w.Lon}
		}
	case order.Takeout:
	}
	if at, err := time.Parse(time.RFC3339, w.When); err == nil {
		o.ReadyAt = at.UTC()
	}
	if w.Phone != "" || w.Email != "" {
		o.Contact = &order.Contact{Phone: dialled(w.Phone), Email: w.Email, Language: lang}
	}
	return o
}

// quote foretells what a cart becomes. What keeps it from being ordered is said in the answer.
func (s *server) quote(r *http.Request, p place, c cart, seen *look) (quoteView, error) {
	lang := page.Language(r)
	v := quoteView{}
	items, err := wanted(c, seen.Items, seen.Pauses)
	if err != nil {
		v.Problem = s.problem(r, err)
		return v, nil
	}
	o := c.Way.placement(p, lang.Code, items)
	asked := o.Type
	if asked == order.Delivery && !c.Way.Located && utf8.RuneCountInString(c.Way.Address) < 6 {
		o.Type, o.Door, o.DeliveryAddress = order.Takeout, nil, "" // until it is known where it goes, when it is made can be said
		v.Problem = s.Say(r, "shop.need_address")
	}
	if !order.OpenAt(seen.Hours, later(o.ReadyAt, seen.Now), p.zone()) {
		v.Problem = s.Say(r, "shop.closed_then")
		return v, nil
	}
	q, err := s.Orders.Quote(r.Context(), p.guest(), o)
	if errs.Is(err, errs.KindConflict) || errs.Is(err, errs.KindInvalid) {
		v.Problem = s.problem(r, err)
		return v, nil
	}
	if err != nil {
		return v, err
	}
	v.fill(p, lang, q, asked)
	return v, nil
}

func (v *quoteView) fill(p place, l texts.Language, q order.Quote, kind order.Type) {
	say := page.Sayer(l)
	v.Carried, v.Busy = kind == order.Delivery, q.State == string(busy)
	v.Total, v.Minor, v.Sum = priced(l, p.Currency, q.Total), q.Total, priced(l, p.Currency, q.Total)
	if q.Known {
		v.Ready = between(q.P50, q.P90, p.zone())
	}
	if !q.Wanted.IsZero() {
		v.For = q.Wanted.In(p.zone()).Format("15:04")
	}
	if c := q.Carriage; c != nil {
		v.Zone, v.Sum = c.Zone, priced(l, p.Currency, q.Total-c.Fee)
		v.Fee = priced(l, p.Currency, c.Fee)
		if c.FreeFrom > 0 && c.Fee > 0 {
			v.Free = priced(l, p.Currency, c.FreeFrom)
		}
		if short := c.Minimum - (q.Total - c.Fee); short > 0 {
			v.Problem = say("shop.minimum", priced(l, p.Currency, c.Minimum), priced(l, p.Currency, short))
		} else if c.Refusal != nil {
			v.Problem = page.Sentence(l, c.Refusal)
		}
	}
	switch {
	case v.Problem != "":
	case q.Paused != "":
		v.Problem = say("shop.paused_some")
	case q.Refused && !q.Earliest.IsZero():
		v.Problem = say("shop.full", q.Earliest.In(p.zone()).Format("15:04"))
	case q.Refused:
		v.Problem = say("shop.full_now")
	}
}

// problem says an error to a guest, in his language as far as there is a text for it.
func (s *server) problem(r *http.Request, err error) string {
	if errors.Is(err, errGone) {
		return s.Say(r, "shop.gone")
	}
	if errors.Is(err, errEmpty) {
		return s.Say(r, "shop.empty")
	}
	if e, ok := errors.AsType[*errs.Error](err); ok {
		for _, f := range e.Fields {
			if key := faultTexts[f.Path]; key != "" {
				return s.Say(r, key)
			}
		}
	}
	return page.Sentence(page.Language(r), err)
}

// faultTexts are the texts for fields that a guest can do something about.
var faultTexts = map[string]string{
	"delivery_address": "shop.not_there", "delivery_location": "shop.not_there", "ready_at": "shop.closed_then",
}

// later is a time, or now when it is none or past.
func later(at, now time.Time) time.Time {
	if at.After(now) {
		return at
	}
	return now
}

func (s *server) showCart(w http.ResponseWriter, r *http.Request, p place) error {
	return s.cartPage(w, r, p, s.cart(r, p), http.StatusOK, "")
}

// cartPage answers with the cart's page, and with why the order was not taken.
func (s *server) cartPage(w http.ResponseWriter, r *http.Request, p place, c cart, status int, fault string) error {
	seen, err := s.look(r.Context(), p)
	if err != nil {
		return err
	}
	if err := s.keep(w, r, p, c); err != nil {
		return err
	}
	lang := page.Language(r)
	data := cartPage{
		frame: s.frame(r, p, c, s.Say(r, "shop.basket")), Cart: newCartView(p, lang, c, seen), Way: c.Way, Key: c.Key,
		Methods: s.methods(), Days: slotDays(p, lang, seen), Fault: fault,
	}
	data.Way.Type = string(c.Way.kind())
	data.Way.Pay = cmp.Or(c.Way.Pay, string(data.Methods[0]))
	if data.Map, err = s.townOf(r, p, c.Way); err != nil {
		return err
	}
	if len(c.Lines) > 0 {
		if data.Quote, err = s.quote(r, p, c, seen); err != nil {
			return err
		}
	}
	s.set.Render(w, r, status, "cart", data)
	return nil
}

// methods lists how can be paid: the built-in provider is for demos, where everybody sees that it moves no money.
func (s *server) methods() (list []order.Method) {
	if s.Demo != nil && s.Accepts(order.Test) {
		list = append(list, order.Test)
	}
	if s.Accepts(order.Card) {
		list = append(list, order.Card)
	}
	return append(list, order.Cash)
}

func slotDays(p place, l texts.Language, seen *look) (days []slotDay) {
	earliest := seen.Now.Add(20 * time.Minute)
	if at := seen.Promise.Earliest; at.After(earliest) {
		earliest = at
	}
	for _, at := range slots(seen.Hours, earliest, p.zone()) {
		name := page.Sayer(l)("shop.day." + strconv.Itoa(int(at.Weekday())))
		if at.YearDay() == seen.Now.In(p.zone()).YearDay() {
			name = page.Sayer(l)("shop.today")
		}
		if len(days) == 0 || days[len(days)-1].Name != name {
			days = append(days, slotDay{Name: name})
		}
		d := &days[len(days)-1]
		d.Times = append(d.Times, slot{at.UTC().Format(time.RFC3339), at.Format("15:04")})
	}
	return days
}

// townOf is a map of where is delivered, with the guest's pin, for a script; "" when nobody knows where the outlet stands.
func (s *server) townOf(r *http.Request, p place, w way) (string, error) {
	atlas, err := s.Zones.Atlas(r.Context(), p.guest(), p.ID)
	if err != nil || atlas.Site == nil {
		return "", err
	}
	m := town.Map{Around: true, Tiles: s.Tiles.Template, Credit: s.Tiles.Credit}
	m.Places = append(m.Places, town.Place{Kind: "outlet", Label: p.Name, At: *atlas.Site})
	if w.Located {
		m.Places = append(m.Places, town.Place{Kind: "door", At: delivery.Point{Lat: w.Lat, Lon: w.Lon}})
	}
	now := s.Clock.Now()
	for _, z := range atlas.Zones {
		kind := "open"
		if z.Paused(now) || !z.Active(now.In(p.zone())) {
			kind = "paused"
		}
		m.Areas = append(m.Areas, town.Area{Kind: kind, Label: z.Name, Shape: z.Area})
	}
	return m.Draw(100, 100).Data, nil
}

// changeLine changes how many of a line are wanted.
func (s *server) changeLine(w http.ResponseWriter, r *http.Request, p place) error {
	no, err1 := strconv.Atoi(r.PostFormValue("no"))
	n, err2 := strconv.Atoi(r.PostFormValue("n"))
	if err1 != nil || err2 != nil {
		return errs.Malformed("no and n must be whole numbers")
	}
	if err := s.asks.Check(p.asker(r)); err != nil {
		return err
	}
	c := s.cart(r, p)
	c.set(no, n)
	return s.kept(w, r, p, c)
}

// changeWay keeps how the guest wants to have it, and says what he is promised then.
func (s *server) changeWay(w http.ResponseWriter, r *http.Request, p place) error {
	if err := s.asks.Check(p.asker(r)); err != nil {
		return err
	}
	c := s.cart(r, p)
	if err := r.ParseForm(); err != nil {
		return errs.Malformed("the form cannot be read").Because(err)
	}
	c.Way = readWay(r, c.Way)
	if r.Header.Get("HX-Request") == "" {
		return s.kept(w, r, p, c)
	}
	seen, err := s.look(r.Context(), p)
	if err != nil {
		return err
	}
	q, err := s.quote(r, p, c, seen)
	if err != nil {
		return err
	}
	if err := s.keep(w, r, p, c); err != nil {
		return err
	}
	s.set.Part(w, r, "cart", "quote", q)
	return nil
}

// kept keeps the cart and goes back to its page.
func (s *server) kept(w http.ResponseWriter, r *http.Request, p place, c cart) error {
	if err := s.keep(w, r, p, c); err != nil {
		return err
	}
	http.Redirect(w, r, p.base()+"/cart", http.StatusSeeOther)
	return nil
}
