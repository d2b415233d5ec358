// Package menupg keeps menus in Postgres, and loads them, with the kitchens that make them, from files.
package menupg

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/menu"
	"brigade/internal/menu/menupg/db"
	"brigade/internal/modifier"
	"brigade/internal/money"
	"brigade/internal/recipe"
	"brigade/internal/store"
)

// Store implements menu.Store.
type Store struct{ q *db.Queries }

var _ menu.Store = (*Store)(nil)

// New returns a store over a pool.
func New(pool *pgxpool.Pool) *Store { return &Store{q: db.New(pool)} }

// Version implements menu.Store.
func (s *Store) Version(ctx context.Context, tenant, outlet int64) (string, error) {
	v, err := s.q.MenuVersion(ctx, db.MenuVersionParams{TenantID: tenant, OutletID: outlet})
	return v, store.Classify(err)
}

// What items ask of whoever brings them, as menu_items keeps it; those who deliver read the same.
const (
	needsAlcohol = 1 << iota
	needsLarge
)

// Items implements menu.Store.
func (s *Store) Items(ctx context.Context, tenant, outlet int64) ([]menu.Item, error) {
	rows, err := s.q.ActiveItems(ctx, db.ActiveItemsParams{TenantID: tenant, OutletID: outlet})
	if err != nil {
		return nil, store.Classify(err)
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.RecipeID
	}
	steps, err := s.steps(ctx, ids)
	if err != nil {
		return nil, err
	}
	items := make([]menu.Item, len(rows))
	for i, r := range rows {
		choices, err := groups(r.Choices)
		if err != nil {
			return nil, err
		}
		items[i] = menu.Item{
			ID: r.ID, Outlet: outlet, SKU: r.Sku, Name: r.Name, Category: r.Category, Description: r.Description,
			Price: money.Amount(r.PriceMinor), Alcohol: r.Needs&needsAlcohol != 0, Large: r.Needs&needsLarge != 0,
			Choices: choices, Allergens: r.Allergens,
			Recipe: recipe.Recipe{ID: r.RecipeID, Version: int(r.RecipeVersion), Steps: steps[r.RecipeID]},
		}
	}
	return items, nil
}

func (s *Store) steps(ctx context.Context, recipes []int64) (map[int64][]recipe.Step, error) {
	rows, err := s.q.RecipeSteps(ctx, recipes)
	if err != nil {
		return nil, store.Classify(err)
	}
	steps := make(map[int64][]recipe.Step, len(recipes))
	for _, r := range rows {
		steps[r.RecipeID] = append(steps[r.RecipeID], recipe.Step{
			Description: r.Description, Station: r.StationID, Machine: r.MachineID,
			Estimate: time.Duration(r.EstimateSeconds * float64(time.Second)), Priority: r.BasePriority, After: ints(r.After),
			Batch: recipe.Batch{Size: int(r.BatchSize), Wait: time.Duration(r.BatchWaitSeconds * float64(time.Second))},
		})
	}
	return steps, nil
}

// groups reads what can be chosen of an item.
func groups(text []byte) (g []modifier.Group, err error) {
	if err = json.Unmarshal(text, &g); err != nil || len(g) == 0 {
		return nil, err
	}
	return g, nil
}

func ints(list []int32) []int {
	var out []int
	for _, n := range list {
		out = append(out, int(n))
	}
	return out
}
