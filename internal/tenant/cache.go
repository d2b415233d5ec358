package tenant

import (
	"sync"
	"time"
)

// cache remembers a bounded number of answers for a while. When it is full, some other answer is forgotten:
// asking again is cheap, and which one goes does not matter.
type cache[K comparable, V any] struct {
	limit   int
	mu      sync.RWMutex
	entries map[K]entry[V]
}

type entry[V any] struct {
	value V
	until time.Time
}

func newCache[K comparable, V any](limit int) *cache[K, V] {
	return &cache[K, V]{limit: limit, entries: map[K]entry[V]{}}
}

func (c *cache[K, V]) get(key K, now time.Time) (value V, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e, ok := c.entries[key]
	return e.value, ok && now.Before(e.until)
}

func (c *cache[K, V]) put(key K, value V, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.entries[key]; !known && len(c.entries) >= c.limit {
		for other := range c.entries {
			delete(c.entries, other)
			break
		}
	}
	c.entries[key] = entry[V]{value, until}
}

func (c *cache[K, V]) drop(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}
