package delivery

import (
	"sync"
	"time"
)

// memory keeps what was read for a moment of real time. While one caller reads again, the others are served what was true a
// moment ago; what was forgotten meanwhile is not remembered. Its zero value remembers nothing.
type memory[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]remembered[V]
	round int // counts what was forgotten
}

type remembered[V any] struct {
	value V
	until time.Time
}

const mostRemembered = 10_000

// get returns what is remembered, else what read returns, which is then remembered for so long. Errors: those of read.
func (m *memory[K, V]) get(key K, keep time.Duration, read func() (V, error)) (V, error) {
	m.mu.Lock()
	have, ok := m.known[key]
	now, round := time.Now(), m.round
	if ok && now.Before(have.until) {
		m.mu.Unlock()
		return have.value, nil
	}
	if ok { // the others need not wait for what this one reads
		m.known[key] = remembered[V]{have.value, now.Add(keep)}
	}
	m.mu.Unlock()
	value, err := read()
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err != nil:
		delete(m.known, key)
	case m.round == round:
		if m.known == nil || len(m.known) >= mostRemembered {
			m.known = map[K]remembered[V]{}
		}
		m.known[key] = remembered[V]{value, time.Now().Add(keep)}
	}
	return value, err
}

// forget lets the next caller read.
func (m *memory[K, V]) forget(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.round++
	delete(m.known, key)
}
