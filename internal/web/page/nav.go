package page

import (
	"net/http"
	"slices"
	"strings"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/errs"
)

// entry is a way to an area of pages: the text "nav." + its key, where it leads, and for whom it is besides owners.
type entry struct {
	key, icon, path string
	roles           []actor.Role
}

// entries are the navigation, in its order. An area that is not mounted is not shown.
var entries = []entry{
	{"board", "received", "/", []actor.Role{actor.Manager}},
	{"kitchen", "cooking", "/kitchen/", []actor.Role{actor.Manager, actor.Cook}},
	{"driver", "delivery", "/driver", []actor.Role{actor.Driver}},
	{"dispatch", "delivery", "/dispatch", []actor.Role{actor.Manager}},
	{"manager", "gauge", "/manager", []actor.Role{actor.Manager}},
	{"planning", "calendar", "/planning", []actor.Role{actor.Manager}},
	{"workflows", "flow", "/workflows", []actor.Role{actor.Manager}},
	{"network", "network", "/network", []actor.Role{actor.Manager}},
	{"settings", "settings", "/settings/", []actor.Role{actor.Manager}},
}

// NavItem is an entry of the navigation as it is shown.
type NavItem struct {
	Path, Name, Icon string
	Here             bool
}

// Account is who is signed in, for the frame. The zero value: nobody.
type Account struct {
	Name   string
	Role   actor.Role
	Signed bool // by a cookie, so that there is something to sign out of
	Person bool // a user with a page of his own
	Tablet bool // on a shared tablet, which can be locked
	Idle   int  // of a tablet: seconds without a touch after which it locks
}

// Serves tells whether a page is mounted at a path.
func (k *Kit) Serves(path string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	served, known := k.served[path]
	if !known && k.mux != nil {
		r, err := http.NewRequest(http.MethodGet, path, nil) //nolint:noctx // it is asked of the mux alone
		if err == nil {
			_, pattern := k.mux.Handler(r)
			served = pattern != "" && pattern != anyPage
		}
		k.served[path] = served
	}
	return served
}

// navigation lists where somebody may go, and where he is. Nobody has none.
func (k *Kit) navigation(r *http.Request) (items []NavItem) {
	who, ok := actor.From(r.Context())
	if !ok || who.Role == actor.System {
		return nil
	}
	for _, e := range entries {
		if who.Role != actor.Owner && !slices.Contains(e.roles, who.Role) || e.key == "driver" && who.Role != actor.Driver || !k.Serves(e.path) {
			continue
		}
		items = append(items, NavItem{e.path, k.Say(r, "nav."+e.key), e.icon, within(r.URL.Path, e.path)})
	}
	return items
}

// within tells whether a page belongs to an entry's area.
func within(page, area string) bool {
	area = strings.TrimSuffix(area, "/")
	if area == "" {
		return page == "/"
	}
	return page == area || strings.HasPrefix(page, area+"/")
}

// NoPage is the error of a page that is not there.
func (k *Kit) NoPage(r *http.Request) error {
	return errs.NotFound("%s", k.Say(r, "error.no_page", r.URL.Path))
}

// account is who is signed in.
func (k *Kit) account(r *http.Request) Account {
	v, ok := r.Context().Value(visitKey{}).(account.Visit)
	if !ok {
		return Account{}
	}
	a := Account{Name: v.Name, Role: v.Role, Signed: k.Signed(r), Person: v.User != 0 && v.Tablet == 0 && k.Serves("/account")}
	a.Idle = int(v.Idle.Seconds())
	a.Tablet = a.Idle > 0
	return a
}
