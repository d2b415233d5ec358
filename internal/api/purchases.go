package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/measure"
	"brigade/internal/money"
	"brigade/internal/stock"
)

const tagPurchases = "Suppliers and purchase orders"

// Paper writes a purchase order for its supplier, as csv or pdf.
type Paper func(ctx context.Context, who actor.Actor, p stock.Purchase, format string) ([]byte, error)

const exampleProduct = `{"id":4,"code":"1001","name":"Beef patty 113 g","ingredient":"beef_patty","unit":"piece","pack":60,"price":48.00,"least":1,"preferred":true}`

const exampleSupplier = `{"supplier":"mercado","name":"Mercado Central Mayorista","email":"pedidos@mercado.example","phone":"","currency":"EUR",
"lead_days":1,"delivery_days":["tue","fri"],"cut_off":"16:00","minimum":60.00,"next_delivery":"2024-12-17","order_by":"2024-12-16T15:00:00Z"}`

const examplePurchase = `{"id":3,"number":"PO-00003","supplier":"mercado","supplier_name":"Mercado Central Mayorista","status":"draft",
"suggested":true,"deliver_on":"2024-12-17","order_by":"2024-12-16T15:00:00Z","currency":"EUR","total":96.00,"minimum":60.00,"note":"","version":1,
"sent_to":"","failure":"","created_by":"ann","created_at":"2024-12-16T10:00:00Z","changed_by":"ann","changed_at":"2024-12-16T10:00:00Z","sent_at":null,"closed_at":null,
"lines":[{"line":1,"product":"1001","name":"Beef patty 113 g","ingredient":"beef_patty","unit":"piece","pack":60,"packs":2,"suggested":3,"quantity":120,
"price":48.00,"amount":96.00,"received":0}]}`

func purchaseRoute(method, path, id, summary, description, request, response string) route {
	return changes(method, path, id, tagPurchases, summary, description, request, response)
}

func (s *server) addPurchases() {
	add(s, purchaseRoute(http.MethodGet, "/suppliers", "list-suppliers", "Where an outlet buys",
		"With when each delivers next, and until when that must be ordered. To get the next page, send `next` as `after`.", "",
		`{"suppliers":[`+exampleSupplier+`],"next":null}`), s.listSuppliers)
	add(s, purchaseRoute(http.MethodGet, "/suppliers/{supplier}", "get-supplier", "A supplier", "With what he sells.", "",
		`{"supplier":`+exampleSupplier+`,"products":[`+exampleProduct+`]}`), s.getSupplier)
	add(s, purchaseRoute(http.MethodGet, "/purchases", "list-purchases", "Purchase orders", "Open ones, latest first; with `all` closed ones, too. "+
		"To get earlier ones, send `next` as `before`.", "", `{"purchases":[`+examplePurchase+`],"next":null}`), s.listPurchases)
	create := purchaseRoute(http.MethodPost, "/purchases", "draft-purchase", "Order by hand",
		"A draft. Lines name a product by the supplier's code or, for the one that is preferred, by its ingredient. Without a day it is for the next delivery "+
			"that can still be ordered. With an Idempotency-Key the same request again gives the first draft.",
		`{"supplier":"mercado","lines":[{"product":"1001","packs":2}]}`, examplePurchase)
	create.status = http.StatusCreated
	add(s, create, s.draftPurchase)
	suggest := purchaseRoute(http.MethodPost, "/purchases/suggested", "suggest-purchases", "Order what is needed",
		"A draft for each supplier from whom something should be bought: by the latest purchase plan where there is one, else so that every ingredient "+
			"comes up to its par level, with what is ordered and drafted already.", "", `{"purchases":[`+examplePurchase+`],"next":null}`)
	suggest.status = http.StatusCreated
	add(s, suggest, s.suggestPurchases)
	add(s, purchaseRoute(http.MethodGet, "/purchases/{purchase}", "get-purchase", "A purchase order", "By its number or id.", "", examplePurchase), s.getPurchase)
	add(s, purchaseRoute(http.MethodPut, "/purchases/{purchase}", "edit-purchase", "Change a draft",
		"Sets packs of products (0 takes one out), the day and the note; what is not given stays. What was suggested stays to be seen. With `version` it is "+
			"refused when somebody else has changed it since.", `{"version":1,"lines":[{"product":"1001","packs":3}]}`, examplePurchase), s.editPurchase)
	add(s, purchaseRoute(http.MethodPost, "/purchases/{purchase}/send", "send-purchase", "Send it to the supplier",
		"By e-mail with the order as PDF and CSV, where the supplier has an address and Brigade a mail server; else it is noted as sent, for you to "+
			"download and send. Refused below the supplier's minimum. Repeating it is fine.", "", examplePurchase), s.sendPurchase)
	add(s, purchaseRoute(http.MethodPost, "/purchases/{purchase}/receive", "receive-purchase", "Take a delivery in",
		"What came in goes into stock, as lots with their shelf life or the date that is given. Without lines everything that is open came in; `close` says "+
			"that nothing more will come. With an Idempotency-Key the same delivery again changes nothing.",
		`{"lines":[{"line":1,"quantity":"90"}],"close":false}`, examplePurchase), s.receivePurchase)
	add(s, purchaseRoute(http.MethodPost, "/purchases/{purchase}/cancel", "cancel-purchase", "Give it up", "What came in stays in stock. Repeating it is fine.",
		"", examplePurchase), s.cancelPurchase)
	add(s, purchaseRoute(http.MethodGet, "/purchases/{purchase}/document", "export-purchase", "The order on paper",
		"For the supplier, as PDF or as CSV, with numbers and dates as they are written where the outlet is.", "",
		`"JVBERi0xLjMK"`), s.exportPurchase)
}

type supplierView struct {
	Supplier     string       `json:"supplier" doc:"Its code" example:"mercado"`
	Name         string       `json:"name" example:"Mercado Central Mayorista"`
	Email        string       `json:"email" example:"pedidos@mercado.example"`
	Phone        string       `json:"phone" example:""`
	Currency     string       `json:"currency" example:"EUR"`
	LeadDays     int          `json:"lead_days" example:"1"`
	Days         []string     `json:"delivery_days" doc:"Empty: every day" example:"[\"tue\",\"fri\"]"`
	CutOff       string       `json:"cut_off" doc:"In the outlet's zone: what is ordered later counts for the next day" example:"16:00"`
	Minimum      money.Amount `json:"minimum" doc:"Of an order" example:"60.00"`
	NextDelivery string       `json:"next_delivery" doc:"The first day for which something can still be ordered" example:"2024-12-17"`
	OrderBy      time.Time    `json:"order_by" doc:"Until when"`
}

var weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func viewSupplier(p stock.Supplier, now time.Time, zone *time.Location) supplierView {
	day, by := p.NextDelivery(now, zone)
	v := supplierView{
		p.Code, p.Name, p.Email, p.Phone, p.Currency, p.LeadDays, make([]string, len(p.Days)), time.Time{}.Add(p.CutOff).Format("15:04"), p.Minimum,
		day.Format(time.DateOnly), by.UTC(),
	}
	for i, d := range p.Days {
		v.Days[i] = weekdayNames[d]
	}
	return v
}

// zoneOf is an outlet's time zone, 0 is the caller's own.
func (s *server) zoneOf(ctx context.Context, who actor.Actor, outlet int64) (*time.Location, error) {
	return s.Stock.Zone(ctx, who, cmp.Or(outlet, who.Outlet))
}

type suppliersOutput struct {
	Body struct {
		Suppliers []supplierView `json:"suppliers"`
		Next      *string        `json:"next" doc:"What to send as after for the next page; null: there is none"`
	} `nameHint:"Suppliers"`
}

func (s *server) listSuppliers(ctx context.Context, who actor.Actor, in *StockPage) (*suppliersOutput, error) {
	q, err := s.stockQuery(ctx, who, in)
	if err != nil {
		return nil, err
	}
	list, err := s.Stock.Suppliers(ctx, who, q)
	if err != nil {
		return nil, err
	}
	zone, err := s.zoneOf(ctx, who, q.Outlet)
	if err != nil {
		return nil, err
	}
	out := &suppliersOutput{}
	out.Body.Suppliers = make([]supplierView, len(list))
	for i, p := range list {
		out.Body.Suppliers[i] = viewSupplier(p, s.Clock.Now(), zone)
	}
	out.Body.Next = nextCode(list, in.Limit, func(p stock.Supplier) string { return p.Code })
	return out, nil
}

type productView struct {
	ID         int64          `json:"id" example:"4"`
	Code       string         `json:"code" doc:"The supplier's own" example:"1001"`
	Name       string         `json:"name" example:"Beef patty 113 g"`
	Ingredient string         `json:"ingredient" example:"beef_patty"`
	Unit       stock.Unit     `json:"unit" example:"piece"`
	Pack       stock.Quantity `json:"pack" example:"60"`
	Price      money.Amount   `json:"price" doc:"Of a pack" example:"48.00"`
	Least      int            `json:"least" doc:"Packs of an order" example:"1"`
	Preferred  bool           `json:"preferred"`
}

type supplierInput struct {
	OutletParam
	Supplier string `path:"supplier" maxLength:"200" example:"mercado"`
}

type supplierOutput struct {
	Body struct {
		Supplier supplierView  `json:"supplier"`
		Products []productView `json:"products"`
	} `nameHint:"SupplierWithProducts"`
}

func (s *server) getSupplier(ctx context.Context, who actor.Actor, in *supplierInput) (*supplierOutput, error) {
	if err := clean("supplier", in.Supplier); err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	list, err := s.Stock.Suppliers(ctx, who, stock.Query{Outlet: outlet, Code: in.Supplier, Most: 1, All: true})
	if err == nil && len(list) == 0 {
		err = errs.NotFound("there is no supplier %q here", in.Supplier)
	}
	if err != nil {
		return nil, err
	}
	zone, err := s.zoneOf(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	products, err := s.Stock.Products(ctx, who, stock.Query{Outlet: outlet})
	out := &supplierOutput{}
	out.Body.Supplier, out.Body.Products = viewSupplier(list[0], s.Clock.Now(), zone), []productView{}
	for _, p := range products {
		if p.Supplier == list[0].ID {
			out.Body.Products = append(out.Body.Products, productView{p.ID, p.Code, p.Name, p.Of, p.Unit, p.Pack, p.Price, p.LeastPacks, p.Preferred})
		}
	}
	return out, err
}

type purchaseLineView struct {
	Line       int            `json:"line" example:"1"`
	Product    string         `json:"product" doc:"The supplier's code" example:"1001"`
	Name       string         `json:"name" example:"Beef patty 113 g"`
	Ingredient string         `json:"ingredient" example:"beef_patty"`
	Unit       stock.Unit     `json:"unit" example:"piece"`
	Pack       stock.Quantity `json:"pack" example:"60"`
	Packs      int            `json:"packs" example:"2"`
	Suggested  *int           `json:"suggested" doc:"Packs that were suggested; null: added by hand" example:"3"`
	Quantity   stock.Quantity `json:"quantity" example:"120"`
	Price      money.Amount   `json:"price" doc:"Of a pack" example:"48.00"`
	Amount     money.Amount   `json:"amount" example:"96.00"`
	Received   stock.Quantity `json:"received" example:"0"`
}

type purchaseView struct {
	ID           int64                `json:"id" example:"3"`
	Number       string               `json:"number" example:"PO-00003"`
	Supplier     string               `json:"supplier" example:"mercado"`
	SupplierName string               `json:"supplier_name" example:"Mercado Central Mayorista"`
	Status       stock.PurchaseStatus `json:"status" enum:"draft,sent,partly_received,received,cancelled" example:"draft"`
	Suggested    bool                 `json:"suggested"`
	DeliverOn    string               `json:"deliver_on" example:"2024-12-17"`
	OrderBy      *time.Time           `json:"order_by" doc:"The supplier's cut-off for that day"`
	Currency     string               `json:"currency" example:"EUR"`
	Total        money.Amount         `json:"total" example:"96.00"`
	Minimum      money.Amount         `json:"minimum" doc:"The supplier's" example:"60.00"`
	Note         string               `json:"note" example:""`
	Version      int                  `json:"version" example:"1"`
	SentTo       string               `json:"sent_to" doc:"By e-mail; empty: by hand" example:""`
	Failure      string               `json:"failure" doc:"Why the e-mail has not arrived" example:""`
	CreatedBy    string               `json:"created_by" example:"ann"`
	CreatedAt    time.Time            `json:"created_at"`
	ChangedBy    string               `json:"changed_by" example:"ann"`
	ChangedAt    time.Time            `json:"changed_at"`
	SentAt       *time.Time           `json:"sent_at"`
	ClosedAt     *time.Time           `json:"closed_at" doc:"Received or cancelled"`
	Lines        []purchaseLineView   `json:"lines"`
}

func viewPurchase(p stock.Purchase) purchaseView {
	v := purchaseView{
		p.ID, p.Number, p.Supplier.Code, p.Supplier.Name, p.Status, p.Suggested, "", when(p.OrderBy), p.Currency, p.Total(), p.Supplier.Minimum,
		p.Note, p.Version, p.SentTo, p.Failure, p.CreatedBy, p.CreatedAt.UTC(), p.ChangedBy, p.ChangedAt.UTC(), when(p.SentAt), when(p.ClosedAt),
		make([]purchaseLineView, len(p.Lines)),
	}
	if !p.DeliverOn.IsZero() {
		v.DeliverOn = p.DeliverOn.Format(time.DateOnly)
	}
	for i, l := range p.Lines {
		v.Lines[i] = purchaseLineView{
			l.No, l.Code, l.Name, l.Of, l.Unit, l.Pack, l.Packs, l.Suggested, l.Ordered(), l.Price, l.Price.Times(l.Packs), l.Received,
		}
	}
	return v
}

func viewPurchases(list []stock.Purchase) []purchaseView {
	views := make([]purchaseView, len(list))
	for i, p := range list {
		views[i] = viewPurchase(p)
	}
	return views
}

type purchaseOutput struct{ Body purchaseView }

func shownPurchase(p stock.Purchase, err error) (*purchaseOutput, error) {
	if err != nil {
		return nil, err
	}
	return &purchaseOutput{viewPurchase(p)}, nil
}

type purchasesInput struct {
	OutletParam
	BackParam
	Supplier string `query:"supplier" maxLength:"200" doc:"Only of this one" example:"mercado"`
	All      bool   `query:"all" doc:"Also those that are closed"`
}

type purchasesOutput struct {
	Body struct {
		Purchases []purchaseView `json:"purchases"`
		Next      *int64         `json:"next" doc:"What to send as before for earlier ones; null: there may be none"`
	} `nameHint:"Purchases"`
}

func (s *server) listPurchases(ctx context.Context, who actor.Actor, in *purchasesInput) (*purchasesOutput, error) {
	if err := clean("supplier", in.Supplier); err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	list, err := s.Stock.Purchases(ctx, who, stock.Query{Outlet: outlet, Code: in.Supplier, Before: in.Before, Most: in.Limit, All: in.All})
	out := &purchasesOutput{}
	out.Body.Purchases = viewPurchases(list)
	if len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out, err
}

type wishLine struct {
	Product    string `json:"product,omitempty" maxLength:"200" doc:"The supplier's code" example:"1001"`
	Ingredient string `json:"ingredient,omitempty" maxLength:"200" doc:"Instead: the supplier's preferred product of it"`
	Packs      int    `json:"packs" minimum:"0" maximum:"100000" example:"2"`
}

func orderLines(lines []wishLine) []stock.OrderLine {
	list := make([]stock.OrderLine, len(lines))
	for i, l := range lines {
		list[i] = stock.OrderLine(l)
	}
	return list
}

type draftInput struct {
	OutletParam
	KeyParam
	Body struct {
		Supplier  string     `json:"supplier" minLength:"1" maxLength:"200" example:"mercado"`
		DeliverOn string     `json:"deliver_on,omitempty" doc:"YYYY-MM-DD; without it, the next day possible" example:"2024-12-17"`
		Note      string     `json:"note,omitempty" maxLength:"200"`
		Lines     []wishLine `json:"lines,omitempty" maxItems:"1000"`
	} `nameHint:"DraftPurchase"`
}

func (s *server) draftPurchase(ctx context.Context, who actor.Actor, in *draftInput) (*purchaseOutput, error) {
	if err := clean("Idempotency-Key", in.Key); err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	o := stock.Order{Outlet: outlet, Supplier: in.Body.Supplier, Key: in.Key, Note: in.Body.Note, Lines: orderLines(in.Body.Lines)}
	if o.DeliverOn, err = momentOr("deliver_on", in.Body.DeliverOn, time.UTC, 0); err != nil {
		return nil, err
	}
	return shownPurchase(s.Stock.Draft(ctx, who, o))
}

type suggestInput struct {
	OutletParam
	KeyParam
}

func (s *server) suggestPurchases(ctx context.Context, who actor.Actor, in *suggestInput) (*purchasesOutput, error) {
	if err := clean("Idempotency-Key", in.Key); err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	list, err := s.Stock.Suggested(ctx, who, outlet, in.Key)
	out := &purchasesOutput{}
	out.Body.Purchases = viewPurchases(list)
	return out, err
}

// PurchaseRef is the purchase order that a request is about. It is exported for huma, as OutletParam.
type PurchaseRef struct {
	OutletParam
	Purchase string `path:"purchase" doc:"Its number at the outlet, or its id" example:"PO-00003" maxLength:"40"`
}

func (s *server) purchase(ctx context.Context, who actor.Actor, ref PurchaseRef) (stock.Purchase, error) {
	if err := clean("purchase", ref.Purchase); err != nil {
		return stock.Purchase{}, err
	}
	outlet, err := s.outlet(ctx, who, ref.Outlet)
	if err != nil {
		return stock.Purchase{}, err
	}
	return s.Stock.Find(ctx, who, outlet, ref.Purchase)
}

func (s *server) getPurchase(ctx context.Context, who actor.Actor, in *PurchaseRef) (*purchaseOutput, error) {
	return shownPurchase(s.purchase(ctx, who, *in))
}

type editPurchaseInput struct {
	PurchaseRef
	Body struct {
		Version   int        `json:"version,omitempty" minimum:"0" doc:"That was seen" example:"1"`
		DeliverOn string     `json:"deliver_on,omitempty" doc:"YYYY-MM-DD" example:"2024-12-17"`
		Note      *string    `json:"note,omitempty" maxLength:"200"`
		Lines     []wishLine `json:"lines,omitempty" maxItems:"1000"`
	} `nameHint:"EditPurchase"`
}

func (s *server) editPurchase(ctx context.Context, who actor.Actor, in *editPurchaseInput) (*purchaseOutput, error) {
	p, err := s.purchase(ctx, who, in.PurchaseRef)
	if err != nil {
		return nil, err
	}
	e := stock.Edit{Version: in.Body.Version, Note: in.Body.Note, Set: orderLines(in.Body.Lines)}
	if in.Body.DeliverOn != "" {
		day, err := momentOr("deliver_on", in.Body.DeliverOn, time.UTC, 0)
		if err != nil {
			return nil, err
		}
		e.DeliverOn = &day
	}
	return shownPurchase(s.Stock.Edit(ctx, who, p.ID, e))
}

func (s *server) sendPurchase(ctx context.Context, who actor.Actor, in *PurchaseRef) (*purchaseOutput, error) {
	p, err := s.purchase(ctx, who, *in)
	if err != nil {
		return nil, err
	}
	return shownPurchase(s.Stock.Send(ctx, who, p.ID))
}

func (s *server) cancelPurchase(ctx context.Context, who actor.Actor, in *PurchaseRef) (*purchaseOutput, error) {
	p, err := s.purchase(ctx, who, *in)
	if err != nil {
		return nil, err
	}
	return shownPurchase(s.Stock.Cancel(ctx, who, p.ID))
}

type receivedLine struct {
	Line     int        `json:"line" minimum:"1" example:"1"`
	Quantity string     `json:"quantity" minLength:"1" maxLength:"40" doc:"With its measure, or in the ingredient's unit" example:"90"`
	Expires  *time.Time `json:"expires,omitempty" doc:"Without it, by the ingredient's shelf life"`
}

type receiveInput struct {
	PurchaseRef
	KeyParam
	Body *struct {
		Lines []receivedLine `json:"lines,omitempty" maxItems:"1000"`
		Close bool           `json:"close,omitempty" doc:"Nothing more will come"`
	} `nameHint:"ReceivePurchase"`
}

func (s *server) receivePurchase(ctx context.Context, who actor.Actor, in *receiveInput) (*purchaseOutput, error) {
	if err := clean("Idempotency-Key", in.Key); err != nil {
		return nil, err
	}
	p, err := s.purchase(ctx, who, in.PurchaseRef)
	if err != nil {
		return nil, err
	}
	r := stock.Receipt{Purchase: p.ID, Key: in.Key}
	if in.Body != nil {
		r.Close = in.Body.Close
		if r.Lines, err = received(p, in.Body.Lines); err != nil {
			return nil, err
		}
	}
	return shownPurchase(s.Stock.Receive(ctx, who, r))
}

// received reads quantities in the units of a purchase order's lines; nil: nothing is said of lines. Errors: KindInvalid.
func received(p stock.Purchase, lines []receivedLine) (list []stock.ReceivedLine, err error) {
	for _, l := range lines {
		if l.Line > len(p.Lines) {
			return nil, errs.Invalid("%s has no line %d", p.Number, l.Line)
		}
		got := stock.ReceivedLine{No: l.Line}
		if got.Quantity, err = measure.ParseQuantity(l.Quantity, p.Lines[l.Line-1].Unit); err != nil {
			return nil, err
		}
		if l.Expires != nil {
			got.Expires = l.Expires.UTC()
		}
		list = append(list, got)
	}
	return list, nil
}

type documentInput struct {
	PurchaseRef
	Format string `query:"format" enum:"pdf,csv" default:"pdf" example:"pdf"`
}

type documentOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

var contentTypes = map[string]string{"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}

func (s *server) exportPurchase(ctx context.Context, who actor.Actor, in *documentInput) (*documentOutput, error) {
	p, err := s.purchase(ctx, who, in.PurchaseRef)
	if err != nil {
		return nil, err
	}
	body, err := s.Paper(ctx, who, p, in.Format)
	return &documentOutput{contentTypes[in.Format], `attachment; filename="` + p.Number + "." + in.Format + `"`, body}, err
}
