// Package menu is what an outlet sells: items, their prices, and how each is made.
package menu

import (
	"context"

	"brigade/internal/modifier"
	"brigade/internal/money"
	"brigade/internal/recipe"
)

// Item is something an outlet sells.
type Item struct {
	ID          int64
	Outlet      int64
	SKU         string // unique in its outlet, also among items that are no longer sold
	Name        string // unique in its outlet among what is sold, whatever the case
	Category    string
	Description string
	Price       money.Amount  // in the tenant's currency
	Recipe      recipe.Recipe // the version that new orders use
	Alcohol     bool          // only for who is old enough: so is whoever brings it, and he looks at papers
	Large       bool          // fits in no bag
	Choices     []modifier.Group
	Allergens   []string // as the menu calls them
}

// Store keeps menus.
type Store interface {
	// Version returns a text that differs whenever an outlet's menu, or what of it is paused, differs. It is cheap.
	Version(ctx context.Context, tenant, outlet int64) (string, error)
	// Items returns what an outlet sells, with recipes, in the order in which items came onto the menu.
	// An outlet that is not the tenant's sells nothing.
	Items(ctx context.Context, tenant, outlet int64) ([]Item, error)
	// Pauses returns what of an outlet is paused, also what has ended by itself.
	Pauses(ctx context.Context, tenant, outlet int64) ([]Pause, error)
}
