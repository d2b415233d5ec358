package live

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// channel is where processes tell each other that there is something new in the log.
const channel = "brigade:changed"

// Pokes tell the other processes at once that this one has committed something, so that they look before their next poll
// is due. One that is lost costs that much time and nothing else.
type Pokes struct {
	link *Link
	name string // of this process in this run: nobody listens to himself
	poke func() // looks for what is new
	out  chan struct{}
}

// NewPokes returns pokes over a link; poke is called when another process has committed something.
func NewPokes(link *Link, poke func()) *Pokes {
	return &Pokes{link: link, name: uuid.NewString(), poke: poke, out: make(chan struct{}, 1)}
}

// Committed tells the others. It never blocks.
func (p *Pokes) Committed() {
	select {
	case p.out <- struct{}{}:
	default: // one is on its way that was not sent yet
	}
}

// gather is how long changes are gathered into one message.
const gather = 2 * time.Millisecond

// Send tells the others of what this process commits until ctx ends, and returns nil then.
func (p *Pokes) Send(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.out:
		}
		if p.link.Up() {
			p.publish(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(gather):
		}
	}
}

func (p *Pokes) publish(ctx context.Context) {
	send, cancel := context.WithTimeout(ctx, exchangeMax)
	defer cancel()
	if err := p.link.client.Publish(send, channel, p.name).Err(); err != nil && ctx.Err() == nil {
		p.link.Failed(err)
	}
}

// Listen pokes this process when others commit, and when it may have missed that, until ctx ends; it returns nil then.
func (p *Pokes) Listen(ctx context.Context) error {
	sub := p.link.client.Subscribe(ctx, channel)
	defer sub.Close()
	heard := sub.ChannelWithSubscriptions(redis.WithChannelHealthCheckInterval(exchangeMax))
	for {
		select {
		case <-ctx.Done():
			return nil
		case m, ok := <-heard:
			if !ok {
				return nil
			}
			if message, is := m.(*redis.Message); !is || message.Payload != p.name {
				p.poke()
			}
		}
	}
}
