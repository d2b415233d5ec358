package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/channel"
	"brigade/internal/errs"
	"brigade/internal/money"
	"brigade/internal/order"
)

const tagChannels = "Ordering providers"

// Channels lets ordering providers order; *channel.Service.
type Channels interface {
	Create(ctx context.Context, who actor.Actor, w channel.Wish) (channel.View, channel.Keys, error)
	Get(ctx context.Context, who actor.Actor, name string) (channel.View, error)
	List(ctx context.Context, who actor.Actor) ([]channel.View, error)
	Change(ctx context.Context, who actor.Actor, w channel.Wish) (channel.View, error)
	Rotate(ctx context.Context, who actor.Actor, name string, overlap time.Duration) (channel.Keys, error)
	Close(ctx context.Context, who actor.Actor, name string) error
	Meanings(ctx context.Context, who actor.Actor, name string) ([]channel.Meaning, error)
	PutMeanings(ctx context.Context, who actor.Actor, name string, list []channel.Meaning, replace bool) error
	DropMeaning(ctx context.Context, who actor.Actor, name, id string) error
	SetState(ctx context.Context, who actor.Actor, name string, want channel.Standing) (channel.Standing, error)
	Place(ctx context.Context, who actor.Actor, name string, r channel.Signed, o channel.Order) (channel.Taken, error)
	Find(ctx context.Context, who actor.Actor, name, id string) (channel.Taken, error)
	Cancel(ctx context.Context, who actor.Actor, name, id string, r channel.Signed, reason string) (channel.Taken, error)
	PaidBack(ctx context.Context, who actor.Actor, name, id string, r channel.Signed, note string) (channel.Taken, error)
}

const (
	exampleStanding = `{"state":"busy","delay_minutes":15,"until":"2024-12-16T20:00:00Z","reason":"a large party"}`

	exampleChannel = `{"name":"mesa","outlet_id":1,"prices":"keep","webhook_url":"https://mesa.example/brigade",
"created_at":"2024-12-16T12:00:00Z","created_by":"owner","state":` + exampleStanding + `}`

	exampleMeanings = `{"items":[{"id":"B-1","sku":"burger_combo"},{"id":"X-9","note":"no onions"}]}`

	exampleProviderOrder = `{"id":"M-1001","type":"delivery","customer_name":"Ada","delivery_address":"12 Analytical Row",
"items":[{"id":"B-1","quantity":1,"price":9.90,"modifiers":[{"id":"X-9"}]}],"total":9.90,"paid":true}`

	exampleTaken = `{"id":"M-1001","order_number":"ORD_20241216_001","status":"created","total":9.90,"currency":"EUR","pay_back":0.00}`
)

func (s *server) addChannels() {
	at := func(method, path, id, summary, description, request, response string) route {
		r := changes(method, "/channels"+path, id, tagChannels, summary, description, request, response)
		return r
	}
	add(s, at(http.MethodGet, "", "list-channels", "Channels", "The ordering providers' channels by name, with their states.", "",
		`[`+exampleChannel+`]`), s.listChannels)
	create := at(http.MethodPost, "", "create-channel", "Add a channel",
		"Lets an ordering provider order at an outlet. Its token and secret are in this answer only.",
		`{"name":"mesa","outlet":"kitchen","prices":"keep","webhook_url":"https://mesa.example/brigade"}`,
		`{"token":"brgch_…","secret":"whsec_…",`+exampleChannel[1:])
	create.status = http.StatusCreated
	add(s, create, s.createChannel)
	add(s, at(http.MethodGet, "/{channel}", "get-channel", "A channel", "A channel and its state.", "", exampleChannel), s.getChannel)
	add(s, at(http.MethodPut, "/{channel}", "change-channel", "Change a channel",
		"Sets whose prices hold and where its provider is told; an empty URL is nowhere. Repeating it is fine.",
		`{"prices":"check","webhook_url":"https://mesa.example/brigade"}`, exampleChannel), s.changeChannel)
	add(s, at(http.MethodDelete, "/{channel}", "close-channel", "Close a channel",
		"Nothing is taken from it any more, and its provider is told nothing. Orders that are in go on.", "", ""), s.closeChannel)
	rotate := at(http.MethodPost, "/{channel}/rotate", "rotate-channel", "Give a channel a new token and secret",
		"They are in this answer only. Those before are taken for `overlap_minutes`; what the provider is told is signed with the new "+
			"secret at once.", `{"overlap_minutes":60}`, `{"token":"brgch_…","secret":"whsec_…"}`)
	add(s, rotate, s.rotateChannel)
	s.addChannelItems(at)
	s.addChannelState(at)
	s.addProviderRoutes(at)
}

type makeRoute func(method, path, id, summary, description, request, response string) route

func (s *server) addChannelItems(at makeRoute) {
	add(s, at(http.MethodGet, "/{channel}/items", "list-channel-items", "What a provider's ids mean", "By id.", "", exampleMeanings), s.listMeanings)
	add(s, at(http.MethodPost, "/{channel}/items", "add-channel-items", "Say what ids mean",
		"Items and modifiers are items of the outlet's menu; a modifier can be a note to the cook instead. Others stay. Repeating it is fine.",
		exampleMeanings, exampleMeanings), s.addMeanings)
	add(s, at(http.MethodPut, "/{channel}/items", "put-channel-items", "Say what all ids mean",
		"Others are forgotten. Repeating it is fine.", exampleMeanings, exampleMeanings), s.putMeanings)
	add(s, at(http.MethodDelete, "/{channel}/items", "drop-channel-item", "Forget what an id means", "An order with it is refused.", "", ""), s.dropMeaning)
}

func (s *server) addChannelState(at makeRoute) {
	add(s, at(http.MethodGet, "/{channel}/state", "get-channel-state", "How a channel takes orders",
		"`open`; `busy`, orders take so much longer than usual; `paused`, none are taken. Its provider may ask, too, and is told of every "+
			"change.", "", exampleStanding), s.channelState)
	add(s, at(http.MethodPut, "/{channel}/state", "put-channel-state", "Say how a channel takes orders",
		"The answer says how it does: while the outlet is paused its channels are, too. Repeating it is fine.",
		`{"state":"busy","delay_minutes":15,"minutes":60,"reason":"a large party"}`, exampleStanding), s.putChannelState)
	const page = `{"deliveries":[` + exampleDelivery + `],"next":null}`
	add(s, at(http.MethodGet, "/{channel}/log", "list-channel-log", "What a provider was told",
		"Every message with every attempt, newest first. To get the next page, send `next` as `before`.", "", page), s.channelLog)
}

func (s *server) addProviderRoutes(at makeRoute) {
	const signed = " Signed: `X-Brigade-Signature` is the hex HMAC-SHA256 of `TIMESTAMP.BODY` under the channel's secret, " +
		"`X-Brigade-Timestamp` the Unix seconds, at most five minutes off."
	place := at(http.MethodPost, "/{channel}/orders", "place-channel-order", "Order as a provider",
		"The same id again is answered with the first order and 200; another order under the same id is a conflict. Each item that means "+
			"nothing here is named."+signed, exampleProviderOrder, exampleTaken)
	place.status, place.also = http.StatusCreated, http.StatusOK
	add(s, place, s.placeForProvider)
	add(s, at(http.MethodGet, "/{channel}/orders/{id}", "get-channel-order", "A provider's order", "By the provider's id.", "", exampleTaken), s.findForProvider)
	add(s, at(http.MethodPost, "/{channel}/orders/{id}/cancel", "cancel-channel-order", "Cancel an order as its provider",
		"Until it is handed over. The provider pays back what its guest has paid. Repeating it gives the same answer."+signed,
		`{"reason":"the guest has changed his mind"}`, exampleTaken), s.cancelForProvider)
	add(s, at(http.MethodPost, "/{channel}/orders/{id}/paid-back", "paid-back-channel-order", "Say that a guest was paid back",
		"Of an order that was cancelled or cut here and had been paid at the provider: `pay_back` says how much it owes its guest."+signed,
		`{"note":"refund 4711"}`, exampleTaken), s.paidBackByProvider)
}

type standingView struct {
	State  channel.State `json:"state" enum:"open,busy,paused" example:"busy"`
	Delay  int           `json:"delay_minutes" doc:"Of busy: so much longer than usual" example:"15"`
	Until  *time.Time    `json:"until" doc:"Then it is another; null: until further notice"`
	Reason string        `json:"reason" example:"a large party"`
}

func viewStanding(s channel.Standing) standingView {
	return standingView{s.State, int(s.Delay / time.Minute), when(s.Until), s.Reason}
}

// ChannelView is a channel as people see it. It is exported for huma, as OrderView.
type ChannelView struct {
	Name      string         `json:"name" example:"mesa"`
	Outlet    int64          `json:"outlet_id" example:"1"`
	Prices    channel.Prices `json:"prices" enum:"keep,check,menu" example:"keep"`
	URL       string         `json:"webhook_url" doc:"Where its provider is told; empty: nowhere" example:"https://mesa.example/brigade"`
	CreatedAt time.Time      `json:"created_at"`
	CreatedBy string         `json:"created_by" example:"owner"`
	State     standingView   `json:"state"`
}

func viewChannel(v channel.View) ChannelView {
	return ChannelView{v.Name, v.Outlet, v.Prices, v.URL, v.CreatedAt.UTC(), v.CreatedBy, viewStanding(v.Standing)}
}

type channelsOutput struct{ Body []ChannelView }

func (s *server) listChannels(ctx context.Context, who actor.Actor, _ *struct{}) (*channelsOutput, error) {
	list, err := s.Channels.List(ctx, who)
	out := &channelsOutput{make([]ChannelView, len(list))}
	for i, v := range list {
		out.Body[i] = viewChannel(v)
	}
	return out, err
}

type createChannelInput struct {
	Body struct {
		Name   string         `json:"name" doc:"Small letters, digits and hyphens" maxLength:"40" example:"mesa"`
		Outlet string         `json:"outlet,omitempty" doc:"Slug or id; without it, the token's own or the default outlet" example:"kitchen"`
		Prices channel.Prices `json:"prices,omitempty" doc:"keep: the provider's hold; check: they must be the menu's; menu: the menu's hold" enum:"keep,check,menu" default:"keep" example:"keep"`
		URL    string         `json:"webhook_url,omitempty" doc:"Where the provider is told" maxLength:"2000" example:"https://mesa.example/brigade"`
	} `nameHint:"CreateChannel"`
}

// ChannelKeys are what a provider needs. It is exported for huma, as OrderView.
type ChannelKeys struct {
	Token  string `json:"token" doc:"Who the provider says it is; shown this once" example:"brgch_…"`
	Secret string `json:"secret" doc:"What it signs with, and what it is told is signed with; shown this once" example:"whsec_…"`
}

type newChannel struct {
	ChannelKeys
	ChannelView
}

type createChannelOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         newChannel
}

func (s *server) createChannel(ctx context.Context, who actor.Actor, in *createChannelInput) (*createChannelOutput, error) {
	if err := clean("webhook_url", in.Body.URL); err != nil {
		return nil, err
	}
	outlet, err := s.outletField(ctx, who, in.Body.Outlet)
	if err != nil {
		return nil, err
	}
	v, k, err := s.Channels.Create(ctx, who, channel.Wish{Outlet: outlet, Name: in.Body.Name, Prices: in.Body.Prices, URL: in.Body.URL})
	return &createChannelOutput{"no-store", newChannel{ChannelKeys{k.Token, k.Secret}, viewChannel(v)}}, err
}

// ChannelRef names a channel. It is exported for huma, as OutletParam.
type ChannelRef struct {
	Channel string `path:"channel" example:"mesa" maxLength:"40"`
}

type channelOutput struct{ Body ChannelView }

func (s *server) getChannel(ctx context.Context, who actor.Actor, in *ChannelRef) (*channelOutput, error) {
	v, err := s.Channels.Get(ctx, who, in.Channel)
	return &channelOutput{viewChannel(v)}, err
}

type changeChannelInput struct {
	ChannelRef
	Body struct {
		Prices channel.Prices `json:"prices" enum:"keep,check,menu" example:"check"`
		URL    string         `json:"webhook_url" maxLength:"2000" example:"https://mesa.example/brigade"`
	} `nameHint:"ChangeChannel"`
}

func (s *server) changeChannel(ctx context.Context, who actor.Actor, in *changeChannelInput) (*channelOutput, error) {
	if err := clean("webhook_url", in.Body.URL); err != nil {
		return nil, err
	}
	v, err := s.Channels.Change(ctx, who, channel.Wish{Name: in.Channel, Prices: in.Body.Prices, URL: in.Body.URL})
	return &channelOutput{viewChannel(v)}, err
}

func (s *server) closeChannel(ctx context.Context, who actor.Actor, in *ChannelRef) (*struct{}, error) {
	return nil, s.Channels.Close(ctx, who, in.Channel)
}

type rotateInput struct {
	ChannelRef
	Body *struct {
		Overlap int `json:"overlap_minutes,omitempty" minimum:"0" maximum:"10080" doc:"For so long those before are taken, too" example:"60"`
	} `nameHint:"RotateChannel"`
}

type rotateOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         ChannelKeys
}

func (s *server) rotateChannel(ctx context.Context, who actor.Actor, in *rotateInput) (*rotateOutput, error) {
	var overlap time.Duration
	if in.Body != nil {
		overlap = time.Duration(in.Body.Overlap) * time.Minute
	}
	k, err := s.Channels.Rotate(ctx, who, in.Channel, overlap)
	return &rotateOutput{"no-store", ChannelKeys{k.Token, k.Secret}}, err
}

// MeaningView is what one id of a provider means. It is exported for huma, as OrderView.
type MeaningView struct {
	ID   string `json:"id" doc:"The provider's" example:"B-1"`
	SKU  string `json:"sku,omitempty" doc:"An item of the outlet's menu" example:"burger_combo"`
	Note string `json:"note,omitempty" doc:"Or a note to the cook" example:"no onions"`
}

type meaningsBody struct {
	Items []MeaningView `json:"items" maxItems:"5000"`
}

type meaningsOutput struct{ Body meaningsBody }

func (s *server) listMeanings(ctx context.Context, who actor.Actor, in *ChannelRef) (*meaningsOutput, error) {
	list, err := s.Channels.Meanings(ctx, who, in.Channel)
	out := &meaningsOutput{meaningsBody{make([]MeaningView, len(list))}}
	for i, m := range list {
		out.Body.Items[i] = MeaningView(m)
	}
	return out, err
}

type meaningsInput struct {
	ChannelRef
	Body meaningsBody
}

func (s *server) addMeanings(ctx context.Context, who actor.Actor, in *meaningsInput) (*meaningsOutput, error) {
	return s.setMeanings(ctx, who, in, false)
}

func (s *server) putMeanings(ctx context.Context, who actor.Actor, in *meaningsInput) (*meaningsOutput, error) {
	return s.setMeanings(ctx, who, in, true)
}

func (s *server) setMeanings(ctx context.Context, who actor.Actor, in *meaningsInput, replace bool) (*meaningsOutput, error) {
	list := make([]channel.Meaning, len(in.Body.Items))
	var f errs.Fields
	for i, m := range in.Body.Items {
		list[i] = channel.Meaning(m)
		if !text(m.ID + m.SKU + m.Note) {
			f.Add(fmt.Sprintf("items[%d]", i), "must be UTF-8 without NUL")
		}
	}
	if f.Err() != nil {
		return nil, f.Err()
	}
	if err := s.Channels.PutMeanings(ctx, who, in.Channel, list, replace); err != nil {
		return nil, err
	}
	return s.listMeanings(ctx, who, &in.ChannelRef)
}

type dropMeaningInput struct {
	ChannelRef
	ID string `query:"id" required:"true" maxLength:"200" example:"B-1"`
}

func (s *server) dropMeaning(ctx context.Context, who actor.Actor, in *dropMeaningInput) (*struct{}, error) {
	return nil, s.Channels.DropMeaning(ctx, who, in.Channel, in.ID)
}

type standingOutput struct{ Body standingView }

func (s *server) channelState(ctx context.Context, who actor.Actor, in *ChannelRef) (*standingOutput, error) {
	v, err := s.Channels.Get(ctx, who, in.Channel)
	return &standingOutput{viewStanding(v.Standing)}, err
}

type putStateInput struct {
	ChannelRef
	Body struct {
		State channel.State `json:"state" enum:"open,busy,paused" example:"busy"`
		Delay int           `json:"delay_minutes,omitempty" doc:"Of busy: so much longer than usual, 1 to 1440" example:"15"`
		UntilBody
	} `nameHint:"PutChannelState"`
}

func (s *server) putChannelState(ctx context.Context, who actor.Actor, in *putStateInput) (*standingOutput, error) {
	p, err := in.Body.pause(s.Clock.Now(), "", "")
	if err != nil {
		return nil, err
	}
	want := channel.Standing{State: in.Body.State, Delay: time.Duration(in.Body.Delay) * time.Minute, Until: p.Until, Reason: p.Reason}
	now, err := s.Channels.SetState(ctx, who, in.Channel, want)
	return &standingOutput{viewStanding(now)}, err
}

type channelLogInput struct {
	ChannelRef
	MessageFilter
}

func (s *server) channelLog(ctx context.Context, who actor.Actor, in *channelLogInput) (*deliveriesOutput, error) {
	v, err := s.Channels.Get(ctx, who, in.Channel)
	if err != nil {
		return nil, err
	}
	w, err := s.Notices.SourceWebhook(ctx, who, v.Source())
	if err != nil {
		return nil, err
	}
	list, err := s.Notices.Deliveries(ctx, who, w.ID, in.filter())
	return viewDeliveries(list, in.Limit), err
}

// SignedRequest is what tells that a request is the provider's own. It is exported for huma, as OutletParam.
type SignedRequest struct {
	Timestamp string `header:"X-Brigade-Timestamp" doc:"Unix seconds, at most five minutes off" example:"1734350400"`
	Signature string `header:"X-Brigade-Signature" doc:"Hex HMAC-SHA256 of TIMESTAMP.BODY under the channel's secret"`
	RawBody   []byte
}

func (r SignedRequest) signed() channel.Signed {
	return channel.Signed{Timestamp: r.Timestamp, Signature: r.Signature, Body: r.RawBody}
}

type providerModifier struct {
	ID       string `json:"id" doc:"The provider's" example:"X-9"`
	Quantity count  `json:"quantity,omitempty" doc:"Of each item; without it, 1" example:"1"`
	Price    price  `json:"price,omitempty" doc:"Of one" example:"0.50"`
}

type providerItem struct {
	ID        string             `json:"id" doc:"The provider's" example:"B-1"`
	Name      string             `json:"name,omitempty" doc:"As the provider calls it; only for those who read along" example:"Burger combo"`
	Quantity  count              `json:"quantity" doc:"1 to 100" example:"2"`
	Price     price              `json:"price,omitempty" doc:"Of one, without its modifiers" example:"9.90"`
	Modifiers []providerModifier `json:"modifiers,omitempty" maxItems:"50"`
}

type providerOrder struct {
	ID              string         `json:"id" doc:"The provider's: the same again is the same order" example:"M-1001"`
	Type            order.Type     `json:"type" enum:"dine_in,takeout,delivery" example:"delivery"`
	CustomerName    string         `json:"customer_name,omitempty" example:"Ada"`
	TableNumber     count          `json:"table_number,omitempty" example:"7"`
	DeliveryAddress string         `json:"delivery_address,omitempty" example:"12 Analytical Row"`
	Items           []providerItem `json:"items" doc:"1 to 100"`
	Total           price          `json:"total,omitempty" doc:"Of the items; checked unless the menu's prices hold" example:"19.80"`
	Paid            bool           `json:"paid,omitempty" doc:"At the provider; else in cash, when it is handed over" example:"true"`
	ReadyAt         *time.Time     `json:"ready_at,omitempty" doc:"When it shall be ready; without it, as soon as it can be"`
}

// order reads a provider's order. Errors: KindInvalid.
func (b providerOrder) order() (channel.Order, error) {
	var f errs.Fields
	amount := func(path string, p price) *money.Amount {
		a, err := p.amount()
		if err != nil {
			f.Add(path, "must be an amount with at most two decimals")
		}
		return a
	}
	o := channel.Order{
		ID: b.ID, Type: string(b.Type), CustomerName: b.CustomerName, TableNumber: int(b.TableNumber), DeliveryAddress: b.DeliveryAddress,
		Total: amount("total", b.Total), Paid: b.Paid,
	}
	if b.ReadyAt != nil {
		o.ReadyAt = b.ReadyAt.UTC()
	}
	for i, it := range b.Items {
		at := fmt.Sprintf("items[%d].", i)
		item := channel.Item{ID: it.ID, Quantity: int(it.Quantity), Price: amount(at+"price", it.Price)}
		for j, m := range it.Modifiers {
			item.Modifiers = append(item.Modifiers, channel.Modifier{
				ID: m.ID, Quantity: int(m.Quantity), Price: amount(fmt.Sprintf("%smodifiers[%d].price", at, j), m.Price),
			})
		}
		o.Items = append(o.Items, item)
	}
	return o, f.Err()
}

// TakenView is an order as its provider is answered. It is exported for huma, as OrderView.
type TakenView struct {
	ID       string       `json:"id" doc:"The provider's" example:"M-1001"`
	Number   string       `json:"order_number" example:"ORD_20241216_001"`
	Status   string       `json:"status" example:"created"`
	Total    money.Amount `json:"total" example:"9.90"`
	Currency string       `json:"currency" example:"EUR"`
	PayBack  money.Amount `json:"pay_back" doc:"What the provider is to pay back to its guest" example:"0.00"`
}

type takenOutput struct {
	Status int
	Body   TakenView
}

func viewTaken(t channel.Taken, status int) *takenOutput {
	return &takenOutput{status, TakenView{t.ID, t.Number, t.Status, t.Total, t.Currency, t.Owed}}
}

type providerOrderInput struct {
	ChannelRef
	SignedRequest
	Body providerOrder
}

func (s *server) placeForProvider(ctx context.Context, who actor.Actor, in *providerOrderInput) (*takenOutput, error) {
	o, err := in.Body.order()
	if err != nil {
		return nil, err
	}
	t, err := s.Channels.Place(ctx, who, in.Channel, in.signed(), o)
	if t.Repeated {
		return viewTaken(t, http.StatusOK), err
	}
	return viewTaken(t, http.StatusCreated), err
}

// ProviderRef names a provider's order. It is exported for huma, as OutletParam.
type ProviderRef struct {
	ChannelRef
	ID string `path:"id" doc:"The provider's" example:"M-1001" maxLength:"200"`
}

func (s *server) findForProvider(ctx context.Context, who actor.Actor, in *ProviderRef) (*takenOutput, error) {
	t, err := s.Channels.Find(ctx, who, in.Channel, in.ID)
	return viewTaken(t, http.StatusOK), err
}

type providerCancelInput struct {
	ProviderRef
	SignedRequest
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"200" example:"the guest has changed his mind"`
	} `nameHint:"CancelForProvider"`
}

func (s *server) cancelForProvider(ctx context.Context, who actor.Actor, in *providerCancelInput) (*takenOutput, error) {
	if err := clean("reason", in.Body.Reason); err != nil {
		return nil, err
	}
	t, err := s.Channels.Cancel(ctx, who, in.Channel, in.ID, in.signed(), in.Body.Reason)
	return viewTaken(t, http.StatusOK), err
}

type paidBackInput struct {
	ProviderRef
	SignedRequest
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"200" doc:"What the provider calls it" example:"refund 4711"`
	} `nameHint:"PaidBack"`
}

func (s *server) paidBackByProvider(ctx context.Context, who actor.Actor, in *paidBackInput) (*takenOutput, error) {
	if err := clean("note", in.Body.Note); err != nil {
		return nil, err
	}
	t, err := s.Channels.PaidBack(ctx, who, in.Channel, in.ID, in.signed(), in.Body.Note)
	return viewTaken(t, http.StatusOK), err
}
