package readyqueue

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Shown is what a Redis holds of ready queues.
type Shown struct {
	Kitchens int // that were ever drawn in it
	Tasks    int64
}

// Look counts what is shown.
func Look(ctx context.Context, client redis.Cmdable) (s Shown, err error) {
	names, err := client.HKeys(ctx, header).Result()
	if err != nil {
		return s, err
	}
	for _, name := range names {
		if strings.Contains(name, ":") {
			s.Kitchens++
		}
	}
	s.Tasks, err = client.ZCard(ctx, All).Result()
	return s, err
}
