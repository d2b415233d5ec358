package event

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
)

// Handler takes a batch of events in order of position. An error makes the whole batch come again, to every
// subscriber: handlers drop what they have seen. It returns soon after ctx ends and does not change the events.
type Handler func(ctx context.Context, events []Event) error

// Memory is the sink whose subscribers live in this process: each gets every event at least once,
// in order of position.
type Memory struct {
	name string
	mu   sync.Mutex
	subs map[string]Handler
}

// NewMemory returns a sink without subscribers.
func NewMemory(name string) *Memory { return &Memory{name: name, subs: map[string]Handler{}} }

// Name implements Sink.
func (m *Memory) Name() string { return m.name }

// Subscribe registers a handler under a name, in place of the one that had it. It gets what is published from then on;
// cancel removes it.
func (m *Memory) Subscribe(name string, h Handler) (cancel func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.subs[name] = h
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.subs, name)
	}
}

// Publish implements Sink: it calls the subscribers side by side and waits for all.
// The error names each subscriber that failed.
func (m *Memory) Publish(ctx context.Context, events []Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	subs := maps.Clone(m.subs)
	m.mu.Unlock()
	var wg sync.WaitGroup
	failures := make(chan error, len(subs))
	for name, h := range subs {
		wg.Go(func() { failures <- handle(ctx, name, h, events) })
	}
	wg.Wait()
	close(failures)
	var all error
	for err := range failures {
		all = errors.Join(all, err)
	}
	return all
}

// handle turns a subscriber's panic into his error: it must not take the others down.
func handle(ctx context.Context, name string, h Handler, events []Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("subscriber %s: panic: %v", name, p)
		}
	}()
	if err := h(ctx, events); err != nil {
		return fmt.Errorf("subscriber %s: %w", name, err)
	}
	return nil
}
