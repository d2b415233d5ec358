package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"brigade/internal/errs"
	"brigade/internal/money"
	"brigade/internal/order"
)

type orderCommand struct {
	List    orderList    `cmd:"" help:"List orders, newest first."`
	Show    orderShow    `cmd:"" help:"An order with its lines, tasks and timeline."`
	Place   orderPlace   `cmd:"" help:"Place an order."`
	Quote   orderQuote   `cmd:"" help:"When an order would be ready, before it is placed."`
	Explain orderExplain `cmd:"" help:"Where an order's time went, minute by minute."`
	Stuck   orderStuck   `cmd:"" help:"What orders wait for that does not come by itself."`
	Resolve orderResolve `cmd:"" help:"Say that a stuck step was dealt with by hand."`

	Settings   orderSettings   `cmd:"" help:"How an outlet takes orders: hours, payment, codes, point of sale, alerts."`
	Reschedule orderReschedule `cmd:"" help:"Change when an order shall be ready."`
	Add        orderAdd        `cmd:"" help:"Add items to an order that is being cooked."`
	Cut        orderCut        `cmd:"" help:"Take units off a line of an order."`
	Cancel     orderCancel     `cmd:"" help:"Cancel an order before it is handed over."`
	Rush       orderRush       `cmd:"" help:"Put an order before others, or end that."`
	Hold       orderHold       `cmd:"" help:"Hold an order or a course until it is fired."`
	Fire       orderFire       `cmd:"" help:"Fire a course, or all that is held."`
	Remake     orderRemake     `cmd:"" help:"Have something made again."`
	HandOver   orderHandOver   `cmd:"" help:"Hand a ready order over: served, collected or delivered."`
}

// orderReply is an order as the API gives it.
type orderReply struct {
	Number          string       `json:"number"`
	Status          order.Status `json:"status"`
	Type            order.Type   `json:"type"`
	CustomerName    string       `json:"customer_name"`
	TableNumber     *int         `json:"table_number"`
	DeliveryAddress string       `json:"delivery_address"`
	Lines           []struct {
		SKU       string       `json:"sku"`
		Name      string       `json:"name"`
		Quantity  int          `json:"quantity"`
		UnitPrice money.Amount `json:"unit_price"`
	} `json:"lines"`
	Total     money.Amount `json:"total"`
	Fee       money.Amount `json:"delivery_fee"`
	Currency  string       `json:"currency"`
	PlacedAt  time.Time    `json:"placed_at"`
	UpdatedBy string       `json:"updated_by"`
	ReadyAt   *time.Time   `json:"ready_at"`

	Promise *promiseReply `json:"promise"`
}

// items writes "2 Burger combo, 1 Cold coffee".
func (o orderReply) items() string {
	parts := make([]string, len(o.Lines))
	for i, l := range o.Lines {
		parts[i] = fmt.Sprintf("%d %s", l.Quantity, l.Name)
	}
	return strings.Join(parts, ", ")
}

type orderList struct {
	Status []order.Status `name:"status" sep:"," placeholder:"STATUS,…" help:"Only these: created, rejected, scheduled, in_preparation, ready, scheduling_delivery, waiting_for_driver, in_delivery, served, collected, delivered, cancelled."`
	Open   bool           `name:"open" help:"Only orders whose life goes on."`
	Limit  int            `name:"limit" default:"20" placeholder:"N" help:"So many at most, up to 200."`
	Before int64          `name:"before" placeholder:"ID" help:"Go on where a list ended: it says so."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (orderList) Help() string {
	return `For example:

    brigade order list --open
    brigade order list --status ready,collected --limit 50 --json`
}

// Validate names every faulty flag.
func (c *orderList) Validate() error {
	var f errs.Fields
	for _, s := range c.Status {
		if !slices.Contains(order.Statuses, s) {
			f.Add("--status", "must be one of %v, not %q", order.Statuses, s)
		}
	}
	if c.Limit < 1 || c.Limit > 200 {
		f.Add("--limit", "must be from 1 to 200")
	}
	if c.Before < 0 {
		f.Add("--before", "must not be below 0")
	}
	return f.Err()
}

// Run lists orders.
func (c *orderList) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("limit", strconv.Itoa(c.Limit))
	if c.Open {
		q.Set("open", "true")
	}
	if c.Before > 0 {
		q.Set("before", strconv.FormatInt(c.Before, 10))
	}
	if len(c.Status) > 0 {
		q.Set("status", joinText(c.Status))
	}
	type page struct {
		Orders []orderReply `json:"orders"`
		Next   *int64       `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/orders", query: q}, func(p page) error {
		t := newTable(env.Out, "NUMBER", "STATUS", "TYPE", "TOTAL", "PLACED", "READY", "ITEMS", "CUSTOMER")
		for _, o := range p.Orders {
			t.row(o.Number, o.Status, o.Type, o.Total.String()+" "+o.Currency, env.at(&o.PlacedAt), env.clock(o.ReadyAt),
				o.items(), o.CustomerName) // names come last: some scripts' letters are wider than a column counts
		}
		if p.Next != nil {
			defer fmt.Fprintf(env.Err, "there are more: --before %d\n", *p.Next)
		}
		return t.end()
	})
}

// joinText joins texts by commas.
func joinText[T ~string](list []T) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = string(s)
	}
	return strings.Join(parts, ",")
}

type orderShow struct {
	Ref    string `arg:"" name:"ref" help:"The order's number or id."`
	All    bool   `name:"all" help:"What it waits for, the steps of its payment and its jobs instead of its tasks."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (orderShow) Help() string {
	return `For example:

    brigade order show ORD_20260101_001`
}

// orderDetail is an order with all that is known of it, as the API gives it.
type orderDetail struct {
	orderReply
	EstimatedReadyAt *time.Time  `json:"estimated_ready_at"`
	Tasks            []taskReply `json:"tasks"`
	Timeline         []struct {
		At     time.Time `json:"at"`
		What   string    `json:"what"`
		By     string    `json:"by"`
		Task   *int64    `json:"task_id"`
		Detail string    `json:"detail"`
	} `json:"timeline"`
}

// Run shows one order.
func (c *orderShow) Run(ctx context.Context, env *Env) error {
	if c.All {
		return showFile(ctx, env, &c.Remote, c.Ref)
	}
	return ask(ctx, env, &c.Remote, request{path: "/orders/" + url.PathEscape(c.Ref)}, func(o orderDetail) error {
		return o.show(env)
	})
}

func (o orderDetail) show(env *Env) error {
	fmt.Fprintf(env.Out, "%s  %s\n", o.Number, o.Status)
	t := newTable(env.Out)
	t.row("  for", cmp.Or(o.CustomerName, "-")+", "+string(o.Type)+o.where())
	t.row("  placed", env.at(&o.PlacedAt))
	if o.ReadyAt != nil {
		t.row("  ready", env.at(o.ReadyAt))
	} else {
		t.row("  ready", "about "+env.at(o.EstimatedReadyAt))
	}
	if o.Promise != nil {
		t.row("  promised", o.Promise.say(env))
	}
	t.row("  total", o.Total.String()+" "+o.Currency)
	if o.Fee > 0 {
		t.row("  with", o.Fee.String()+" for the delivery")
	}
	if err := t.end(); err != nil {
		return err
	}
	fmt.Fprintln(env.Out)
	t = newTable(env.Out, "ITEM", "QUANTITY", "PRICE")
	for _, l := range o.Lines {
		t.row(l.Name, l.Quantity, l.UnitPrice)
	}
	if err := t.end(); err != nil {
		return err
	}
	fmt.Fprintln(env.Out)
	if err := showTasks(env, o.Tasks); err != nil {
		return err
	}
	return o.showTimeline(env)
}

func (o orderDetail) where() string {
	switch {
	case o.TableNumber != nil:
		return fmt.Sprintf(" at table %d", *o.TableNumber)
	case o.DeliveryAddress != "":
		return " to " + o.DeliveryAddress
	}
	return ""
}

func (o orderDetail) showTimeline(env *Env) error {
	fmt.Fprintln(env.Out)
	t := newTable(env.Out, "TIME", "WHAT", "TASK", "BY", "DETAIL")
	for _, e := range o.Timeline {
		task := "-"
		if e.Task != nil {
			task = strconv.FormatInt(*e.Task, 10)
		}
		t.row(env.clock(&e.At), strings.ReplaceAll(e.What, "_", " "), task, orDash(e.By), e.Detail)
	}
	return t.end()
}

type orderPlace struct {
	Item     []string   `name:"item" sep:"none" required:"" placeholder:"SKU=N" help:"What and how many, by SKU or name; once per item. Without =N it is one."`
	Type     order.Type `name:"type" default:"takeout" placeholder:"TYPE" help:"dine_in, takeout or delivery."`
	Customer string     `name:"customer" placeholder:"NAME" help:"Who it is for."`
	Table    int        `name:"table" placeholder:"N" help:"Table, for dine_in."`
	Address  string     `name:"address" placeholder:"TEXT" help:"Where to, for delivery."`
	Pay      string     `name:"pay" enum:",cash,card,test" default:"" placeholder:"METHOD" help:"cash, when it is handed over; card or test, before it is made. Without it, the order is paid outside Brigade."`
	PayToken string     `name:"pay-token" placeholder:"TOKEN" help:"Whose money, to the provider of payment: a payment method of Stripe; what the test provider shall do."`
	For      string     `name:"for" placeholder:"HH:MM" help:"When it shall be ready, by the outlet's clock (default: as soon as it can be)."`
	Email    string     `name:"email" placeholder:"ADDRESS" help:"Tell the guest by e-mail."`
	Phone    string     `name:"phone" placeholder:"NUMBER" help:"Tell the guest by text message, as +34600111222."`
	Language string     `name:"language" placeholder:"CODE" help:"The guest's language: en, es or ru."`
	Key      string     `name:"key" placeholder:"TEXT" help:"The same key again gives the first answer instead of a second order (default: a new one)."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (orderPlace) Help() string {
	return `For example:

    brigade order place --item burger_combo=2 --item cold_coffee --customer Ada
    brigade order place --item wrap=1 --type dine_in --table 7
    brigade order place --item wrap --for 19:30 --pay card --pay-token pm_card_visa --email ada@example.com --language es`
}

// wantedItem is one line of an order, as the API takes it.
type wantedItem struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// placement is an order, as the API takes it.
type placement struct {
	Outlet          string       `json:"outlet,omitempty"`
	Type            order.Type   `json:"type"`
	CustomerName    string       `json:"customer_name,omitempty"`
	TableNumber     int          `json:"table_number,omitempty"`
	DeliveryAddress string       `json:"delivery_address,omitempty"`
	Items           []wantedItem `json:"items"`
	Payment         *wantedPay   `json:"payment,omitempty"`
	ReadyFor        string       `json:"ready_for,omitempty"`
	Contact         *contact     `json:"contact,omitempty"`
}

// wantedPay is how an order is paid, as the API takes it.
type wantedPay struct {
	Method string `json:"method"`
	Token  string `json:"token,omitempty"`
}

// contact is how a guest is told, as the API takes it.
type contact struct {
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Language string `json:"language,omitempty"`
}

// Validate names items that cannot be read; what they are is for the API to judge.
func (c *orderPlace) Validate() error {
	_, err := c.items()
	return err
}

func (c *orderPlace) items() ([]wantedItem, error) {
	var f errs.Fields
	items := make([]wantedItem, len(c.Item))
	for i, text := range c.Item {
		items[i] = wantedItem{SKU: text, Quantity: 1}
		at := strings.LastIndex(text, "=")
		if at < 0 {
			continue
		}
		n, err := strconv.Atoi(text[at+1:])
		if err != nil {
			f.Add("--item", "must be SKU=N with a whole number, not %q", text)
		}
		items[i] = wantedItem{SKU: text[:at], Quantity: n}
	}
	return items, f.Err()
}

// Run places the order. It always has a key: whoever does not get an answer can ask again with it.
func (c *orderPlace) Run(ctx context.Context, env *Env) error {
	items, err := c.items()
	if err != nil {
		return err
	}
	key := cmp.Or(c.Key, "cli-"+uuid.NewString())
	err = ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: "/orders", key: key, body: c.placement(items)}, func(o orderReply) error {
		_, err := fmt.Fprintf(env.Out, "%s  %s  %s %s  %s\n", o.Number, o.Status, o.Total, o.Currency, o.items())
		return err
	})
	if errs.Is(err, errs.KindUnknown) {
		fmt.Fprintf(env.Err, "to make sure that there is one order, repeat it with --key %s\n", key)
	}
	return err
}

func (c *orderPlace) placement(items []wantedItem) placement {
	p := placement{
		Outlet: c.Outlet, Type: c.Type, CustomerName: c.Customer, TableNumber: c.Table, DeliveryAddress: c.Address, Items: items,
		ReadyFor: c.For,
	}
	if c.Pay != "" || c.PayToken != "" {
		p.Payment = &wantedPay{c.Pay, c.PayToken}
	}
	if c.Email+c.Phone+c.Language != "" {
		p.Contact = &contact{c.Email, c.Phone, c.Language}
	}
	return p
}

type orderHandOver struct {
	Ref    string `arg:"" name:"ref" help:"The order's number or id."`
	Code   string `name:"code" placeholder:"CODE" help:"The order's code, as its guest says it."`
	Photo  string `name:"photo" placeholder:"REFERENCE" help:"Where the photo of a delivery is."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (orderHandOver) Help() string {
	return `An order that has a code is collected only with it, and delivered with it or with a photo. Repeating it gives the same answer.

    brigade order hand-over ORD_20260101_001 --code 4711`
}

// Run hands the order over.
func (c *orderHandOver) Run(ctx context.Context, env *Env) error {
	path := "/orders/" + url.PathEscape(c.Ref) + "/hand-over"
	r := request{method: http.MethodPost, path: path}
	if c.Code+c.Photo != "" {
		r.body = map[string]string{"code": c.Code, "photo": c.Photo}
	}
	return ask(ctx, env, &c.Remote, r, func(o orderReply) error {
		_, err := fmt.Fprintf(env.Out, "%s is %s\n", o.Number, o.Status)
		return err
	})
}
