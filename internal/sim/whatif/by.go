package whatif

import (
	"context"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/sim/replay"
)

// SettingsFor are a kitchen's settings under a policy; "" is the usual one. Errors: KindInvalid.
func SettingsFor(policy string) (kitchen.Settings, error) {
	s := kitchen.DefaultSettings()
	if policy == "" {
		return s, nil
	}
	if s.Policy = sched.Policy(policy); !s.Policy.Known() {
		return s, errs.Invalid("there is no policy %q; there are %v", policy, sched.Policies())
	}
	s.Fixed = true
	return s, nil
}

// PlayBy is the Player of production's planner.
func PlayBy(e *replay.Evening, policy string) (*replay.Played, error) {
	return Within(context.Background())(e, policy)
}

// Within is PlayBy that ends early, with ctx's error, when ctx does.
func Within(ctx context.Context) Player {
	return func(e *replay.Evening, policy string) (*replay.Played, error) {
		s, err := SettingsFor(policy)
		if err != nil {
			return nil, err
		}
		return replay.PlayWithin(ctx, e, s)
	}
}
