package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/event"
)

const (
	firstPause   = 500 * time.Millisecond
	longestPause = 10 * time.Second
	silence      = 45 * time.Second // a stream gives a sign of life every 15 s
)

type eventsCommand struct {
	Tail   eventsTail   `cmd:"" help:"Follow events as they happen."`
	Sinks  eventsSinks  `cmd:"" help:"Where events are carried to, how far each has come, and what is in its way."`
	Replay eventsReplay `cmd:"" help:"Carry events to a sink again."`
	Parked eventsParked `cmd:"" help:"Events that a sink could never take."`
}

type eventsTail struct {
	After int64        `name:"after" default:"-1" placeholder:"POSITION" help:"Begin after this position of the log; 0 tells everything there is (default: from now on)."`
	Type  []event.Type `name:"type" sep:"," placeholder:"TYPE,…" help:"Only these types, for example TASK_ASSIGNED,ORDER_STATUS_CHANGED."`

	Source source `name:"source" enum:"api,postgres,kafka,rabbitmq" default:"api" placeholder:"SOURCE" help:"Where to listen: api (a running brigade, as whom you are there), or everything of everybody in postgres, kafka or rabbitmq."`

	AtOutlet  `group:"server"`
	Remote    `group:"server"`
	listening `group:"sources"`
}

// Help implements kong.HelpProvider.
func (eventsTail) Help() string {
	return `When the connection is lost it is made again, and nothing is missed: it goes on after the last event that came. (RabbitMQ keeps nothing for who is not there.) With --json each event is a line. Ctrl-C ends it.

    brigade events tail --type ORDER_STATUS_CHANGED
    brigade events tail --after 0 --json > everything.jsonl
    brigade events tail --source kafka --kafka-brokers kafka:9092`
}

// Validate names types that there are not, and what a source cannot do.
func (c *eventsTail) Validate() error {
	var f errs.Fields
	c.checkSource(&f)
	for _, t := range c.Type {
		if !slices.ContainsFunc(event.Catalogue, func(e event.Entry) bool { return e.Type == t }) {
			f.Add("--type", "must be one of %s, not %q", typeNames(), t)
		}
	}
	return f.Err()
}

func typeNames() string {
	names := make([]string, len(event.Catalogue))
	for i, e := range event.Catalogue {
		names[i] = string(e.Type)
	}
	return strings.Join(names, ", ")
}

// Run follows the events until ctx ends.
func (c *eventsTail) Run(ctx context.Context, env *Env) error {
	f := &following{eventsTail: c, env: env, patience: silence}
	if c.Source != sourceAPI {
		return f.listen(ctx)
	}
	if c.After >= 0 {
		f.last = strconv.FormatInt(c.After, 10)
	}
	for {
		err := f.once(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case !f.connected || !passes(err):
			return err
		}
		fmt.Fprintf(env.Err, "brigade: the connection was lost, trying again (%v)\n", err)
		f.pause = min(max(2*f.pause, firstPause), longestPause)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(f.pause):
		}
	}
}

// passes tells whether a lost stream is worth another try.
func passes(err error) bool {
	e, refused := errors.AsType[*errs.Error](err)
	return !errors.Is(err, errOutput) && (!refused || e.Kind == errs.KindUnavailable)
}

// errOutput says that what came cannot be written any more.
var errOutput = errors.New("cannot write")

// errSilent ends a stream that gives no sign of life.
var errSilent = errors.New("nothing was heard")

// following is a stream that is made again when it is lost.
type following struct {
	*eventsTail
	env       *Env
	last      string // where to go on; "" from now on
	connected bool   // it was once
	pause     time.Duration
	patience  time.Duration // with a stream that gives no sign of life
}

// once follows until the connection is lost.
func (f *following) once(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	watch := time.AfterFunc(f.patience, func() { end(errSilent) })
	defer watch.Stop()
	header := http.Header{"Accept": {"text/event-stream"}}
	if f.last != "" {
		header.Set("Last-Event-ID", f.last)
	}
	res, err := f.send(ctx, request{path: "/events", query: f.filter()}, header)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	f.connected, f.pause = true, 0
	err = readMessages(res.Body, func() { watch.Reset(f.patience) }, f.take)
	return cmp.Or(context.Cause(ctx), err)
}

func (f *following) filter() url.Values {
	q := f.query()
	if len(f.Type) > 0 {
		q.Set("types", joinText(f.Type))
	}
	return q
}

// take writes a message and remembers where to go on.
func (f *following) take(m message) error {
	if m.data != "" {
		if err := f.write(m.data); err != nil {
			return errors.Join(errOutput, err)
		}
	}
	f.last = cmp.Or(m.id, f.last)
	return nil
}

func (f *following) write(data string) error {
	if f.JSON {
		_, err := fmt.Fprintln(f.env.Out, data)
		return err
	}
	var e event.Event
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		return fmt.Errorf("an event cannot be read: %w", err)
	}
	return f.print(e)
}

func (f *following) print(e event.Event) error {
	_, err := fmt.Fprintln(f.env.Out, eventLine(f.env, e))
	return err
}

// eventLine writes an event for people.
func eventLine(env *Env, e event.Event) string {
	return strings.TrimSpace(fmt.Sprintf("%s  %6d  %-20s  %s", env.clock(&e.OccurredAt), e.Position, e.Type, eventText(e)))
}

func eventText(e event.Event) string {
	if p, ok := e.TaskPayload(); ok {
		return taskText(p)
	}
	if p, ok := e.OrderPayload(); ok {
		return orderText(p)
	}
	if p, ok := e.AlertPayload(); ok {
		return fmt.Sprintf("alert %d (%s): %s%s", p.AlertID, p.Severity, p.Title, by(p.By))
	}
	var k event.KitchenPayload
	if e.Type == event.KitchenChanged && json.Unmarshal(e.Payload, &k) == nil {
		return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s%s", k.What, k.Name, k.Now, by(k.By))), " ")
	}
	return string(e.Payload)
}

func taskText(p event.TaskPayload) string {
	text := fmt.Sprintf("%s  task %d: %s (%s) at %s", p.OrderNumber, p.TaskID, p.Description, p.Item, p.Counter)
	if p.Staff != "" {
		text += ", " + p.Staff
	}
	if p.Machine != "" {
		text += " on " + p.Machine
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

func orderText(p event.OrderPayload) string {
	text := p.OrderNumber + "  "
	if p.OldStatus != "" {
		text += p.OldStatus + " → "
	}
	text += p.NewStatus + by(p.ChangedBy)
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

func by(name string) string {
	if name == "" {
		return ""
	}
	return " by " + name
}
