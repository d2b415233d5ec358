package settings

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/channel"
	"brigade/internal/errs"
	"brigade/internal/web/page"
)

// channelsPage is what the page channels shows: the list and a form for a new one.
type channelsPage struct {
	Frame
	Channels []channelRow
	Wish     channel.Wish
	Prices   []choice
	Fault    string
	Made     string // the channel whose keys are shown
	Keys     channel.Keys
}

// channelRow is a channel as it is listed.
type channelRow struct {
	Name, Path, Place, URL, Prices, State, Reason, Made string
	Open                                                bool
}

// channelPages are the pages of ordering providers' channels.
func (s *server) channelPages() map[string]page.Action {
	return map[string]page.Action{
		"GET /settings/channels":                s.showChannels,
		"POST /settings/channels":               s.addChannel,
		"GET /settings/channels/{name}":         s.showChannel,
		"POST /settings/channels/{name}":        s.changeChannel,
		"POST /settings/channels/{name}/state":  s.setChannelState,
		"POST /settings/channels/{name}/rotate": s.rotateChannel,
		"POST /settings/channels/{name}/close":  s.closeChannel,
		"POST /settings/channels/{name}/means":  s.setMeaning,
	}
}

func (s *server) showChannels(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderChannels(w, r, who, http.StatusOK, channelsPage{Wish: channel.Wish{Prices: channel.KeepPrices}})
}

func (s *server) renderChannels(w http.ResponseWriter, r *http.Request, who actor.Actor, status int, p channelsPage) error {
	frame, err := s.frame(r, who, "channels")
	if err != nil {
		return err
	}
	list, err := s.Channels.List(r.Context(), who)
	if err != nil {
		return err
	}
	p.Frame, p.Prices = frame, s.prices(r, p.Wish.Prices)
	for _, v := range list {
		p.Channels = append(p.Channels, s.channelRow(r, frame, v))
	}
	s.set.Render(w, r, status, "channels", p)
	return nil
}

func (s *server) prices(r *http.Request, chosen channel.Prices) (list []choice) {
	for _, x := range []channel.Prices{channel.KeepPrices, channel.CheckPrices, channel.MenuPrices} {
		list = append(list, choice{string(x), s.Say(r, "access.prices."+string(x)), x == chosen})
	}
	return list
}

func (s *server) channelRow(r *http.Request, f Frame, v channel.View) channelRow {
	return channelRow{
		Name: v.Name, Path: "/settings/channels/" + url.PathEscape(v.Name), Place: f.outletName(v.Outlet, ""), URL: v.URL,
		Prices: s.Say(r, "access.prices."+string(v.Prices)), State: s.Say(r, "access.channel."+string(v.Standing.State)),
		Reason: v.Standing.Reason, Open: v.Standing.State == channel.Open, Made: f.day(v.CreatedAt) + " · " + v.CreatedBy,
	}
}

func (s *server) addChannel(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	o, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	wish := channel.Wish{
		Outlet: o.ID, Name: strings.TrimSpace(r.PostFormValue("name")), Prices: channel.Prices(r.PostFormValue("prices")), URL: strings.TrimSpace(r.PostFormValue("url")),
	}
	_, keys, err := s.Channels.Create(r.Context(), who, wish)
	if typed(err) {
		return s.renderChannels(w, r, who, page.StatusOf(err), channelsPage{Wish: wish, Fault: page.Sentence(page.Language(r), err)})
	}
	if err != nil {
		return err
	}
	return s.renderChannels(w, r, who, http.StatusCreated, channelsPage{Wish: channel.Wish{Prices: channel.KeepPrices}, Made: wish.Name, Keys: keys})
}

// channelPage is what the page channel shows.
type channelPage struct {
	Frame
	Row    channelRow
	Wish   channel.Wish
	Prices []choice
	Fault  string
	Keys   channel.Keys // new ones: shown this once
	Hook   int64        // the webhook by which it is told; 0: by none
	Means  []channel.Meaning
	More   int // meanings that are not shown
}

const meaningsShown = 100

func (s *server) showChannel(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderChannel(w, r, who, http.StatusOK, channelPage{})
}

func (s *server) renderChannel(w http.ResponseWriter, r *http.Request, who actor.Actor, status int, p channelPage) error {
	frame, err := s.frame(r, who, "channels")
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	v, err := s.Channels.Get(r.Context(), who, name)
	if err != nil {
		return err
	}
	if p.Means, err = s.Channels.Meanings(r.Context(), who, name); err != nil {
		return err
	}
	if n := len(p.Means); n > meaningsShown {
		p.Means, p.More = p.Means[:meaningsShown], n-meaningsShown
	}
	if p.Wish.Name == "" {
		p.Wish = channel.Wish{Name: v.Name, Prices: v.Prices, URL: v.URL}
	}
	if p.Hook, err = s.channelHook(r, who, v); err != nil {
		return err
	}
	p.Frame, p.Row, p.Prices = frame, s.channelRow(r, frame, v), s.prices(r, p.Wish.Prices)
	s.set.Render(w, r, status, "channel", p)
	return nil
}

// channelHook finds the webhook by which a channel is told; 0: by none.
func (s *server) channelHook(r *http.Request, who actor.Actor, v channel.View) (int64, error) {
	if s.Hooks == nil || v.URL == "" {
		return 0, nil
	}
	h, err := s.Hooks.SourceWebhook(r.Context(), who, v.Source())
	if errs.Is(err, errs.KindNotFound) {
		return 0, nil
	}
	return h.ID, err
}

func channelPath(r *http.Request) string {
	return back(r, "/settings/channels/"+url.PathEscape(r.PathValue("name")))
}

// channelDone answers a change of a channel: a fault is shown on its page.
func (s *server) channelDone(w http.ResponseWriter, r *http.Request, who actor.Actor, err error) error {
	if typed(err) {
		return s.renderChannel(w, r, who, page.StatusOf(err), channelPage{Fault: page.Sentence(page.Language(r), err)})
	}
	if err != nil {
		return err
	}
	return s.Done(w, r, channelPath(r), page.Toast{Text: s.Say(r, "access.saved", r.PathValue("name"))})
}

func (s *server) changeChannel(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	wish := channel.Wish{
		Name: r.PathValue("name"), Prices: channel.Prices(r.PostFormValue("prices")), URL: strings.TrimSpace(r.PostFormValue("url")),
	}
	_, err := s.Channels.Change(r.Context(), who, wish)
	if typed(err) {
		return s.renderChannel(w, r, who, page.StatusOf(err), channelPage{Wish: wish, Fault: page.Sentence(page.Language(r), err)})
	}
	return s.channelDone(w, r, who, err)
}

// setChannelState takes orders, takes them with a delay of some minutes, or takes none.
func (s *server) setChannelState(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	want := channel.Standing{State: channel.State(r.PostFormValue("to"))}
	if want.State == channel.Busy {
		want.Delay = time.Duration(min(number(r, "minutes"), 10_000)) * time.Minute
	}
	if want.State != channel.Open {
		want.Reason = r.PostFormValue("reason")
	}
	_, err := s.Channels.SetState(r.Context(), who, r.PathValue("name"), want)
	return s.channelDone(w, r, who, err)
}

const keysOverlap = time.Hour // how long the keys before are taken

func (s *server) rotateChannel(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	keys, err := s.Channels.Rotate(r.Context(), who, r.PathValue("name"), keysOverlap)
	if err != nil {
		return err
	}
	return s.renderChannel(w, r, who, http.StatusOK, channelPage{Keys: keys})
}

func (s *server) closeChannel(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	if err := s.Channels.Close(r.Context(), who, r.PathValue("name")); err != nil {
		return err
	}
	return s.Done(w, r, back(r, "/settings/channels"), page.Toast{Text: s.Say(r, "access.channel_closed", r.PathValue("name"))})
}

// setMeaning says what one of the provider's ids means, or forgets it.
func (s *server) setMeaning(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	name, m := r.PathValue("name"), channel.Meaning{ID: strings.TrimSpace(r.PostFormValue("id")), SKU: strings.TrimSpace(r.PostFormValue("sku")), Note: strings.TrimSpace(r.PostFormValue("note"))}
	if r.PostFormValue("to") == "off" {
		return s.channelDone(w, r, who, s.Channels.DropMeaning(r.Context(), who, name, m.ID))
	}
	return s.channelDone(w, r, who, s.Channels.PutMeanings(r.Context(), who, name, []channel.Meaning{m}, false))
}
