package kafka

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/twmb/franz-go/pkg/kgo"

	"brigade/internal/event"
)

// allTopics matches the topics of all contexts.
const allTopics = `^[a-z_]+\.domain\.events$`

// Follow gives every event of all contexts to take, from now on or all that Kafka has, until ctx ends (then it returns
// nil) or take fails. Each aggregate's events come in their order. It belongs to no group: it takes nothing from anybody.
// Errors: KindUnavailable when Kafka cannot be reached at first, KindInvalid, take's.
func Follow(ctx context.Context, o Options, fromStart bool, take func(event.Event) error) error {
	if err := Check(ctx, o); err != nil {
		return err
	}
	opts, err := o.settings()
	if err != nil {
		return err
	}
	from := kgo.NewOffset().AtEnd()
	if fromStart {
		from = kgo.NewOffset().AtStart()
	}
	c, err := kgo.NewClient(append(opts, kgo.ConsumeRegex(), kgo.ConsumeTopics(allTopics), kgo.ConsumeResetOffset(from))...)
	if err != nil {
		return o.refused(err)
	}
	defer c.Close()
	for lost := false; ; {
		fetches := c.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		err := errors.Join(fetchErrors(fetches)...)
		if err != nil && !lost { // the client tries again by itself
			o.log().WarnContext(ctx, "Kafka is out of reach, trying again", "action", "kafka_lost", "error", err)
		}
		lost = err != nil
		if err := give(fetches.Records(), take); err != nil {
			return err
		}
	}
}

func give(records []*kgo.Record, take func(event.Event) error) error {
	for _, r := range records {
		var e event.Event
		if json.Unmarshal(r.Value, &e) != nil {
			continue // not one of ours
		}
		if err := take(e); err != nil {
			return err
		}
	}
	return nil
}
