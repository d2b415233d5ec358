package kitchen

import "sync"

// Index finds the open ticket that a task or an order belongs to. Floors that are run together share one. It is safe for
// concurrent use; of a ticket that is on somebody else's floor only what never changes may be read: whose it is.
type Index struct {
	mu     sync.RWMutex
	tasks  map[int64]*Ticket
	orders map[int64]*Ticket
}

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{tasks: map[int64]*Ticket{}, orders: map[int64]*Ticket{}} }

// Task returns the ticket of a task; nil: it is on no floor.
func (x *Index) Task(id int64) *Ticket {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.tasks[id]
}

// Order returns the ticket of an order; nil: it is on no floor.
func (x *Index) Order(id int64) *Ticket {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.orders[id]
}

// Len is how many tasks can be found.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.tasks)
}

// of returns the ticket that a command is about.
func (x *Index) of(c *command) *Ticket {
	if c.task != 0 {
		return x.Task(c.task)
	}
	return x.Order(c.order)
}

func (x *Index) enter(t *Ticket) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.orders[t.Order] = t
	for _, task := range t.Tasks {
		x.tasks[task.ID] = t
	}
}

func (x *Index) leave(t *Ticket) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.orders, t.Order)
	for _, task := range t.Tasks {
		delete(x.tasks, task.ID)
	}
}
