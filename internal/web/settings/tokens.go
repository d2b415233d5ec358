package settings

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// tokensPage is what the page tokens shows.
type tokensPage struct {
	Frame
	Tokens []tokenRow
	Roles  []choice
	Made   string // a new token in plain text: shown this once
	Wish   tokenWish
	Fault  string
	Pager
}

// tokenRow is a token as it is listed.
type tokenRow struct {
	ID                          int64
	Name, Role, Outlet, Created string
	State                       string
	Valid                       bool
}

// tokenWish is the form of a new token.
type tokenWish struct {
	Name, Role string
	Outlet     int64
	Days       string
}

// choice is an option of a list.
type choice struct {
	Value, Name string
	Chosen      bool
}

// tokenPages are the pages of tokens.
func (s *server) tokenPages() map[string]page.Action {
	return map[string]page.Action{
		"GET /settings/tokens":              s.showTokens,
		"POST /settings/tokens":             s.createToken,
		"POST /settings/tokens/{id}/revoke": s.revokeToken,
	}
}

func (s *server) showTokens(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderTokens(w, r, who, http.StatusOK, tokensPage{Wish: tokenWish{Role: string(actor.Integrator)}})
}

func (s *server) renderTokens(w http.ResponseWriter, r *http.Request, who actor.Actor, status int, p tokensPage) error {
	frame, err := s.frame(r, who, "tokens")
	if err != nil {
		return err
	}
	all, err := s.Tokens.ListTokens(r.Context(), who)
	if err != nil {
		return err
	}
	p.Frame, p.Roles = frame, s.roles(r, tokenRoles, p.Wish.Role)
	list, pager := paged(r, all)
	p.Pager = pager
	for _, t := range list {
		p.Tokens = append(p.Tokens, s.tokenRow(r, frame, t))
	}
	s.set.Render(w, r, status, "tokens", p)
	return nil
}

// tokenRoles are the roles that tokens are made for on a page.
var tokenRoles = []actor.Role{actor.Integrator, actor.Manager, actor.Cook, actor.Driver, actor.Owner}

// roles are choices of roles.
func (s *server) roles(r *http.Request, list []actor.Role, chosen string) (out []choice) {
	for _, role := range list {
		out = append(out, choice{string(role), s.Say(r, "access.role."+string(role)), string(role) == chosen})
	}
	return out
}

func (s *server) tokenRow(r *http.Request, f Frame, t tenant.Token) tokenRow {
	row := tokenRow{
		ID: t.ID, Name: t.Name, Role: s.Say(r, "access.role."+string(t.Role)), Outlet: f.outletName(t.Outlet, s.Say(r, "access.all_outlets")),
		Created: f.day(t.Created),
	}
	switch {
	case t.Revoked != nil:
		row.State = s.Say(r, "access.token_revoked", f.day(*t.Revoked))
	case t.Expires == nil:
		row.State, row.Valid = s.Say(r, "access.token_valid"), true
	case t.Expires.Before(time.Now()):
		row.State = s.Say(r, "access.token_expired", f.day(*t.Expires))
	default:
		row.State, row.Valid = s.Say(r, "access.token_until", f.day(*t.Expires)), true
	}
	return row
}

// outletName is an outlet's name; 0 is all of them.
func (f Frame) outletName(id int64, all string) string {
	if id == 0 {
		return all
	}
	i := slices.IndexFunc(f.Outlets, func(o tenant.Outlet) bool { return o.ID == id })
	if i < 0 {
		return strconv.FormatInt(id, 10)
	}
	return f.Outlets[i].Name
}

// zone is the outlet's.
func (f Frame) zone() *time.Location { return cmp.Or(f.Outlet.Timezone, time.UTC) }

// day writes a day, at writes a time, as the outlet's clock shows it.
func (f Frame) day(t time.Time) string { return t.In(f.zone()).Format("2006-01-02") }

func (f Frame) at(t time.Time) string { return t.In(f.zone()).Format("2006-01-02 15:04") }

// createToken makes a token and shows it, this once.
func (s *server) createToken(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	wish := tokenWish{Name: r.PostFormValue("name"), Role: r.PostFormValue("role"), Outlet: number(r, "for"), Days: r.PostFormValue("days")}
	want := tenant.NewToken{Name: wish.Name, Role: actor.Role(wish.Role), Outlet: wish.Outlet}
	if wish.Days != "" {
		days, err := strconv.Atoi(wish.Days)
		if err != nil || days < 1 || days > 36500 {
			return s.renderTokens(w, r, who, http.StatusUnprocessableEntity, tokensPage{Wish: wish, Fault: s.Say(r, "access.days_wrong")})
		}
		until := time.Now().AddDate(0, 0, days)
		want.Expires = &until
	}
	plain, _, err := s.Tokens.CreateToken(r.Context(), who, want)
	if errs.Is(err, errs.KindInvalid) {
		return s.renderTokens(w, r, who, page.StatusOf(err), tokensPage{Wish: wish, Fault: page.Sentence(page.Language(r), err)})
	}
	if err != nil {
		return err
	}
	return s.renderTokens(w, r, who, http.StatusCreated, tokensPage{Made: plain, Wish: tokenWish{Role: string(actor.Integrator)}})
}

func (s *server) revokeToken(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return s.NoPage(r)
	}
	if err := s.Tokens.RevokeToken(r.Context(), who, id); err != nil {
		return err
	}
	return s.Done(w, r, back(r, "/settings/tokens"), page.Toast{Text: s.Say(r, "access.token_ended")})
}
