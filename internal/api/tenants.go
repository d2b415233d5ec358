package api

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/modifier"
	"brigade/internal/money"
	"brigade/internal/tenant"
)

const (
	tagMenu   = "Menu and outlets"
	tagTokens = "Tokens"
)

func (s *server) addTenants() {
	add(s, route{
		method: http.MethodGet, path: "/api/v1/menu", view: ViewCanonical, id: "get-menu", tag: tagMenu,
		summary: "The menu", description: "What an outlet sells, in the order in which items came onto the menu, and what of it cannot be " +
			"ordered just now.",
		errors: []int{http.StatusNotFound},
		response: `[{"sku":"burger_combo","name":"Burger combo","category":"Meals","description":"Beef patty in a toasted bun, with fries",
"price":9.90,"allergens":["gluten","milk"],"choices":[{"name":"Extras","min":0,"max":2,"of":[{"name":"Cheese","price":1.00}]}],"available":true}]`,
	}, s.getMenu)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/outlets", view: ViewCanonical, id: "list-outlets", tag: tagMenu,
		summary: "Outlets", description: "The outlets that the token may see, by slug.",
		response: `[{"id":1,"slug":"kitchen","name":"Demo Kitchen","timezone":"Europe/Madrid","currency":"EUR","default":true}]`,
	}, s.listOutlets)
	const token = `"id":1,"name":"till-1","role":"integrator","outlet_id":null,"created_at":"2024-12-16T12:00:00Z",
"expires_at":null,"revoked_at":null}`
	add(s, route{
		method: http.MethodPost, path: "/api/v1/tokens", view: ViewCanonical, id: "create-token", tag: tagTokens,
		summary: "Create a token", description: "The token itself is in this answer only: it is not kept.",
		status: http.StatusCreated, request: `{"name":"till-1","role":"integrator","expires_in_days":365}`,
		response: `{"token":"brg_…",` + token,
	}, s.createToken)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/tokens", view: ViewCanonical, id: "list-tokens", tag: tagTokens,
		summary: "Tokens", description: "All tokens of the tenant, newest first, revoked ones included.",
		response: `[{` + token + `]`,
	}, s.listTokens)
	add(s, route{
		method: http.MethodDelete, path: "/api/v1/tokens/{id}", view: ViewCanonical, id: "revoke-token", tag: tagTokens,
		summary: "Revoke a token", description: "Ends a token: here at once, in other processes within 20 seconds. Repeating it is fine.",
		errors: []int{http.StatusNotFound},
	}, s.revokeToken)
}

type menuItem struct {
	SKU         string       `json:"sku" example:"burger_combo"`
	Name        string       `json:"name" example:"Burger combo"`
	Category    string       `json:"category" example:"Meals"`
	Description string       `json:"description" example:"Beef patty in a toasted bun, with fries"`
	Price       money.Amount `json:"price" example:"9.90"`
	Alcohol     bool         `json:"alcohol,omitempty" doc:"Only for who is old enough: the age is checked at the door"`
	Large       bool         `json:"large,omitempty" doc:"It fits in no bag"`
	Allergens   []string     `json:"allergens,omitempty" doc:"What it holds that makes some people ill" example:"[\"gluten\",\"milk\"]"`
	Choices     []groupView  `json:"choices,omitempty" doc:"What can be chosen of it"`
	Available   bool         `json:"available" doc:"false: it, or a station that it needs, is paused"`
	Why         string       `json:"why,omitempty" doc:"Why it is not" example:"item burger_combo is paused: sold out"`
}

// groupView is choices of one kind.
type groupView struct {
	Name    string       `json:"name" example:"Extras"`
	Min     int          `json:"min" doc:"How many at least; who chooses none gets the first so many" example:"0"`
	Max     int          `json:"max" example:"2"`
	Choices []choiceView `json:"of"`
}

type choiceView struct {
	Name      string       `json:"name" example:"Cheese"`
	Price     money.Amount `json:"price" doc:"What it adds to the price of a unit" example:"1.00"`
	Allergens []string     `json:"allergens,omitempty" doc:"What it holds that makes some people ill" example:"[\"milk\"]"`
}

func viewGroups(groups []modifier.Group) (out []groupView) {
	for _, g := range groups {
		v := groupView{Name: g.Name, Min: g.Min, Max: g.Max}
		for _, c := range g.Choices {
			v.Choices = append(v.Choices, choiceView(c))
		}
		out = append(out, v)
	}
	return out
}

type menuOutput struct{ Body []menuItem }

func (s *server) getMenu(ctx context.Context, who actor.Actor, in *OutletParam) (*menuOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	if outlet == 0 {
		outlet = who.Outlet
	}
	items, err := s.Menu.Items(ctx, who.Tenant, outlet)
	if err != nil {
		return nil, err
	}
	pauses, err := s.Sales.Paused(ctx, who, outlet)
	out := &menuOutput{Body: make([]menuItem, len(items))}
	for i, it := range items {
		why := it.Paused(pauses)
		out.Body[i] = menuItem{it.SKU, it.Name, it.Category, it.Description, it.Price, it.Alcohol, it.Large, it.Allergens, viewGroups(it.Choices), why == "", why}
	}
	return out, err
}

type outletView struct {
	ID       int64  `json:"id" example:"1"`
	Slug     string `json:"slug" example:"kitchen"`
	Name     string `json:"name" example:"Demo Kitchen"`
	Timezone string `json:"timezone" example:"Europe/Madrid"`
	Currency string `json:"currency" example:"EUR"`
	Default  bool   `json:"default" doc:"Meant by requests that name none" example:"true"`
}

type outletsOutput struct{ Body []outletView }

func (s *server) listOutlets(ctx context.Context, who actor.Actor, _ *struct{}) (*outletsOutput, error) {
	list, err := s.Tenants.ListOutlets(ctx, who.Tenant)
	out := &outletsOutput{Body: []outletView{}}
	for _, o := range list {
		if who.Sees(o.ID) {
			out.Body = append(out.Body, outletView{o.ID, o.Slug, o.Name, o.Timezone.String(), o.Currency, o.Default})
		}
	}
	return out, err
}

// TokenView is a token as its owner sees it. It is exported for huma, as OrderView.
type TokenView struct {
	ID        int64      `json:"id" example:"1"`
	Name      string     `json:"name" example:"till-1"`
	Role      actor.Role `json:"role" example:"integrator"`
	Outlet    *int64     `json:"outlet_id" doc:"null: every outlet"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at" doc:"null: never"`
	RevokedAt *time.Time `json:"revoked_at"`
}

func viewToken(t tenant.Token) TokenView {
	return TokenView{t.ID, t.Name, t.Role, given(t.Outlet), t.Created.UTC(), t.Expires, t.Revoked}
}

type newToken struct {
	Token string `json:"token" doc:"To be sent as Authorization: Bearer …; it is shown this once" example:"brg_…"`
	TokenView
}

type createTokenInput struct {
	Body struct {
		Name          string     `json:"name" minLength:"1" maxLength:"100" doc:"Of who will use it; it appears in histories" example:"till-1"`
		Role          actor.Role `json:"role" enum:"owner,manager,cook,driver,integrator,customer" example:"integrator"`
		Outlet        string     `json:"outlet,omitempty" doc:"Slug or id: for this outlet alone" example:"kitchen"`
		Driver        string     `json:"driver,omitempty" doc:"For the role driver: whose own it is, by name or id" example:"Marta"`
		ExpiresInDays float64    `json:"expires_in_days,omitempty" exclusiveMinimum:"0" maximum:"36500" doc:"Without it: never" example:"365"`
	} `nameHint:"CreateToken"`
}

type createTokenOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         newToken
}

func (s *server) createToken(ctx context.Context, who actor.Actor, in *createTokenInput) (*createTokenOutput, error) {
	outlet, err := s.outletField(ctx, who, in.Body.Outlet)
	if err != nil {
		return nil, err
	}
	want := tenant.NewToken{Name: in.Body.Name, Role: in.Body.Role, Outlet: outlet}
	if in.Body.Driver != "" {
		d, err := s.Deliveries.Driver(ctx, who, in.Body.Driver)
		if err != nil {
			return nil, err
		}
		want.Driver = d.ID
	}
	if in.Body.ExpiresInDays > 0 {
		at := time.Now().UTC().Add(time.Duration(in.Body.ExpiresInDays * 24 * float64(time.Hour)))
		want.Expires = &at
	}
	plain, t, err := s.Tenants.CreateToken(ctx, who, want)
	if err != nil {
		return nil, err
	}
	return &createTokenOutput{CacheControl: "no-store", Body: newToken{plain, viewToken(t)}}, nil
}

type tokensOutput struct{ Body []TokenView }

func (s *server) listTokens(ctx context.Context, who actor.Actor, _ *struct{}) (*tokensOutput, error) {
	list, err := s.Tenants.ListTokens(ctx, who)
	out := &tokensOutput{Body: make([]TokenView, len(list))}
	for i, t := range list {
		out.Body[i] = viewToken(t)
	}
	return out, err
}

type tokenRef struct {
	ID int64 `path:"id" example:"1"`
}

func (s *server) revokeToken(ctx context.Context, who actor.Actor, in *tokenRef) (*struct{}, error) {
	return nil, s.Tenants.RevokeToken(ctx, who, in.ID)
}
