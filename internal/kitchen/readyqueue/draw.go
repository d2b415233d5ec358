package readyqueue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"brigade/internal/kitchen"
)

// errForeign says that another installation is at work in the same Redis.
var errForeign = errors.New("another installation of Brigade shows its queues in this Redis: give each a database of its own")

// draw brings Redis up to date: what changed, what is to be drawn in full again, everything when Redis lost it.
func (m *Mirror) draw(ctx context.Context, look bool) error {
	ctx, cancel := context.WithTimeout(ctx, 5*m.opts.Timeout)
	defer cancel()
	if look || m.generation == "" {
		if err := m.begin(ctx); err != nil {
			m.generation = ""
			return err
		}
	}
	outlets, all := m.due()
	if len(outlets) == 0 && !all {
		return nil
	}
	if all {
		outlets = nil
	}
	queues, err := m.source.Queues(ctx, outlets)
	if err != nil {
		m.again(outlets)
		return err
	}
	m.forget(outlets, queues)
	if err := m.write(ctx, queues); err != nil {
		m.generation = "" // nobody knows what of it was written
		return err
	}
	return nil
}

// begin makes sure that Redis has the scripts and that what it holds is ours. When it has lost what it was given,
// everything is drawn again.
func (m *Mirror) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.opts.Timeout)
	defer cancel()
	if m.generation == "" {
		if err := drawScript.Load(ctx, m.client).Err(); err != nil {
			return err
		}
	}
	generation, err := beginScript.Run(ctx, m.client, []string{header, All}, m.opts.Installation, uuid.NewString()).Text()
	switch {
	case err != nil:
		return err
	case generation == "":
		return errForeign
	case generation != m.generation:
		m.generation = generation
		clear(m.drawn)
		m.again(nil)
	}
	return nil
}

// everything stands for all kitchens among those that changed.
const everything = 0

// due returns which kitchens are to be drawn: those that changed, and those that were not drawn in full for long.
func (m *Mirror) due() (outlets []int64, all bool) {
	m.mu.Lock()
	changed := m.changed
	m.changed = map[int64]bool{}
	m.mu.Unlock()
	if changed[everything] {
		return nil, true
	}
	for outlet, d := range m.drawn {
		if len(d.scores) > 0 && time.Since(d.drawn) >= m.opts.Redraw {
			changed[outlet] = true
		}
	}
	for outlet := range changed {
		outlets = append(outlets, outlet)
	}
	return outlets, false
}

// again puts kitchens among those that changed; nil: all.
func (m *Mirror) again(outlets []int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if outlets == nil {
		m.changed[everything] = true
	}
	for _, outlet := range outlets {
		m.changed[outlet] = true
	}
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// forget drops the drawings of kitchens that somebody else decides for now: whoever that is draws them.
func (m *Mirror) forget(asked []int64, got []kitchen.Queue) {
	here := make(map[int64]bool, len(got))
	for _, q := range got {
		here[q.Outlet] = true
	}
	for _, outlet := range asked {
		if !here[outlet] {
			delete(m.drawn, outlet)
		}
	}
	if asked == nil {
		maps.DeleteFunc(m.drawn, func(outlet int64, _ *drawing) bool { return !here[outlet] })
	}
}

// perExchange bounds the tasks of one pipeline, and perScript those of one script, so that Redis serves others between.
const (
	perExchange = 20_000
	perScript   = 1_000
)

// write draws queues, many in one exchange.
func (m *Mirror) write(ctx context.Context, queues []kitchen.Queue) error {
	for len(queues) > 0 {
		n, tasks := 0, 0
		var steps []*step
		for n < len(queues) && tasks < perExchange {
			s := m.plan(queues[n])
			tasks += len(s.removed) + len(s.added)
			steps = append(steps, s)
			n++
		}
		queues = queues[n:]
		if err := m.exchange(ctx, steps); err != nil {
			return err
		}
	}
	return nil
}

// step is what is to be written of one kitchen.
type step struct {
	queue   kitchen.Queue
	next    *drawing
	mode    string
	full    bool
	added   []any // score, task, score, task …
	removed []any
	answers []*redis.Cmd
}

// Modes of the script.
const (
	anew   = "anew"   // whatever the kitchen has in Redis goes first
	change = "change" // of what it has under this fence
)

// plan compares a queue with what Redis has. All tasks age alike, so tasks that wait keep the scores that they were drawn
// with, until the whole queue is drawn again.
func (m *Mirror) plan(q kitchen.Queue) *step {
	old := m.drawn[q.Outlet]
	s := &step{queue: q, mode: change}
	switch {
	case old == nil:
		s.mode, s.full = anew, true
	case time.Since(old.drawn) >= m.opts.Redraw:
		s.full = true
	}
	s.next = &drawing{scores: make(map[int64]float64, len(q.Tasks)), asOf: q.At, drawn: time.Now()}
	if !s.full {
		s.next.asOf, s.next.drawn = old.asOf, old.drawn
	}
	aged := m.opts.Aging * q.At.Sub(s.next.asOf).Seconds()
	for _, t := range q.Tasks {
		score := -math.Round((t.Priority-aged)*1e6) / 1e6
		s.next.scores[t.Task] = score
		if !s.full {
			if was, there := old.scores[t.Task]; there && math.Abs(was-score) < 1e-4 {
				s.next.scores[t.Task] = was
				continue
			}
		}
		s.added = append(s.added, score, t.Task)
	}
	if old != nil {
		for task := range old.scores {
			if _, there := s.next.scores[task]; !there {
				s.removed = append(s.removed, task)
			}
		}
	}
	return s
}

// exchange sends the steps and takes the answers in.
func (m *Mirror) exchange(ctx context.Context, steps []*step) error {
	ctx, cancel := context.WithTimeout(ctx, m.opts.Timeout)
	defer cancel()
	pipe := m.client.Pipeline()
	for _, s := range steps {
		if s.full || len(s.added)+len(s.removed) > 0 {
			m.queue(ctx, pipe, s)
		}
	}
	if pipe.Len() == 0 {
		return nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	for _, s := range steps {
		if err := m.settle(s); err != nil {
			return err
		}
	}
	return nil
}

// queue puts the scripts of a step into a pipeline; the last one counts.
func (m *Mirror) queue(ctx context.Context, pipe redis.Pipeliner, s *step) {
	added, removed, mode := s.added, s.removed, s.mode
	keys := []string{header, Key(s.queue.Tenant, s.queue.Outlet), All}
	for last := false; !last; mode = change {
		out, in := removed[:min(len(removed), perScript)], added[:min(len(added), 2*perScript)]
		removed, added = removed[len(out):], added[len(in):]
		last = len(removed)+len(added) == 0
		count := -1
		if last {
			count = len(s.next.scores)
		}
		args := []any{m.opts.Installation, m.generation, field(s.queue.Tenant, s.queue.Outlet), s.queue.Fence, mode, count, len(out)}
		args = append(append(args, out...), in...)
		s.answers = append(s.answers, drawScript.EvalSha(ctx, pipe, keys, args...))
	}
}

// settle remembers what was drawn. What turned out otherwise is drawn anew.
func (m *Mirror) settle(s *step) error {
	outlet := s.queue.Outlet
	for _, answer := range s.answers {
		switch said, err := answer.Text(); {
		case err != nil:
			return err
		case said == "lost": // Redis is not what it was
			return errors.New("what was drawn before is gone")
		case said == "taken": // somebody else decides for the kitchen; our lease says the same in a moment
			delete(m.drawn, outlet)
			return nil
		case said == "differs":
			delete(m.drawn, outlet)
			m.again([]int64{outlet})
			return nil
		case said != "drawn":
			return fmt.Errorf("the script answered %s", strconv.Quote(said))
		}
	}
	m.drawn[outlet] = s.next
	if len(s.answers) > 0 {
		m.opts.Drawn((len(s.added)/2)+len(s.removed), s.full)
	}
	return nil
}
