package menupg

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/menu/menupg/db"
	"brigade/internal/recipe"
	"brigade/internal/store"
)

// Recipes returns recipes by id, as their steps take now, inside a transaction. Those that do not exist have no steps.
func Recipes(ctx context.Context, tx store.Tx, ids []int64) (map[int64]recipe.Recipe, error) {
	return recipesOf(ctx, &Store{q: db.New(tx)}, ids)
}

// ReadRecipes is Recipes without a transaction.
func ReadRecipes(ctx context.Context, pool *pgxpool.Pool, ids []int64) (map[int64]recipe.Recipe, error) {
	return recipesOf(ctx, New(pool), ids)
}

func recipesOf(ctx context.Context, s *Store, ids []int64) (map[int64]recipe.Recipe, error) {
	steps, err := s.steps(ctx, ids)
	recipes := make(map[int64]recipe.Recipe, len(ids))
	for _, id := range ids {
		recipes[id] = recipe.Recipe{ID: id, Steps: steps[id]}
	}
	return recipes, err
}
