// Package settings serves the pages on which a restaurant is set up: what is sold and how it is made, where and by whom,
// and who and what may come in.
package settings

import (
	"context"
	"embed"
	"net/http"
	"slices"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/channel"
	"brigade/internal/kitchen"
	"brigade/internal/notify"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// Tokens makes and ends tokens; tenant.Service does.
type Tokens interface {
	CreateToken(ctx context.Context, by actor.Actor, want tenant.NewToken) (string, tenant.Token, error)
	ListTokens(ctx context.Context, by actor.Actor) ([]tenant.Token, error)
	RevokeToken(ctx context.Context, by actor.Actor, id int64) error
}

// Parts are what the settings show and change. What is nil has no tab.
type Parts struct {
	Editor   Editor
	Sales    Sales    // nil: nothing can be taken off the menu here
	Hours    Hours    // nil: nobody knows when outlets are open
	Calendar Calendar // nil: nobody plans here
	Zones    Zones    // nil: nothing is delivered
	Tokens   Tokens
	Accounts *account.Service // nil: nobody signs in by password or PIN
	Channels *channel.Service
	Hooks    *notify.Service
	Kitchen  Kitchen // needed with Accounts
}

// Kitchen knows an outlet's stations; kitchen.Service does.
type Kitchen interface {
	Board(ctx context.Context, who actor.Actor, outlet int64) (*kitchen.Board, error)
}

// server has the handlers of the settings.
type server struct {
	*page.Kit
	Parts
	set *page.Set
}

//go:embed templates
var templates embed.FS

// Mount adds the settings.
func Mount(mux *http.ServeMux, k *page.Kit, p Parts) {
	s := &server{Kit: k, Parts: p, set: k.Set(templates, setupFuncs)}
	k.MountAll(mux, map[string]page.Action{"GET /settings/{$}": s.anyTab}, actor.Manager)
	if p.Editor != nil {
		k.MountAll(mux, s.setupPages(), actor.Manager)
		k.MountAll(mux, s.supplierPages(), actor.Manager)
	}
	if p.Zones != nil {
		k.MountAll(mux, s.zonePages(), actor.Manager)
	}
	if p.Tokens != nil {
		k.MountAll(mux, s.tokenPages(), actor.Owner)
	}
	if p.Accounts != nil {
		k.MountAll(mux, s.userPages(), actor.Manager)
		k.MountAll(mux, s.tabletPages(), actor.Manager)
		k.MountAll(mux, s.accountPages(), actor.Manager, actor.Cook, actor.Driver)
	}
	if p.Channels != nil {
		k.MountAll(mux, s.channelPages(), actor.Manager)
	}
	if p.Hooks != nil {
		k.MountAll(mux, s.webhookPages(), actor.Manager)
	}
}

// tabs are the settings' pages, in the order in which they are shown; each has the text "settings.tab." + its key. One
// that nobody mounted is not shown.
var tabs = []tab{
	{"menu", manages},
	{"recipes", manages},
	{"stations", manages},
	{"machines", manages},
	{"staff", manages},
	{"place", manages},
	{"zones", manages},
	{"suppliers", manages},
	{"tablets", manages},
	{"users", manages},
	{"tokens", owns},
	{"channels", manages},
	{"webhooks", manages},
}

var (
	manages = []actor.Role{actor.Manager}
	owns    = []actor.Role{actor.Owner}
)

// tab is one of the settings: its key, which is the last part of its path, and for whom it is besides owners.
type tab struct {
	key   string
	roles []actor.Role
}

// tabView is a tab as it is shown.
type tabView struct {
	Path, Name string
	Here       bool
}

// Frame is what every page of the settings shows around itself; what a page shows embeds it.
type Frame struct {
	page.Frame
	Tabs    []tabView
	Outlet  tenant.Outlet
	Outlets []tenant.Outlet // those that the visitor may see
}

// frame returns the frame of a tab for who asks, at the outlet that the request names. Errors: KindNotFound.
func (s *server) frame(r *http.Request, who actor.Actor, key string) (Frame, error) {
	o, all, err := s.Outlet(r, who)
	f := Frame{Frame: s.Kit.Frame(r, s.Say(r, "settings.tab."+key)), Outlet: o, Outlets: all}
	for _, t := range s.open(who) {
		f.Tabs = append(f.Tabs, tabView{"/settings/" + t.key + "?outlet=" + o.Slug, s.Say(r, "settings.tab."+t.key), t.key == key})
	}
	return f, err
}

// open lists the tabs that somebody may open.
func (s *server) open(who actor.Actor) []tab {
	return slices.DeleteFunc(slices.Clone(tabs), func(t tab) bool {
		return who.Require(t.roles...) != nil || !s.Serves("/settings/"+t.key)
	})
}

// anyTab leads to the first of the visitor's tabs.
func (s *server) anyTab(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	for _, t := range s.open(who) {
		http.Redirect(w, r, "/settings/"+t.key, http.StatusSeeOther)
		return nil
	}
	return s.NoPage(r)
}
