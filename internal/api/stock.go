package api

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/stock"
)

const tagStock = "Stock"

// Stock keeps what kitchens hold, and buys; *stock.Service.
type Stock interface {
	Levels(ctx context.Context, who actor.Actor, q stock.Query) ([]stock.Level, error)
	Level(ctx context.Context, who actor.Actor, outlet int64, code string) (stock.Level, error)
	Lots(ctx context.Context, who actor.Actor, q stock.Query) ([]stock.Lot, error)
	Bills(ctx context.Context, who actor.Actor, outlet int64) ([]stock.BillLine, error)
	Outs(ctx context.Context, who actor.Actor, outlet int64) ([]stock.Out, error)
	Movements(ctx context.Context, who actor.Actor, q stock.Query) ([]stock.Movement, error)
	Usage(ctx context.Context, who actor.Actor, q stock.Query) ([]stock.Usage, error)
	Book(ctx context.Context, who actor.Actor, sheet stock.Sheet) ([]stock.Change, error)
	Zone(ctx context.Context, who actor.Actor, outlet int64) (*time.Location, error)

	Suppliers(ctx context.Context, who actor.Actor, q stock.Query) ([]stock.Supplier, error)
	Products(ctx context.Context, who actor.Actor, q stock.Query) ([]stock.Product, error)
	Purchases(ctx context.Context, who actor.Actor, q stock.Query) ([]stock.Purchase, error)
	Find(ctx context.Context, who actor.Actor, outlet int64, ref string) (stock.Purchase, error)
	Draft(ctx context.Context, who actor.Actor, o stock.Order) (stock.Purchase, error)
	Suggested(ctx context.Context, who actor.Actor, outlet int64, key string) ([]stock.Purchase, error)
	Edit(ctx context.Context, who actor.Actor, id int64, e stock.Edit) (stock.Purchase, error)
	Send(ctx context.Context, who actor.Actor, id int64) (stock.Purchase, error)
	Cancel(ctx context.Context, who actor.Actor, id int64) (stock.Purchase, error)
	Receive(ctx context.Context, who actor.Actor, r stock.Receipt) (stock.Purchase, error)
}

const exampleLevel = `{"ingredient":"beef_patty","name":"Beef patty","unit":"piece","on_hand":412,"reserved":6,"available":406,"on_order":120,
"par":600,"made_here":false,"stocked":true,"next_expiry":"2024-12-18T06:00:00Z","counted_at":"2024-12-16T06:00:00Z"}`

func stockRoute(method, path, id, summary, description, request, response string) route {
	return changes(method, "/stock"+path, id, tagStock, summary, description, request, response)
}

func (s *server) addStock() {
	add(s, stockRoute(http.MethodGet, "", "list-stock", "How much there is",
		"Every ingredient of an outlet with what is on hand, what open orders hold back, and what is ordered. Quantities are in the "+
			"ingredient's unit. `on_hand` is below 0 when more was used than was ever booked in: count it. To get the next page, send `next` "+
			"as `after`.", "", `{"levels":[`+exampleLevel+`],"next":null}`), s.listStock)
	add(s, stockRoute(http.MethodGet, "/ingredients/{ingredient}", "get-stock", "One ingredient", "With what is left of its lots; what "+
		"expires first is used first.", "", `{"level":`+exampleLevel+`,"lots":[{"id":7,"received_at":"2024-12-15T06:00:00Z",
"expires_at":"2024-12-18T06:00:00Z","initial":600,"remaining":412,"purchase":0,"note":"opening stock"}]}`), s.getStock)
	add(s, stockRoute(http.MethodPost, "/sheets", "book-stock", "Count, take in, make, waste, transfer, correct",
		"Everything on the sheet holds, or nothing. `count` says how much is there, all others how much comes or goes; transfers and corrections may "+
			"be below 0. Quantities are written as 2.5 kg, 330 ml, 12 pieces, or 12 in the ingredient's unit. `make` is for preparations: they come "+
			"in, what they are made of goes out. With an Idempotency-Key the same sheet again changes nothing and gives the first answer. Items that "+
			"can no longer be made are taken off the menu at once, those that can be again come back.",
		`{"kind":"count","entries":[{"ingredient":"beef_patty","quantity":"412"},{"ingredient":"milk","quantity":"22.5 l"}]}`,
		`{"changes":[{"ingredient":"beef_patty","unit":"piece","was":415,"now":412,"change":-3}]}`), s.bookStock)
	add(s, stockRoute(http.MethodGet, "/movements", "list-stock-movements", "Why stock changed",
		"The ledger, latest first: it is only appended to. To get earlier ones, send `next` as `before`.", "",
		`{"movements":[{"id":91,"ingredient":"beef_patty","unit":"piece","kind":"use","quantity":-2,"order_id":17,"reason":"","by":"stock",
"at":"2024-12-16T12:00:00Z"}],"next":null}`), s.listMovements)
	add(s, stockRoute(http.MethodGet, "/usage", "get-stock-usage", "What was used, by the bills and in truth",
		"For a time (the last 7 days unless from and to say otherwise): `theoretical` is what orders needed by their bills, `actual` what must "+
			"have been used by what was there before and after; `variance` is how much more. It is as good as the counts are.", "",
		`{"usage":[{"ingredient":"beef_patty","name":"Beef patty","unit":"piece","opening":600,"in":120,"wasted":4,"theoretical":301,"actual":304,
"variance":3,"closing":412}],"next":null}`), s.getUsage)
	add(s, stockRoute(http.MethodGet, "/outs", "list-stock-outs", "What cannot be made",
		"Items that are off the menu because an ingredient ran out. They come back by themselves when it is there again.", "",
		`{"outs":[{"item":"wrap","missing":"tortilla","since":"2024-12-16T19:10:00Z"}]}`), s.listOuts)
	add(s, stockRoute(http.MethodGet, "/bills", "list-bills", "What goes into what",
		"Bills of materials: of one unit of an item, or of one batch of a preparation.", "",
		`{"bills":[{"kind":"item","made":"wrap","parts":[{"ingredient":"tortilla","unit":"piece","quantity":1}]}]}`), s.listBills)
}

type levelView struct {
	Ingredient string         `json:"ingredient" doc:"Its code" example:"beef_patty"`
	Name       string         `json:"name" example:"Beef patty"`
	Unit       stock.Unit     `json:"unit" enum:"g,ml,piece" example:"piece"`
	OnHand     stock.Quantity `json:"on_hand" example:"412"`
	Reserved   stock.Quantity `json:"reserved" doc:"Held back by open orders that are not cooked yet" example:"6"`
	Available  stock.Quantity `json:"available" doc:"On hand and not held back" example:"406"`
	OnOrder    stock.Quantity `json:"on_order" doc:"Of purchase orders that were sent" example:"120"`
	Par        stock.Quantity `json:"par" doc:"What should be there after a delivery; 0: not said" example:"600"`
	MadeHere   bool           `json:"made_here" doc:"A preparation"`
	Stocked    bool           `json:"stocked" doc:"False: a preparation that is taken apart into what it is made of whenever it is used" example:"true"`
	NextExpiry *time.Time     `json:"next_expiry" doc:"When the next lot expires; null: none does"`
	CountedAt  *time.Time     `json:"counted_at" doc:"null: never"`
}

func viewLevel(l stock.Level) levelView {
	return levelView{
		l.Code, l.Name, l.Unit, l.OnHand, l.Reserved, l.Available(), l.OnOrder, l.Par, l.Prepared(), !l.Prepared() || l.Stocked,
		when(l.NextLoss), when(l.Counted),
	}
}

// StockPage pages lists of an outlet by their codes. It is exported for huma, as OutletParam.
type StockPage struct {
	OutletParam
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"200" doc:"Rows per page"`
	After string `query:"after" maxLength:"200" doc:"Codes after this one: next of the page before"`
	All   bool   `query:"all" doc:"Also what is no longer used"`
}

func (s *server) stockQuery(ctx context.Context, who actor.Actor, in *StockPage) (q stock.Query, err error) {
	if err := clean("after", in.After); err != nil {
		return q, err
	}
	q = stock.Query{After: in.After, Most: in.Limit, All: in.All}
	q.Outlet, err = s.outlet(ctx, who, in.Outlet)
	return q, err
}

// nextCode is what to send as after for the next page.
func nextCode[T any](list []T, limit int, code func(T) string) *string {
	if len(list) < limit || len(list) == 0 {
		return nil
	}
	next := code(list[len(list)-1])
	return &next
}

type levelsOutput struct {
	Body struct {
		Levels []levelView `json:"levels"`
		Next   *string     `json:"next" doc:"What to send as after for the next page; null: there is none"`
	} `nameHint:"StockLevels"`
}

func (s *server) listStock(ctx context.Context, who actor.Actor, in *StockPage) (*levelsOutput, error) {
	q, err := s.stockQuery(ctx, who, in)
	if err != nil {
		return nil, err
	}
	list, err := s.Stock.Levels(ctx, who, q)
	out := &levelsOutput{}
	out.Body.Levels = make([]levelView, len(list))
	for i, l := range list {
		out.Body.Levels[i] = viewLevel(l)
	}
	out.Body.Next = nextCode(list, in.Limit, func(l stock.Level) string { return l.Code })
	return out, err
}

type ingredientInput struct {
	OutletParam
	Ingredient string `path:"ingredient" maxLength:"200" example:"beef_patty"`
}

type lotView struct {
	ID        int64          `json:"id" example:"7"`
	Received  time.Time      `json:"received_at"`
	Expires   *time.Time     `json:"expires_at" doc:"null: it does not spoil"`
	Initial   stock.Quantity `json:"initial" example:"600"`
	Remaining stock.Quantity `json:"remaining" example:"412"`
	Purchase  int64          `json:"purchase" doc:"The purchase order that brought it; 0: none" example:"3"`
	Note      string         `json:"note" example:"opening stock"`
}

type levelOutput struct {
	Body struct {
		Level levelView `json:"level"`
		Lots  []lotView `json:"lots" doc:"What is left of them; at most 500"`
	} `nameHint:"StockLevelWithLots"`
}

const mostLots = 500

func (s *server) getStock(ctx context.Context, who actor.Actor, in *ingredientInput) (*levelOutput, error) {
	if err := clean("ingredient", in.Ingredient); err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	level, err := s.Stock.Level(ctx, who, outlet, in.Ingredient)
	if err != nil {
		return nil, err
	}
	lots, err := s.Stock.Lots(ctx, who, stock.Query{Outlet: outlet, Code: in.Ingredient, Most: mostLots})
	out := &levelOutput{}
	out.Body.Level, out.Body.Lots = viewLevel(level), make([]lotView, len(lots))
	for i, l := range lots {
		out.Body.Lots[i] = lotView{l.ID, l.Received.UTC(), when(l.Expires), l.Initial, l.Remaining, l.Purchase, l.Note}
	}
	return out, err
}

type sheetEntry struct {
	Ingredient string     `json:"ingredient" maxLength:"200" example:"beef_patty"`
	Quantity   string     `json:"quantity" minLength:"1" maxLength:"40" doc:"With its measure, or in the ingredient's unit" example:"412"`
	Lot        int64      `json:"lot,omitempty" minimum:"0" doc:"Of waste: the lot that is meant; without it, what expires first"`
	Expires    *time.Time `json:"expires,omitempty" doc:"Of what comes in; without it, by the ingredient's shelf life"`
	Reason     string     `json:"reason,omitempty" maxLength:"200" example:"dropped"`
}

type sheetInput struct {
	OutletParam
	KeyParam
	Body struct {
		Kind    stock.MovementKind `json:"kind" enum:"count,purchase,make,waste,transfer,correction" example:"count"`
		Entries []sheetEntry       `json:"entries" minItems:"1" maxItems:"1000"`
	} `nameHint:"StockSheet"`
}

type stockChange struct {
	Ingredient string         `json:"ingredient" example:"beef_patty"`
	Unit       stock.Unit     `json:"unit" example:"piece"`
	Was        stock.Quantity `json:"was" example:"415"`
	Now        stock.Quantity `json:"now" example:"412"`
	Change     stock.Quantity `json:"change" example:"-3"`
}

type sheetOutput struct {
	Body struct {
		Changes []stockChange `json:"changes"`
	} `nameHint:"StockChanges"`
}

func (s *server) bookStock(ctx context.Context, who actor.Actor, in *sheetInput) (*sheetOutput, error) {
	if err := clean("Idempotency-Key", in.Key); err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	sheet := stock.Sheet{Outlet: outlet, Kind: in.Body.Kind, Key: in.Key}
	for _, e := range in.Body.Entries {
		entry := stock.Entry{Code: e.Ingredient, Text: e.Quantity, Lot: e.Lot, Reason: e.Reason}
		if e.Expires != nil {
			entry.Expires = e.Expires.UTC()
		}
		sheet.Entries = append(sheet.Entries, entry)
	}
	list, err := s.Stock.Book(ctx, who, sheet)
	out := &sheetOutput{}
	out.Body.Changes = make([]stockChange, len(list))
	for i, c := range list {
		out.Body.Changes[i] = stockChange{c.Code, c.Unit, c.Was, c.Now, c.Quantity}
	}
	return out, err
}

type movementsInput struct {
	OutletParam
	BackParam
	TimesParam
	Ingredient string             `query:"ingredient" maxLength:"200" doc:"Only of this one" example:"beef_patty"`
	Kind       stock.MovementKind `query:"kind" enum:"count,purchase,make,use,waste,transfer,correction" doc:"Only such" example:"waste"`
}

// TimesParam is which time a list is about. It is exported for huma, as OutletParam.
type TimesParam struct {
	From string `query:"from" maxLength:"40" doc:"From this time, or this day in the outlet's zone, on" example:"2024-12-16"`
	To   string `query:"to" maxLength:"40" doc:"Until this time, or to the end of this day" example:"2024-12-22"`
}

// times reads the time that a list is about; what is not given is zero. Errors: KindInvalid.
func (s *server) times(ctx context.Context, who actor.Actor, outlet int64, in TimesParam) (from, till time.Time, err error) {
	zone, err := s.zoneOf(ctx, who, outlet)
	if err != nil {
		return from, till, err
	}
	if from, err = momentOr("from", in.From, zone, 0); err != nil {
		return from, till, err
	}
	if till, err = momentOr("to", in.To, zone, 1); err != nil {
		return from, till, err
	}
	if !from.IsZero() && !till.IsZero() && !from.Before(till) {
		var f errs.Fields
		f.Add("to", "must be after from")
		return from, till, f.Err()
	}
	return from, till, nil
}

// momentOr reads a time, or a day at a zone: so many days after its midnight. "" is zero.
func momentOr(field, text string, zone *time.Location, days int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil && t.Year() > 1 && t.Year() < 9999 {
		return t.UTC(), nil
	}
	d, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil || d.Year() < 1970 || d.Year() > 9000 {
		var f errs.Fields
		f.Add(field, "must be a day as 2024-12-16, or a time as 2024-12-16T12:00:00Z")
		return time.Time{}, f.Err()
	}
	return d.AddDate(0, 0, days).UTC(), nil
}

type movementView struct {
	ID         int64              `json:"id" example:"91"`
	Ingredient string             `json:"ingredient" example:"beef_patty"`
	Unit       stock.Unit         `json:"unit" example:"piece"`
	Kind       stock.MovementKind `json:"kind" example:"use"`
	Quantity   stock.Quantity     `json:"quantity" doc:"Below 0: out of stock" example:"-2"`
	Order      int64              `json:"order_id,omitempty" doc:"Whose cooking used it" example:"17"`
	Purchase   int64              `json:"purchase_id,omitempty" doc:"The purchase order that brought it"`
	Lot        int64              `json:"lot,omitempty" doc:"That came in, or that was meant"`
	Reason     string             `json:"reason" example:""`
	By         string             `json:"by" example:"stock"`
	At         time.Time          `json:"at"`
}

type movementsOutput struct {
	Body struct {
		Movements []movementView `json:"movements"`
		Next      *int64         `json:"next" doc:"What to send as before for earlier ones; null: there may be none"`
	} `nameHint:"StockMovements"`
}

func (s *server) listMovements(ctx context.Context, who actor.Actor, in *movementsInput) (*movementsOutput, error) {
	if err := clean("ingredient", in.Ingredient); err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	q := stock.Query{Outlet: outlet, Code: in.Ingredient, Kind: in.Kind, Before: in.Before, Most: in.Limit}
	if q.From, q.Till, err = s.times(ctx, who, outlet, in.TimesParam); err != nil {
		return nil, err
	}
	list, err := s.Stock.Movements(ctx, who, q)
	out := &movementsOutput{}
	out.Body.Movements = make([]movementView, len(list))
	for i, m := range list {
		out.Body.Movements[i] = movementView{m.ID, m.Code, m.Unit, m.Kind, m.Quantity, m.Order, m.Purchase, m.Lot, m.Reason, m.By, m.At.UTC()}
	}
	if len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out, err
}

type usageView struct {
	Ingredient  string         `json:"ingredient" example:"beef_patty"`
	Name        string         `json:"name" example:"Beef patty"`
	Unit        stock.Unit     `json:"unit" example:"piece"`
	Opening     stock.Quantity `json:"opening" example:"600"`
	In          stock.Quantity `json:"in" doc:"Delivered, made, transferred" example:"120"`
	Wasted      stock.Quantity `json:"wasted" doc:"That was noted" example:"4"`
	Theoretical stock.Quantity `json:"theoretical" example:"301"`
	Actual      stock.Quantity `json:"actual" example:"304"`
	Variance    stock.Quantity `json:"variance" doc:"Above 0: more was used than the bills say" example:"3"`
	Closing     stock.Quantity `json:"closing" example:"412"`
}

type usageInput struct {
	StockPage
	TimesParam
	Ingredient string `query:"ingredient" maxLength:"200" doc:"Only of this one" example:"beef_patty"`
}

type usageOutput struct {
	Body struct {
		Usage []usageView `json:"usage"`
		Next  *string     `json:"next" doc:"What to send as after for the next page; null: there is none"`
	} `nameHint:"StockUsage"`
}

const usualUsage = 7 * 24 * time.Hour

func (s *server) getUsage(ctx context.Context, who actor.Actor, in *usageInput) (*usageOutput, error) {
	if err := clean("ingredient", in.Ingredient); err != nil {
		return nil, err
	}
	q, err := s.stockQuery(ctx, who, &in.StockPage)
	if err != nil {
		return nil, err
	}
	q.Code = in.Ingredient
	if q.From, q.Till, err = s.times(ctx, who, q.Outlet, in.TimesParam); err != nil {
		return nil, err
	}
	if q.From.IsZero() {
		q.From = s.Clock.Now().Add(-usualUsage)
	}
	list, err := s.Stock.Usage(ctx, who, q)
	out := &usageOutput{}
	out.Body.Usage = make([]usageView, len(list))
	for i, u := range list {
		out.Body.Usage[i] = usageView{u.Code, u.Name, u.Unit, u.Opening, u.In, u.Wasted, u.Theoretical, u.Actual(), u.Variance(), u.Closing}
	}
	out.Body.Next = nextCode(list, in.Limit, func(u stock.Usage) string { return u.Code })
	return out, err
}

type outView struct {
	Item    string    `json:"item" doc:"Its SKU" example:"wrap"`
	Missing string    `json:"missing" doc:"The ingredient's code" example:"tortilla"`
	Since   time.Time `json:"since"`
}

type outsOutput struct {
	Body struct {
		Outs []outView `json:"outs"`
	} `nameHint:"StockOuts"`
}

func (s *server) listOuts(ctx context.Context, who actor.Actor, in *OutletParam) (*outsOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	list, err := s.Stock.Outs(ctx, who, outlet)
	out := &outsOutput{}
	out.Body.Outs = make([]outView, len(list))
	for i, o := range list {
		out.Body.Outs[i] = outView{o.SKU, o.Ingredient, o.Since.UTC()}
	}
	return out, err
}

type billView struct {
	Kind  stock.BillKind `json:"kind" enum:"item,preparation" example:"item"`
	Made  string         `json:"made" doc:"An item's SKU, a preparation's code" example:"wrap"`
	Parts []partView     `json:"parts"`
}

type partView struct {
	Ingredient string         `json:"ingredient" example:"tortilla"`
	Unit       stock.Unit     `json:"unit" example:"piece"`
	Quantity   stock.Quantity `json:"quantity" example:"1"`
}

type billsOutput struct {
	Body struct {
		Bills []billView `json:"bills"`
	} `nameHint:"Bills"`
}

func (s *server) listBills(ctx context.Context, who actor.Actor, in *OutletParam) (*billsOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	lines, err := s.Stock.Bills(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	levels, err := s.Stock.Levels(ctx, who, stock.Query{Outlet: outlet, All: true})
	known := map[int64]stock.Level{}
	for _, l := range levels {
		known[l.ID] = l
	}
	out := &billsOutput{}
	out.Body.Bills = []billView{}
	for i, l := range lines {
		if i == 0 || lines[i-1].Kind != l.Kind || lines[i-1].Made != l.Made {
			out.Body.Bills = append(out.Body.Bills, billView{Kind: l.Kind, Made: l.Made})
		}
		b := &out.Body.Bills[len(out.Body.Bills)-1]
		b.Parts = append(b.Parts, partView{known[l.Ingredient].Code, known[l.Ingredient].Unit, l.Quantity})
	}
	return out, err
}
