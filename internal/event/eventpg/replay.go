package eventpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg/db"
	"brigade/internal/store"
)

// Replay is how far a replay has come.
type Replay struct {
	Position, To int64
	LastError    string
	Done         bool
}

// AskReplay asks whoever relays to a sink to publish the events between two positions again, both included; to 0 means
// up to the last one that was published. It returns the replay's id and where it will end. Errors: KindNotFound when
// there is no such sink, KindInvalid when nothing from there on has been published yet.
func AskReplay(ctx context.Context, pool *pgxpool.Pool, sink string, from, to int64) (id, end int64, err error) {
	r, err := db.New(pool).AskReplay(ctx, db.AskReplayParams{Sink: sink, First: max(1, from), Last: to, Before: max(1, from) - 1})
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, 0, nothingToReplay(ctx, pool, sink, from)
	}
	return r.ID, r.ToPosition, store.Classify(err)
}

func nothingToReplay(ctx context.Context, pool *pgxpool.Pool, sink string, from int64) error {
	all, err := Stats(ctx, pool)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Name == sink {
			return errs.Invalid("nothing from %d on has gone to %s yet: it has come to %d", from, sink, s.Position)
		}
	}
	return errs.NotFound("there is no sink %q: brigade events sinks lists them", sink)
}

// ReplayState tells how far a replay has come.
func ReplayState(ctx context.Context, pool *pgxpool.Pool, id int64) (Replay, error) {
	r, err := db.New(pool).ReplayState(ctx, id)
	return Replay{Position: r.Position, To: r.ToPosition, LastError: r.LastError, Done: r.Done}, store.Classify(err)
}

const (
	replayPage = 2000
	replayPoll = 2 * time.Second
)

// RunReplays publishes again what was asked for, as long as this node has the sink's lease, until ctx ends.
func RunReplays(ctx context.Context, pool *pgxpool.Pool, sink event.Sink, owner event.Owner, log *slog.Logger) error {
	for {
		more := false
		if _, ours := owner.Owned(event.RelayResource(sink.Name())); ours {
			var err error
			if more, err = replayPageOf(ctx, pool, sink); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "replay interrupted, trying again", "action", "replay_failed", "sink", sink.Name(), "error", err)
			}
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(replayPoll):
		}
	}
}

// replayPageOf publishes a page of the oldest replay; more tells whether there is one to go on with.
func replayPageOf(ctx context.Context, pool *pgxpool.Pool, sink event.Sink) (more bool, err error) {
	q := db.New(pool)
	r, err := q.OpenReplay(ctx, sink.Name())
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	events, err := Read(ctx, pool, event.Query{After: r.Position, UpTo: r.ToPosition, Limit: replayPage})
	if err != nil {
		return false, err
	}
	if err := publishSound(ctx, sink, events); err != nil {
		return false, errors.Join(err, q.FailReplay(ctx, db.FailReplayParams{ID: r.ID, LastError: printable(err.Error())}))
	}
	reached := r.ToPosition
	if len(events) == replayPage {
		reached = events[replayPage-1].Position
	}
	return true, q.MarkReplay(ctx, db.MarkReplayParams{ID: r.ID, Position: reached})
}

// publishSound publishes events but those that the sink can never take: they are parked already, and left out again.
func publishSound(ctx context.Context, sink event.Sink, events []event.Event) error {
	for {
		err := sink.Publish(ctx, events)
		poison, ok := errors.AsType[*event.PoisonError](err)
		if !ok {
			return err
		}
		if events = poison.Without(events); len(events) == 0 {
			return nil
		}
	}
}

// Parked is an event that a sink could never take.
type Parked struct {
	Sink     string     `json:"sink"`
	Position int64      `json:"position"`
	Type     event.Type `json:"type"`
	Reason   string     `json:"reason"`
	ParkedAt time.Time  `json:"parked_at"`
}

// ParkedEvents lists the events that a sink ("": any) could never take, the oldest first.
func ParkedEvents(ctx context.Context, pool *pgxpool.Pool, sink string, limit int) ([]Parked, error) {
	rows, err := db.New(pool).ParkedEvents(ctx, db.ParkedEventsParams{Sink: sink, MaxEvents: int32(limit)})
	list := make([]Parked, len(rows))
	for i, r := range rows {
		list[i] = Parked{r.Sink, r.Position, event.Type(r.Type), r.Reason, r.ParkedAt.UTC()}
	}
	return list, store.Classify(err)
}

// ForgetSink removes a sink that nothing is carried to any more, so that events need not be kept for it.
// Errors: KindNotFound.
func ForgetSink(ctx context.Context, pool *pgxpool.Pool, name string) error {
	n, err := db.New(pool).ForgetSink(ctx, name)
	if err == nil && n == 0 {
		return errs.NotFound("there is no sink %q", name)
	}
	if err != nil {
		return fmt.Errorf("forget sink %s: %w", name, err)
	}
	return nil
}
