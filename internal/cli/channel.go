package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"brigade/internal/errs"
)

type channelCommand struct {
	Create channelCreate `cmd:"" help:"Let an ordering provider order. Its token and secret are shown this once."`
	List   channelList   `cmd:"" help:"The ordering providers' channels, and how they stand."`
	Set    channelSet    `cmd:"" help:"Set whose prices hold and where the provider is told."`
	Map    channelMap    `cmd:"" help:"What a provider's ids mean; say so, or forget it."`
	State  channelState  `cmd:"" help:"How a channel takes orders."`
	Pause  channelPause  `cmd:"" help:"Take no orders from a channel."`
	Busy   channelBusy   `cmd:"" help:"Say that orders take longer than usual."`
	Resume channelResume `cmd:"" help:"Take orders from a channel as usual."`
	Rotate channelRotate `cmd:"" help:"Give a channel a new token and secret, which are shown this once."`
	Log    channelLog    `cmd:"" help:"What a provider was told, attempt by attempt."`
	Close  channelClose  `cmd:"" help:"Take nothing from a channel any more, and tell its provider nothing."`
}

// standingReply is how a channel takes orders, as the API gives it.
type standingReply struct {
	State  string     `json:"state"`
	Delay  int        `json:"delay_minutes"`
	Until  *time.Time `json:"until"`
	Reason string     `json:"reason"`
}

// words says it in a few words: "busy, 15 min longer, until …: a large party".
func (s standingReply) words(env *Env) string {
	text := s.State
	if s.Delay > 0 {
		text += fmt.Sprintf(", %d min longer", s.Delay)
	}
	if s.Until != nil {
		text += ", until " + env.at(s.Until)
	}
	if s.Reason != "" {
		text += ": " + s.Reason
	}
	return text
}

// channelReply is a channel as the API gives it.
type channelReply struct {
	Name   string        `json:"name"`
	Outlet int64         `json:"outlet_id"`
	Prices string        `json:"prices"`
	URL    string        `json:"webhook_url"`
	State  standingReply `json:"state"`
	Token  string        `json:"token"`
	Secret string        `json:"secret"`
}

func (c channelReply) keys(env *Env) error {
	_, err := fmt.Fprintf(env.Out, "token   %s\nsecret  %s\n", c.Token, c.Secret)
	fmt.Fprintln(env.Err, "Keep both: they cannot be shown again")
	return err
}

type channelCreate struct {
	Name   string `arg:"" name:"name" help:"Small letters, digits and hyphens."`
	URL    string `name:"url" placeholder:"URL" help:"Where the provider is told what becomes of its orders, and how the channel stands."`
	Prices string `name:"prices" default:"keep" enum:"keep,check,menu" help:"keep: the provider's prices hold; check: they must be the menu's; menu: the menu's hold."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelCreate) Help() string {
	return `docs/how-to-connect-an-ordering-provider.md shows the rest.

    brigade channel create mesa --outlet centre --url https://mesa.example/brigade`
}

// Run makes a channel.
func (c *channelCreate) Run(ctx context.Context, env *Env) error {
	body := map[string]any{"name": c.Name, "prices": c.Prices, "webhook_url": c.URL}
	if c.Outlet != "" {
		body["outlet"] = c.Outlet
	}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: "/channels", body: body}, func(r channelReply) error {
		return r.keys(env)
	})
}

type channelList struct {
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelList) Help() string {
	return `For example:

    brigade channel list`
}

// Run lists channels.
func (c *channelList) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{path: "/channels"}, func(list []channelReply) error {
		t := newTable(env.Out, "NAME", "OUTLET", "PRICES", "STATE", "TOLD AT")
		for _, ch := range list {
			t.row(ch.Name, ch.Outlet, ch.Prices, ch.State.words(env), orDash(ch.URL))
		}
		return t.end()
	})
}

// ChannelRef names a channel.
type ChannelRef struct {
	Name string `arg:"" name:"channel" help:"The channel's name; channel list shows it."`
}

func (r ChannelRef) path() string { return "/channels/" + url.PathEscape(r.Name) }

type channelSet struct {
	ChannelRef
	URL    *string `name:"url" placeholder:"URL" help:"Where the provider is told; empty: nowhere."`
	Prices string  `name:"prices" default:"" enum:",keep,check,menu" help:"Whose prices hold: keep, check or menu."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelSet) Help() string {
	return `What is not given stays.

    brigade channel set mesa --prices check`
}

// Run sets what is given.
func (c *channelSet) Run(ctx context.Context, env *Env) error {
	have, _, err := fetch[channelReply](ctx, &c.Remote, request{path: c.path()})
	if err != nil {
		return err
	}
	body := map[string]any{"prices": have.Prices, "webhook_url": have.URL}
	if c.Prices != "" {
		body["prices"] = c.Prices
	}
	if c.URL != nil {
		body["webhook_url"] = *c.URL
	}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPut, path: c.path(), body: body}, func(r channelReply) error {
		_, err := fmt.Fprintf(env.Out, "%s: prices %s, told at %s\n", r.Name, r.Prices, orDash(r.URL))
		return err
	})
}

// meaningReply is what an id means, as the API gives and takes it.
type meaningReply struct {
	ID   string `json:"id"`
	SKU  string `json:"sku,omitempty"`
	Note string `json:"note,omitempty"`
}

type meaningsReply struct {
	Items []meaningReply `json:"items"`
}

type channelMap struct {
	ChannelRef
	Items   []string `arg:"" optional:"" name:"id=sku" help:"What ids mean: the provider's id and an item of the menu. Without any, the list is shown."`
	Note    []string `name:"note" sep:"none" placeholder:"ID=TEXT" help:"A modifier that is a note to the cook; once per id."`
	File    string   `name:"file" placeholder:"FILE.csv" help:"Lines of id,sku or id,,note; - reads from stdin."`
	Replace bool     `name:"replace" help:"Forget all others."`
	Forget  string   `name:"forget" placeholder:"ID" help:"Forget what an id means."`
	Remote  `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelMap) Help() string {
	return `An order with an id that means nothing is refused, and the answer names it.

    brigade channel map mesa B-1=burger_combo C-7=cold_coffee --note "X-9=no onions"
    brigade channel map mesa --file menu.csv --replace
    brigade channel map mesa`
}

// Run shows or changes the list.
func (c *channelMap) Run(ctx context.Context, env *Env) error {
	if c.Forget != "" {
		r := request{method: http.MethodDelete, path: c.path() + "/items", query: url.Values{"id": {c.Forget}}}
		return tell(ctx, env, &c.Remote, r, c.Forget+" means nothing any more")
	}
	list, err := c.meanings()
	if err != nil {
		return err
	}
	r := request{path: c.path() + "/items"}
	if len(list) > 0 || c.Replace {
		r.method, r.body = http.MethodPost, meaningsReply{list}
		if c.Replace {
			r.method = http.MethodPut
		}
	}
	return ask(ctx, env, &c.Remote, r, func(m meaningsReply) error {
		t := newTable(env.Out, "ID", "SKU", "NOTE")
		for _, it := range m.Items {
			t.row(it.ID, orDash(it.SKU), orDash(it.Note))
		}
		return t.end()
	})
}

// meanings reads what was given. Errors: KindInvalid.
func (c *channelMap) meanings() ([]meaningReply, error) {
	list := make([]meaningReply, 0, len(c.Items)+len(c.Note))
	var f errs.Fields
	pair := func(flag, text string) (id, value string) {
		id, value, ok := strings.Cut(text, "=")
		if !ok || id == "" || value == "" {
			f.Add(flag, "must be ID=…, not %q", text)
		}
		return id, value
	}
	for _, text := range c.Items {
		id, sku := pair("id=sku", text)
		list = append(list, meaningReply{ID: id, SKU: sku})
	}
	for _, text := range c.Note {
		id, note := pair("--note", text)
		list = append(list, meaningReply{ID: id, Note: note})
	}
	if f.Err() != nil || c.File == "" {
		return list, f.Err()
	}
	more, err := readMeanings(c.File)
	return append(list, more...), err
}

func readMeanings(path string) (list []meaningReply, err error) {
	var in io.ReadCloser = os.Stdin
	if path != "-" {
		if in, err = os.Open(path); err != nil {
			return nil, err
		}
		defer in.Close()
	}
	lines := csv.NewReader(in)
	lines.FieldsPerRecord, lines.TrimLeadingSpace = -1, true
	for {
		row, err := lines.Read()
		switch {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, errs.Invalid("%s: %v", path, err)
		}
		row = append(row, "", "", "")
		list = append(list, meaningReply{ID: strings.TrimSpace(row[0]), SKU: strings.TrimSpace(row[1]), Note: strings.TrimSpace(row[2])})
	}
}

type channelState struct {
	ChannelRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelState) Help() string {
	return `While the outlet is paused, its channels are, too.

    brigade channel state mesa`
}

// Run shows the state.
func (c *channelState) Run(ctx context.Context, env *Env) error {
	return c.ask(ctx, env, &c.Remote, request{path: c.path() + "/state"})
}

// ask sends a request about the state and shows it.
func (r ChannelRef) ask(ctx context.Context, env *Env, remote *Remote, req request) error {
	return ask(ctx, env, remote, req, func(s standingReply) error {
		_, err := fmt.Fprintf(env.Out, "%s is %s\n", r.Name, s.words(env))
		return err
	})
}

// put says how the channel takes orders.
func (r ChannelRef) put(ctx context.Context, env *Env, remote *Remote, state string, body map[string]any) error {
	body["state"] = state
	return r.ask(ctx, env, remote, request{method: http.MethodPut, path: r.path() + "/state", body: body})
}

type channelPause struct {
	ChannelRef
	While
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelPause) Help() string {
	return `The provider is told; orders that are in go on.

    brigade channel pause mesa --minutes 30 --reason "no gas"`
}

// Run pauses the channel.
func (c *channelPause) Run(ctx context.Context, env *Env) error {
	return c.put(ctx, env, &c.Remote, "paused", c.body())
}

type channelBusy struct {
	ChannelRef
	Delay int `name:"delay" required:"" placeholder:"MINUTES" help:"So much longer than usual."`
	While
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelBusy) Help() string {
	return `The provider is told.

    brigade channel busy mesa --delay 15 --minutes 60`
}

// Run says that the channel is busy.
func (c *channelBusy) Run(ctx context.Context, env *Env) error {
	body := c.body()
	body["delay_minutes"] = c.Delay
	return c.put(ctx, env, &c.Remote, "busy", body)
}

type channelResume struct {
	ChannelRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelResume) Help() string {
	return `Ends a pause and what was said of being busy.

    brigade channel resume mesa`
}

// Run opens the channel.
func (c *channelResume) Run(ctx context.Context, env *Env) error {
	return c.put(ctx, env, &c.Remote, "open", map[string]any{})
}

type channelRotate struct {
	ChannelRef
	Overlap time.Duration `name:"overlap" default:"0s" placeholder:"DURATION" help:"For so long the token and secret before are taken, too."`
	Remote  `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelRotate) Help() string {
	return `What the provider is told is signed with the new secret at once.

    brigade channel rotate mesa --overlap 1h`
}

// Run makes new keys.
func (c *channelRotate) Run(ctx context.Context, env *Env) error {
	r := request{method: http.MethodPost, path: c.path() + "/rotate", body: map[string]any{"overlap_minutes": int(c.Overlap.Minutes())}}
	return ask(ctx, env, &c.Remote, r, func(k channelReply) error { return k.keys(env) })
}

type channelLog struct {
	ChannelRef
	MessageFilter
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelLog) Help() string {
	return `Each attempt is shown by the code of its answer, 0 when there was none.

    brigade channel log mesa --status failed`
}

// Run lists what the provider was told.
func (c *channelLog) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{path: c.path() + "/log", query: c.query()}, func(p deliveriesReply) error { return p.show(env) })
}

type channelClose struct {
	ChannelRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (channelClose) Help() string {
	return `Orders that are in go on; the name is free again.

    brigade channel close mesa`
}

// Run closes the channel.
func (c *channelClose) Run(ctx context.Context, env *Env) error {
	return done(ctx, env, &c.Remote, http.MethodDelete, c.path(), c.Name+" is closed")
}
