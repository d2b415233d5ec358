package planning

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/measure"
	plans "brigade/internal/planning"
	"brigade/internal/stock"
	"brigade/internal/web/page"
)

const purchasesPage = 20

// purchasesView is what the page purchases shows.
type purchasesView struct {
	head
	None        bool // nothing was planned yet
	Plan        plans.Plan
	Suggestions []suggestionView // the next delivery of each supplier
	Later       []suggestionView
	Notes       []noteView
	Orders      []purchaseView
	All         bool
	Older       string // path of the next page
	Key         string // makes pressing a button twice one order
}

// suggestionView is what to order of one supplier for one delivery.
type suggestionView struct {
	ID               string
	Supplier, Name   string
	Deliver, OrderBy string
	Soon, Late       bool // the cut-off is within six hours; is over
	Total, Minimum   string
	Below            bool
	Lines            []suggestedLine
}

// suggestedLine is one of its ingredients.
type suggestedLine struct {
	Code, Name, Day          string
	Pack                     string
	Packs, Order             int
	Amount, Price, Total     string
	Stock, Use, Safety, Need string
	Why                      told
	By, Reason               string
	Edited                   bool
}

// purchaseView is a purchase order.
type purchaseView struct {
	stock.Purchase
	Deliver, CutOff          string
	Sum, Least               string
	Below                    bool
	IsDraft, Open, HasPapers bool
	Rows                     []purchaseRow
	Key                      string
}

// purchaseRow is one of its lines.
type purchaseRow struct {
	No, Packs              int
	Code, Name, Pack       string
	Suggested              string
	Amount, Price, Total   string
	Received, Open, OpenIn string
}

func (s *server) showPurchases(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h, err := s.begin(r, who, "purchases")
	if err != nil {
		return err
	}
	v := purchasesView{head: h, All: r.URL.Query().Get("all") == "1", Key: rand.Text()}
	plan, made, _, err := s.Planner.ProcurementOf(r.Context(), who, h.Outlet.ID, 0, 0)
	switch {
	case errs.Is(err, errs.KindNotFound):
		v.None = true
	case err != nil:
		return err
	}
	sellers, err := s.Stock.Suppliers(r.Context(), who, stock.Query{Outlet: h.Outlet.ID})
	if err != nil {
		return err
	}
	v.Plan, v.Notes = made, h.f.notes(plan.Notes)
	v.Suggestions, v.Later = nextOf(suggestions(plan.Lines, sellers, s.Clock.Now(), h.f))
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // what is no number is the first page
	list, err := s.Stock.Purchases(r.Context(), who, stock.Query{Outlet: h.Outlet.ID, All: v.All, Before: before, Most: purchasesPage})
	if err != nil {
		return err
	}
	for _, p := range list {
		v.Orders = append(v.Orders, newPurchaseView(p, h.f))
	}
	if len(list) == purchasesPage {
		q := url.Values{"before": {strconv.FormatInt(list[len(list)-1].ID, 10)}}
		if v.All {
			q.Set("all", "1")
		}
		v.Older = h.Base + "/purchases?" + q.Encode()
	}
	s.set.Render(w, r, http.StatusOK, "purchases", &v)
	return nil
}

// suggestions sorts what to order by supplier and delivery, the soonest cut-off first.
func suggestions(lines []plans.PurchaseLine, sellers []stock.Supplier, now time.Time, f format) []suggestionView {
	var list []suggestionView
	var totals []int64
	lines = slices.Clone(lines)
	slices.SortStableFunc(lines, func(a, b plans.PurchaseLine) int {
		return cmp.Or(a.OrderBy.Compare(b.OrderBy), strings.Compare(a.Supplier, b.Supplier), cmp.Compare(a.Deliver, b.Deliver))
	})
	for i := range lines {
		l := &lines[i]
		id := l.Supplier + "-" + l.Deliver.String()
		if len(list) == 0 || list[len(list)-1].ID != id {
			left := l.OrderBy.Sub(now)
			list = append(list, suggestionView{
				ID: id, Supplier: l.Supplier, Name: cmp.Or(l.SupplierName, l.Supplier), Deliver: f.Day(l.Deliver), OrderBy: f.At(l.OrderBy), Soon: left > 0 && left < 6*time.Hour, Late: left <= 0,
			})
			totals = append(totals, 0)
		}
		k := len(list) - 1
		totals[k] += l.Price * int64(l.Order())
		list[k].Lines = append(list[k].Lines, suggestedOf(l, f))
		list[k].Total = f.Money(totals[k], l.Currency)
		if j := slices.IndexFunc(sellers, func(p stock.Supplier) bool { return p.Code == l.Supplier }); j >= 0 {
			list[k].Minimum = f.Money(int64(sellers[j].Minimum), l.Currency)
			list[k].Below = totals[k] < int64(sellers[j].Minimum)
		}
	}
	return list
}

// nextOf parts the first suggestion of each supplier from later ones.
func nextOf(list []suggestionView) (next, later []suggestionView) {
	seen := map[string]bool{}
	for _, v := range list {
		if seen[v.Supplier] {
			later = append(later, v)
		} else {
			next = append(next, v)
		}
		seen[v.Supplier] = true
	}
	return next, later
}

func suggestedOf(l *plans.PurchaseLine, f format) suggestedLine {
	v := suggestedLine{
		Code: l.Code, Name: cmp.Or(l.Name, l.Code), Day: l.Deliver.String(), Pack: f.Of(l.Pack, l.Unit), Packs: l.Packs, Order: l.Order(),
		Amount: f.Amount(int64(l.Pack)*int64(l.Order()), l.Unit), Price: f.Money(l.Price, l.Currency), Total: f.Money(l.Price*int64(l.Order()), l.Currency),
		Stock: f.Of(l.Stock, l.Unit), Use: f.Of(l.Use, l.Unit), Safety: f.Of(l.Safety, l.Unit), Need: f.Of(l.Need, l.Unit), Why: f.told(l.Why, func() string { return f.grounds(l) }),
		Edited: l.Order() != l.Packs,
	}
	if l.Edited != nil {
		v.By, v.Reason = l.Edited.By, l.Edited.Reason
	}
	return v
}

func newPurchaseView(p stock.Purchase, f format) purchaseView {
	v := purchaseView{
		Purchase: p, CutOff: f.At(p.OrderBy), Sum: f.Money(int64(p.Total()), p.Currency), Least: f.Money(int64(p.Supplier.Minimum), p.Currency),
		Below: p.Total() < p.Supplier.Minimum, IsDraft: p.Status == stock.Draft, Open: p.Status == stock.Sent || p.Status == stock.PartlyReceived,
		Deliver: "–", Key: rand.Text(),
	}
	if !p.DeliverOn.IsZero() {
		v.Deliver = f.Day(plans.Day(p.DeliverOn.Unix() / 86400))
	}
	for _, l := range p.Lines {
		row := purchaseRow{
			No: l.No, Packs: l.Packs, Code: l.Code, Name: l.Name, Pack: f.Has(l.Pack, l.Unit), Amount: f.Has(l.Ordered(), l.Unit),
			Price: f.Money(int64(l.Price), p.Currency), Total: f.Money(int64(l.Price.Times(l.Packs)), p.Currency), Received: f.Has(l.Received, l.Unit),
			Open: l.Open().Decimal(), OpenIn: f.say("planning.unit." + string(l.Unit)),
		}
		if l.Suggested != nil && *l.Suggested != l.Packs {
			row.Suggested = strconv.Itoa(*l.Suggested)
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// editProcurement takes what somebody knows better about a suggestion.
func (s *server) editProcurement(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	day, err := dayField(r)
	if err != nil {
		return err
	}
	packs, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue("packs")))
	if err != nil {
		return errs.Invalid("%s", s.Say(r, "planning.fault.number"))
	}
	code := r.PostFormValue("code")
	if _, err := s.Planner.EditProcurement(r.Context(), who, outlet.ID, day, code, packs, strings.TrimSpace(r.PostFormValue("reason"))); err != nil {
		return err
	}
	t := page.Toast{Text: s.Say(r, "planning.purchases.edited", packs, cmp.Or(r.PostFormValue("name"), code))}
	if was := r.PostFormValue("was"); was != "" {
		t.Undo = &page.Undo{Action: r.URL.Path, Fields: map[string]string{
			"code": code, "name": r.PostFormValue("name"), "day": day.String(), "packs": was, "reason": r.PostFormValue("was_reason"),
		}}
	}
	return s.done(w, r, "purchases", t)
}

// draftSuggested makes purchase orders of what is suggested: pressed twice, the same ones.
func (s *server) draftSuggested(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	list, err := s.Stock.Suggested(r.Context(), who, outlet.ID, r.PostFormValue("key"))
	if err != nil {
		return err
	}
	return s.done(w, r, "purchases", page.Toast{Text: s.Say(r, "planning.purchases.drafted", len(list))})
}

// order is the purchase order that a form of an outlet is about. Errors: KindNotFound.
func (s *server) order(r *http.Request, who actor.Actor) (stock.Purchase, error) {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return stock.Purchase{}, err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return stock.Purchase{}, errs.NotFound("there is no purchase order %q", r.PathValue("id"))
	}
	p, err := s.Stock.Purchase(r.Context(), who, id)
	if err == nil && p.Outlet != outlet.ID {
		err = errs.NotFound("there is no purchase order %d", id)
	}
	return p, err
}

// editPurchase sets the packs of a draft's lines, which the fields "packs-" and their numbers say.
func (s *server) editPurchase(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, err := s.order(r, who)
	if err != nil {
		return err
	}
	version, _ := strconv.Atoi(r.PostFormValue("version")) // none: whichever
	e := stock.Edit{Version: version}
	undo := map[string]string{}
	for _, l := range p.Lines {
		field := "packs-" + strconv.Itoa(l.No)
		text := strings.TrimSpace(r.PostFormValue(field))
		if text == "" {
			continue
		}
		packs, err := strconv.Atoi(text)
		if err != nil || packs < 0 {
			return errs.Invalid("%s: %s", l.Name, s.Say(r, "planning.fault.number"))
		}
		if packs != l.Packs {
			e.Set = append(e.Set, stock.OrderLine{Product: l.Code, Packs: packs})
			undo[field] = strconv.Itoa(l.Packs)
		}
	}
	t := page.Toast{Text: s.Say(r, "planning.purchases.unchanged", p.Number)}
	if len(e.Set) > 0 {
		changed, err := s.Stock.Edit(r.Context(), who, p.ID, e)
		if err != nil {
			return err
		}
		t.Text = s.Say(r, "planning.purchases.changed", p.Number)
		if len(changed.Lines) == len(p.Lines) { // a line that was taken out is not there to be put back
			t.Undo = &page.Undo{Action: r.URL.Path, Fields: undo}
		}
	}
	return s.done(w, r, "purchases", t)
}

// sendPurchase sends an order to its supplier.
func (s *server) sendPurchase(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, err := s.order(r, who)
	if err == nil {
		p, err = s.Stock.Send(r.Context(), who, p.ID)
	}
	if err != nil {
		return err
	}
	text := s.Say(r, "planning.purchases.noted", p.Number)
	if p.SentTo != "" {
		text = s.Say(r, "planning.purchases.sent", p.Number, p.SentTo)
	}
	return s.done(w, r, "purchases", page.Toast{Text: text})
}

func (s *server) cancelPurchase(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, err := s.order(r, who)
	if err == nil {
		_, err = s.Stock.Cancel(r.Context(), who, p.ID)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, "purchases", page.Toast{Text: s.Say(r, "planning.purchases.cancelled", p.Number)})
}

// receivePurchase takes a delivery in: the fields "got-" and the lines' numbers say how much; a form that comes twice counts once.
func (s *server) receivePurchase(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, err := s.order(r, who)
	if err != nil {
		return err
	}
	got := stock.Receipt{Purchase: p.ID, Key: r.PostFormValue("key"), Close: r.PostFormValue("close") != ""}
	for _, l := range p.Lines {
		text := strings.TrimSpace(r.PostFormValue("got-" + strconv.Itoa(l.No)))
		if text == "" {
			continue
		}
		q, err := measure.ParseQuantity(strings.ReplaceAll(text, ",", "."), l.Unit)
		if err != nil {
			return err
		}
		if q > 0 {
			got.Lines = append(got.Lines, stock.ReceivedLine{No: l.No, Quantity: q})
		}
	}
	if len(got.Lines) == 0 { // none would mean all that is open
		return errs.Invalid("%s", s.Say(r, "planning.fault.nothing_received"))
	}
	if _, err = s.Stock.Receive(r.Context(), who, got); err != nil {
		return err
	}
	key := "purchases"
	if who.Require(actor.Manager) != nil {
		key = "stock"
	}
	return s.done(w, r, key, page.Toast{Text: s.Say(r, "planning.purchases.received", p.Number)})
}

// document is the order on paper.
func (s *server) document(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, err := s.order(r, who)
	if err != nil {
		return err
	}
	kind, format := "application/pdf", "pdf"
	if r.URL.Query().Get("format") == "csv" {
		kind, format = "text/csv; charset=utf-8", "csv"
	}
	body, err := s.Paper(r.Context(), who, p, format)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+p.Number+"."+format+`"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // who went away needs no answer
	return nil
}

// card is a suggestion as its template shows it.
type card struct {
	suggestionView
	Base string
}

// Card is a suggestion with where its forms lead.
func (v *purchasesView) Card(s suggestionView) card { return card{s, v.Base} }
