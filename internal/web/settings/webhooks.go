package settings

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/notify"
	"brigade/internal/web/page"
)

// webhooksPage is what the page webhooks shows: the list and a form for a new one.
type webhooksPage struct {
	Frame
	Hooks  []hookRow
	Wish   notify.Webhook
	Kinds  []choice
	Fault  string
	Secret string // of a new one: shown this once
}

// hookRow is a webhook as it is listed.
type hookRow struct {
	ID                                                      int64
	URL, About, Place, State, Error, Sent, Source, Disabled string
	Well, On                                                bool
	Pending                                                 int
}

// webhookPages are the pages of webhooks.
func (s *server) webhookPages() map[string]page.Action {
	return map[string]page.Action{
		"GET /settings/webhooks":                        s.showHooks,
		"POST /settings/webhooks":                       s.addHook,
		"GET /settings/webhooks/{id}":                   s.showHook,
		"POST /settings/webhooks/{id}":                  s.changeHook,
		"POST /settings/webhooks/{id}/enable":           s.enableHook,
		"POST /settings/webhooks/{id}/remove":           s.removeHook,
		"POST /settings/webhooks/{id}/test":             s.testHook,
		"POST /settings/webhooks/{id}/replay/{message}": s.replayHook,
	}
}

func (s *server) showHooks(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderHooks(w, r, who, http.StatusOK, webhooksPage{})
}

func (s *server) renderHooks(w http.ResponseWriter, r *http.Request, who actor.Actor, status int, p webhooksPage) error {
	frame, err := s.frame(r, who, "webhooks")
	if err != nil {
		return err
	}
	list, err := s.Hooks.Webhooks(r.Context(), who)
	if err != nil {
		return err
	}
	p.Frame, p.Kinds = frame, s.kinds(r, p.Wish.Kinds)
	for _, h := range list {
		p.Hooks = append(p.Hooks, s.hookRow(r, frame, h))
	}
	s.set.Render(w, r, status, "webhooks", p)
	return nil
}

func (s *server) kinds(r *http.Request, chosen []notify.Kind) (list []choice) {
	for _, k := range notify.Kinds {
		list = append(list, choice{string(k), s.Say(r, "access.kind."+string(k)), slices.Contains(chosen, k)})
	}
	return list
}

func (s *server) hookRow(r *http.Request, f Frame, h notify.Webhook) hookRow {
	row := hookRow{
		ID: h.ID, URL: h.URL, About: h.Description, Place: f.outletName(h.Outlet, s.Say(r, "access.all_outlets")), Source: h.Source,
		Error: h.Health.LastError, Sent: s.Say(r, "access.never"), Pending: h.Health.Pending, On: h.DisabledAt.IsZero(),
		Well: h.DisabledAt.IsZero() && h.Health.FailingSince.IsZero(), State: s.Say(r, "access.hook_well"), Disabled: h.DisabledReason,
	}
	if !h.Health.LastSentAt.IsZero() {
		row.Sent = f.at(h.Health.LastSentAt)
	}
	switch {
	case !row.On:
		row.State = s.Say(r, "access.hook_off")
	case !row.Well:
		row.State = s.Say(r, "access.hook_failing", f.at(h.Health.FailingSince))
	}
	return row
}

// typedHook reads a form.
func typedHook(r *http.Request) notify.Webhook {
	h := notify.Webhook{URL: strings.TrimSpace(r.PostFormValue("url")), Description: strings.TrimSpace(r.PostFormValue("about")), Outlet: number(r, "for")}
	for _, k := range r.PostForm["kind"] {
		h.Kinds = append(h.Kinds, notify.Kind(k))
	}
	return h
}

func (s *server) addHook(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h := typedHook(r)
	made, err := s.Hooks.AddWebhook(r.Context(), who, h)
	if typed(err) {
		return s.renderHooks(w, r, who, page.StatusOf(err), webhooksPage{Wish: h, Fault: page.Sentence(page.Language(r), err)})
	}
	if err != nil {
		return err
	}
	return s.renderHooks(w, r, who, http.StatusCreated, webhooksPage{Secret: made.Secret})
}

// hookPage is what the page webhook shows.
type hookPage struct {
	Frame
	Row   hookRow
	Wish  notify.Webhook
	Kinds []choice
	Fault string
	Trial *notify.Trial // what came of a test just now; nil: there was none
	Sent  []sentRow
	Pager
}

// sentRow is a message to a webhook.
type sentRow struct {
	ID                           int64
	At, Kind, Order, State, Last string
	Tries                        int
	Arrived, Failed              bool
}

func (s *server) showHook(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderHook(w, r, who, http.StatusOK, hookPage{})
}

func (s *server) renderHook(w http.ResponseWriter, r *http.Request, who actor.Actor, status int, p hookPage) error {
	frame, err := s.frame(r, who, "webhooks")
	if err != nil {
		return err
	}
	id := readID(r.PathValue("id"))
	h, err := s.Hooks.Webhook(r.Context(), who, id)
	if err != nil {
		return err
	}
	sent, err := s.Hooks.Deliveries(r.Context(), who, id, notify.Filter{Before: number(r, "before"), Limit: rowsShown})
	if err != nil {
		return err
	}
	if p.Wish.URL == "" {
		p.Wish = h
	}
	p.Frame, p.Row, p.Kinds = frame, s.hookRow(r, frame, h), s.kinds(r, p.Wish.Kinds)
	for _, d := range sent {
		p.Sent = append(p.Sent, s.sentRow(r, frame, d))
	}
	if len(sent) == rowsShown {
		p.Older = s.hookPath(r, id) + "&before=" + strconv.FormatInt(sent[len(sent)-1].ID, 10)
	}
	s.set.Render(w, r, status, "webhook", p)
	return nil
}

func (s *server) sentRow(r *http.Request, f Frame, d notify.Delivery) sentRow {
	row := sentRow{
		ID: d.ID, At: f.at(d.CreatedAt), Kind: s.Say(r, "access.kind."+string(d.Change.Kind)), Order: d.Change.Facts.Number, Tries: len(d.Log),
		State: s.Say(r, "access.sent."+string(d.Status)), Arrived: d.Status == notify.Sent, Failed: d.Status == notify.Failed,
	}
	if n := len(d.Log); n > 0 {
		row.Last = d.Log[n-1].Error
	}
	return row
}

func (s *server) hookPath(r *http.Request, id int64) string {
	return back(r, "/settings/webhooks/"+strconv.FormatInt(id, 10))
}

func (s *server) changeHook(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h := typedHook(r)
	h.ID = readID(r.PathValue("id"))
	_, err := s.Hooks.ChangeWebhook(r.Context(), who, h)
	if typed(err) {
		return s.renderHook(w, r, who, page.StatusOf(err), hookPage{Wish: h, Fault: page.Sentence(page.Language(r), err)})
	}
	if err != nil {
		return err
	}
	return s.Done(w, r, s.hookPath(r, h.ID), page.Toast{Text: s.Say(r, "access.saved", h.URL)})
}

func (s *server) enableHook(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	id := readID(r.PathValue("id"))
	if _, err := s.Hooks.EnableWebhook(r.Context(), who, id); err != nil {
		return err
	}
	return s.Done(w, r, s.hookPath(r, id), page.Toast{Text: s.Say(r, "access.hook_enabled")})
}

func (s *server) removeHook(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	if err := s.Hooks.RemoveWebhook(r.Context(), who, readID(r.PathValue("id"))); err != nil {
		return err
	}
	return s.Done(w, r, back(r, "/settings/webhooks"), page.Toast{Text: s.Say(r, "access.hook_removed")})
}

// testHook sends a test message and shows what came of it.
func (s *server) testHook(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	t, err := s.Hooks.Test(r.Context(), who, readID(r.PathValue("id")))
	if err != nil {
		return err
	}
	return s.renderHook(w, r, who, http.StatusOK, hookPage{Trial: &t})
}

// replayHook sends a message again.
func (s *server) replayHook(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	id := readID(r.PathValue("id"))
	err := s.Hooks.Replay(r.Context(), who, id, readID(r.PathValue("message")))
	if typed(err) {
		return s.renderHook(w, r, who, page.StatusOf(err), hookPage{Fault: page.Sentence(page.Language(r), err)})
	}
	if err != nil {
		return err
	}
	return s.Done(w, r, s.hookPath(r, id), page.Toast{Text: s.Say(r, "access.replayed")})
}
