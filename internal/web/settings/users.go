package settings

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/web/page"
)

// usersPage is what the page users shows: the list and a form for a new one.
type usersPage struct {
	Frame
	Users []userRow
	Form  userForm
	Pager
	Log   []logRow
	Owner bool
}

// userRow is a user as he is listed.
type userRow struct {
	ID                                    int64
	Name, Email, Role, Place, Seen, State string
	Active                                bool
}

// logRow is a line of who came in and who was changed.
type logRow struct{ At, What, Who, About, Address string }

// userForm is what is typed of a user.
type userForm struct {
	account.User
	PIN      string
	Roles    []choice
	Outlets  []choice
	Stations []choice
	Whole    bool // he may be of all outlets
	Fault    string
	Act      string // where the form is sent
	Seen     string // what he was when the form was filled in
}

// userPages are the pages of users.
func (s *server) userPages() map[string]page.Action {
	return map[string]page.Action{
		"GET /settings/users":                s.showUsers,
		"POST /settings/users":               s.addUser,
		"GET /settings/users/{id}":           s.showUser,
		"POST /settings/users/{id}":          s.changeUser,
		"POST /settings/users/{id}/active":   s.setActive,
		"POST /settings/users/{id}/pin":      s.setPIN,
		"POST /settings/users/{id}/link":     s.makeLink,
		"POST /settings/users/{id}/sign-out": s.signOutUser,
	}
}

func (s *server) showUsers(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderUsers(w, r, who, http.StatusOK, userForm{User: account.User{Role: actor.Cook, Outlet: who.OutletFilter()}})
}

func (s *server) renderUsers(w http.ResponseWriter, r *http.Request, who actor.Actor, status int, f userForm) error {
	frame, err := s.frame(r, who, "users")
	if err != nil {
		return err
	}
	at := int(number(r, "page"))
	list, more, err := s.Accounts.List(r.Context(), who, at)
	if err != nil {
		return err
	}
	f.Act = "/settings/users"
	p := usersPage{Frame: frame, Form: f, Owner: who.Require() == nil && !who.Bound}
	if err := s.fill(r, who, frame, &p.Form); err != nil {
		return err
	}
	for _, u := range list {
		p.Users = append(p.Users, s.userRow(r, frame, u))
	}
	if at > 0 {
		p.Newer = pageLink(r, at-1)
	}
	if more {
		p.Older = pageLink(r, at+1)
	}
	if p.Owner {
		if p.Log, err = s.accessLog(r, who, frame); err != nil {
			return err
		}
	}
	s.set.Render(w, r, status, "users", p)
	return nil
}

const notesShown = 20

func (s *server) accessLog(r *http.Request, who actor.Actor, f Frame) ([]logRow, error) {
	notes, err := s.Accounts.Log(r.Context(), who, 0, notesShown)
	rows := make([]logRow, len(notes))
	for i, n := range notes {
		rows[i] = logRow{f.at(n.At), s.Say(r, "access.log."+n.What), n.Who, n.About, n.Address}
	}
	return rows, err
}

func (s *server) userRow(r *http.Request, f Frame, u account.User) userRow {
	row := userRow{
		ID: u.ID, Name: u.Name, Email: u.Email, Role: s.Say(r, "access.role."+string(u.Role)), Active: u.Active,
		Place: f.outletName(u.Outlet, s.Say(r, "access.all_outlets")), State: s.Say(r, "access.active"), Seen: s.Say(r, "access.never"),
	}
	if u.StationName != "" {
		row.Place += " · " + u.StationName
	}
	if !u.Active {
		row.State = s.Say(r, "access.disabled")
	}
	if u.LastSeen != nil {
		row.Seen = f.at(*u.LastSeen)
	}
	return row
}

// fill adds what can be chosen.
func (s *server) fill(r *http.Request, who actor.Actor, frame Frame, f *userForm) error {
	roles := account.Roles
	if who.Require() != nil {
		roles = []actor.Role{actor.Cook, actor.Driver}
	}
	f.Roles, f.Whole = s.roles(r, roles, string(f.Role)), !who.Bound
	for _, o := range frame.Outlets {
		f.Outlets = append(f.Outlets, choice{strconv.FormatInt(o.ID, 10), o.Name, o.ID == f.Outlet})
	}
	var err error
	f.Stations, err = s.stations(r, who, frame, f.Station)
	if here := func(c choice) bool { return c.Chosen }; f.Station != 0 && !slices.ContainsFunc(f.Stations, here) {
		at := strconv.FormatInt(f.Station, 10) // of an outlet that is not listed: saving must not give him all stations
		f.Stations = append(f.Stations, choice{at, cmp.Or(f.StationName, at), true})
	}
	return err
}

// stations are those of the outlets that are seen, each with its outlet's name when there are several.
func (s *server) stations(r *http.Request, who actor.Actor, f Frame, chosen int64) (list []choice, err error) {
	for _, o := range f.Outlets[:min(len(f.Outlets), 20)] {
		b, err := s.Kitchen.Board(r.Context(), who, o.ID)
		if err != nil {
			return nil, err
		}
		for _, st := range b.Stations {
			name := st.Name
			if len(f.Outlets) > 1 {
				name = o.Name + " · " + name
			}
			list = append(list, choice{strconv.FormatInt(st.ID, 10), name, st.ID == chosen})
		}
	}
	return list, nil
}

// typedUser reads a form.
func typedUser(r *http.Request) account.User {
	u := account.User{
		ID: readID(r.PathValue("id")), Name: r.PostFormValue("name"), Email: r.PostFormValue("email"),
		Role: actor.Role(r.PostFormValue("role")), Outlet: number(r, "at"), Station: number(r, "station"),
	}
	if u.Role != actor.Cook {
		u.Station = 0
	}
	return u
}

// readID reads an id of an address; 0, which nothing has, for none.
func readID(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// typed tells errors of what was typed, which are shown beside it, from others.
func typed(err error) bool { return errs.Is(err, errs.KindInvalid) || errs.Is(err, errs.KindConflict) }

func (s *server) addUser(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	u, pin := typedUser(r), r.PostFormValue("pin")
	made, err := s.Accounts.Add(r.Context(), who, u)
	if typed(err) {
		return s.renderUsers(w, r, who, page.StatusOf(err), userForm{User: u, PIN: pin, Fault: page.Sentence(page.Language(r), err)})
	}
	if err != nil {
		return err
	}
	if pin == "" {
		http.Redirect(w, r, s.userPath(r, made.ID), http.StatusSeeOther)
		return nil
	}
	_, err = s.Accounts.SetPIN(r.Context(), who, made.ID, 0, pin)
	if typed(err) { // he is in; his page says that his PIN is not
		return s.renderUser(w, r, who, page.StatusOf(err), made.ID, userPage{PINFault: page.Sentence(page.Language(r), err)})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, s.userPath(r, made.ID), http.StatusSeeOther)
	return nil
}

func (s *server) userPath(r *http.Request, id int64) string {
	return back(r, "/settings/users/"+strconv.FormatInt(id, 10))
}

// userPage is what the page user shows.
type userPage struct {
	Frame
	User     userRow
	Form     userForm
	PIN      string // where he has one
	Sessions []sessionRow
	Self     bool
	CanPIN   bool
	CanLink  bool
	Password bool
	Link     string // a new link: shown this once
	Made     string // a new PIN: shown this once
	PINFault string
}

// sessionRow is where somebody is signed in.
type sessionRow struct {
	ID                         int64
	Where, Since, Seen, Device string
	Here                       bool
}

func (s *server) showUser(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderUser(w, r, who, http.StatusOK, readID(r.PathValue("id")), userPage{})
}

func (s *server) renderUser(w http.ResponseWriter, r *http.Request, who actor.Actor, status int, id int64, p userPage) error {
	frame, err := s.frame(r, who, "users")
	if err != nil {
		return err
	}
	u, err := s.Accounts.Get(r.Context(), who, id)
	if err != nil {
		return err
	}
	p.Frame, p.User, p.Self, p.Password = frame, s.userRow(r, frame, u), u.ID == who.User, u.Password
	p.CanPIN, p.CanLink = u.Active && u.Role != actor.Driver, u.Active && u.Email != ""
	if u.PINAt != 0 {
		p.PIN = frame.outletName(u.PINAt, "")
	}
	if p.Form.Act == "" {
		p.Form.User, p.Form.Seen = u, seenUser(u)
	}
	p.Form.Act = "/settings/users/" + strconv.FormatInt(id, 10)
	if err := s.fill(r, who, frame, &p.Form); err != nil {
		return err
	}
	if p.Sessions, err = s.sessionRows(r, who, frame, id); err != nil {
		return err
	}
	s.set.Render(w, r, status, "user", p)
	return nil
}

func (s *server) sessionRows(r *http.Request, who actor.Actor, f Frame, user int64) ([]sessionRow, error) {
	list, err := s.Accounts.Sessions(r.Context(), who, user, page.Session(r))
	rows := make([]sessionRow, len(list))
	for i, x := range list {
		rows[i] = sessionRow{x.ID, cmp.Or(x.Tablet, x.Address), f.at(x.Created), f.at(x.LastSeen), x.Agent, x.Here}
	}
	return rows, err
}

// seenUser is what a form can change of a user, as its visitor has it before him.
func seenUser(u account.User) string {
	return fmt.Sprintf("%q %q %s %d %d", u.Name, u.Email, u.Role, u.Outlet, u.Station)
}

func (s *server) changeUser(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	u := typedUser(r)
	old, err := s.Accounts.Get(r.Context(), who, u.ID)
	if err != nil {
		return err
	}
	u.Active = old.Active
	if u.Role == actor.Driver {
		u.Driver = old.Driver
	}
	seen := r.PostFormValue("seen")
	if seen != "" && seen != seenUser(old) {
		err = errs.Conflict("somebody else has changed %s: read it again", old.Name)
	} else {
		err = s.Accounts.Change(r.Context(), who, u)
	}
	if typed(err) {
		form := userForm{User: u, Fault: page.Sentence(page.Language(r), err), Act: "kept", Seen: seen}
		return s.renderUser(w, r, who, page.StatusOf(err), u.ID, userPage{Form: form})
	}
	if err != nil {
		return err
	}
	return s.Done(w, r, s.userPath(r, u.ID), page.Toast{Text: s.Say(r, "access.saved", u.Name)})
}

// setActive disables a user or lets him in again, as the form's field "to" says.
func (s *server) setActive(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	to := r.PostFormValue("to")
	if !slices.Contains([]string{"on", "off"}, to) {
		return errs.Malformed("a user is put on or off")
	}
	u, err := s.Accounts.Get(r.Context(), who, readID(r.PathValue("id")))
	if err != nil {
		return err
	}
	u.Active = to == "on"
	if err := s.Accounts.Change(r.Context(), who, u); err != nil {
		return err
	}
	return s.Done(w, r, s.userPath(r, u.ID), page.Toast{Text: s.Say(r, "access.saved", u.Name)})
}

// setPIN gives a PIN, which is shown this once when Brigade made it, or takes it away.
func (s *server) setPIN(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	id := readID(r.PathValue("id"))
	if r.PostFormValue("to") == "off" {
		if err := s.Accounts.DropPIN(r.Context(), who, id); err != nil {
			return err
		}
		return s.Done(w, r, s.userPath(r, id), page.Toast{Text: s.Say(r, "access.pin_gone")})
	}
	typedPIN := r.PostFormValue("pin")
	pin, err := s.Accounts.SetPIN(r.Context(), who, id, number(r, "at"), typedPIN)
	if typed(err) {
		return s.renderUser(w, r, who, page.StatusOf(err), id, userPage{PINFault: page.Sentence(page.Language(r), err)})
	}
	if err != nil {
		return err
	}
	if typedPIN == "" {
		return s.renderUser(w, r, who, http.StatusOK, id, userPage{Made: pin})
	}
	return s.Done(w, r, s.userPath(r, id), page.Toast{Text: s.Say(r, "access.pin_saved")})
}

// makeLink makes a link to choose a password, which is shown this once.
func (s *server) makeLink(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	id := readID(r.PathValue("id"))
	link, err := s.Accounts.Invite(r.Context(), who, id)
	if err != nil {
		return err
	}
	return s.renderUser(w, r, who, http.StatusCreated, id, userPage{Link: page.Address(r) + "/welcome/" + link})
}

// signOutUser ends one of a user's sessions, or all.
func (s *server) signOutUser(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	id := readID(r.PathValue("id"))
	if err := s.Accounts.EndSession(r.Context(), who, id, number(r, "session")); err != nil {
		return err
	}
	return s.Done(w, r, s.userPath(r, id), page.Toast{Text: s.Say(r, "access.signed_out")})
}
