package live

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// askMax is how long a read waits for Redis, at most: less than reading Postgres takes under load. After one that took
// longer nobody waits until Redis has answered a look.
const askMax = 25 * time.Millisecond

// Cache keeps what was read for all processes. An entry holds the position of the log that it was read at: everything up
// to there was committed before. A process uses it only when its own tail knows of no later change of its subject, so
// an entry is never older than what that process knows, and nobody has to take it away. A younger entry is never
// overwritten by an older one, however late that is written. It is safe for concurrent use; a nil one keeps nothing.
type Cache struct {
	link  *Link
	watch *Watch
	name  string // before all keys: what was read from which database
}

// NewCache returns a cache for what is read from the installation of that name.
func NewCache(link *Link, watch *Watch, installation string) *Cache {
	return &Cache{link: link, watch: watch, name: "brigade:read:" + installation + ":"}
}

// putScript keeps an entry unless there is one that is as young. Its arguments: position, subject, data, milliseconds.
var putScript = redis.NewScript(`
local was = redis.call('HGET', KEYS[1], 'at')
if was and tonumber(was) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'at', ARGV[1], 'about', ARGV[2], 'data', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1`)

// Read returns what is kept under a key, or else what load returns, which it keeps for at most so long. load tells what its
// result is about. T must be the same after going through JSON. Errors: load's; Redis' never.
func Read[T any](ctx context.Context, c *Cache, key string, keep time.Duration, load func() (T, Subject, error)) (T, error) {
	if c == nil {
		v, _, err := load()
		return v, err
	}
	var v T
	if c.get(ctx, key, &v) {
		return v, nil
	}
	at, known := c.watch.position()
	v, about, err := load()
	if err == nil && known {
		c.put(ctx, key, at, about, v, keep)
	}
	return v, err
}

// get fills into with what is kept, and tells whether it still holds.
func (c *Cache) get(ctx context.Context, key string, into any) bool {
	if !c.link.Up() {
		c.link.metrics.Read("off")
		return false
	}
	ask, cancel := context.WithTimeout(ctx, askMax)
	defer cancel()
	kept, err := c.link.client.HMGet(ask, c.name+key, "at", "about", "data").Result()
	if err != nil {
		c.failed(ctx, err)
		c.link.metrics.Read("off")
		return false
	}
	at, _ := kept[0].(string)
	about, _ := kept[1].(string)
	data, _ := kept[2].(string)
	position, err := strconv.ParseInt(at, 10, 64)
	hit := err == nil && c.watch.holds(Subject(about), position) && json.Unmarshal([]byte(data), into) == nil
	c.link.metrics.Read(map[bool]string{true: "hit", false: "miss"}[hit])
	return hit
}

func (c *Cache) put(ctx context.Context, key string, at int64, about Subject, v any, keep time.Duration) {
	if !c.link.Up() {
		return
	}
	data, err := json.Marshal(v)
	if err != nil { // results are plain structs: this is a bug
		panic("live: " + key + ": " + err.Error())
	}
	ask, cancel := context.WithTimeout(ctx, askMax)
	defer cancel()
	if err := putScript.Run(ask, c.link.client, []string{c.name + key}, at, string(about), data, keep.Milliseconds()).Err(); err != nil {
		c.failed(ctx, err)
	}
}

// failed notes what is Redis' fault, not that of a client who has gone.
func (c *Cache) failed(ctx context.Context, err error) {
	if ctx.Err() == nil {
		c.link.Failed(err)
	}
}
