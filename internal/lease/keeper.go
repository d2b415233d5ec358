package lease

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"brigade/internal/lease/leasepg/db"
	"brigade/internal/telemetry"
)

// kind is one sort of resource that the node wants its share of. Only the keeper touches it, but for listed.
type kind struct {
	name     string
	list     func(context.Context) ([]string, error)
	onChange func(Change)

	wanted []string
	listed time.Time        // when wanted was listed; under Node.mu
	known  map[string]bool  // resources that surely have a row
	told   map[string]int64 // what onChange was told last
	digest int64            // of what is held, as the database computes it
}

func isOf(kind, resource string) bool {
	rest, ok := strings.CutPrefix(resource, kind)
	return ok && strings.HasPrefix(rest, ":")
}

// keep looks at what is until ctx ends: with every tick, when woken, and at the moment the node's time is up.
func (n *Node) keep(ctx context.Context) {
	for ctx.Err() == nil {
		if err := n.look(ctx); err != nil && ctx.Err() == nil {
			n.opt.Logger.Warn("cannot look after leases", "action", "lease_keeper_failed", telemetry.Err(err))
		}
		t := time.NewTimer(n.nextLook())
		select {
		case <-ctx.Done():
		case <-n.wake:
		case <-t.C:
		}
		t.Stop()
	}
}

// nextLook is the tick, or less when the node's time is up before.
func (n *Node) nextLook() time.Duration {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if left := time.Until(n.until); left > 0 && left < n.opt.Tick {
		return left
	}
	return n.opt.Tick
}

// look compares what the node holds with what the database says and with its fair share, and closes the gap.
func (n *Node) look(ctx context.Context) error {
	id, until, kinds := n.present()
	if !time.Now().Before(until) {
		n.forget()
		return nil
	}
	n.tell() // a renewal or a new ID may have dropped what was held
	if len(kinds) == 0 {
		return nil
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	err := n.settle(ctx, id, kinds)
	if !n.Alive() {
		n.forget()
	}
	return err
}

func (n *Node) present() (id int64, until time.Time, kinds []*kind) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.id, n.until, slices.Clone(n.kinds)
}

func (n *Node) settle(ctx context.Context, id int64, kinds []*kind) error {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
		if err := n.relist(ctx, k); err != nil {
			return err
		}
	}
	rows, err := n.q.Survey(ctx, db.SurveyParams{NodeID: id, Kinds: names})
	if err != nil {
		return err
	}
	stale := false
	for _, row := range rows {
		k := kinds[slices.Index(names, row.Kind)]
		moved, err := n.balance(ctx, id, k, row)
		if err != nil {
			return err
		}
		stale = stale || moved || row.Digest != k.digest
	}
	if !stale {
		return nil
	}
	return n.reload(ctx, id, kinds)
}

// relist asks for the kind's resources when a heartbeat has passed, and gives new ones a row.
func (n *Node) relist(ctx context.Context, k *kind) error {
	n.mu.Lock()
	due := time.Since(k.listed) >= n.opt.Heartbeat
	if due {
		k.listed = time.Now()
	}
	n.mu.Unlock()
	if !due {
		return nil
	}
	all, err := k.list(ctx)
	if err != nil {
		return fmt.Errorf("list resources of kind %s: %w", k.name, err)
	}
	var fresh []string
	for _, r := range all {
		if !isOf(k.name, r) {
			return fmt.Errorf("resource %q is not of kind %s", r, k.name)
		}
		if !k.known[r] {
			fresh = append(fresh, r)
		}
	}
	if len(fresh) > 0 {
		if err := n.q.Register(ctx, fresh); err != nil {
			return err
		}
	}
	k.wanted, k.known = all, set(all)
	return nil
}

func set(all []string) map[string]bool {
	m := make(map[string]bool, len(all))
	for _, r := range all {
		m[r] = true
	}
	return m
}

// balance claims or gives back towards the fair share; moved tells whether it tried to.
func (n *Node) balance(ctx context.Context, id int64, k *kind, row db.SurveyRow) (moved bool, err error) {
	free := make(map[string]int64, len(row.Free))
	for i, r := range row.Free {
		free[r] = row.FreeFences[i]
	}
	claim, giveBack := plan(n.seed, k.wanted, k.known, k.told, free, int(row.Nodes))
	if len(giveBack) > 0 {
		n.drop(id, giveBack)
		n.tell() // before anybody else can have it
		return true, n.q.Release(ctx, db.ReleaseParams{NodeID: id, Resources: giveBack})
	}
	if len(claim) == 0 {
		return false, nil
	}
	fences := make([]int64, len(claim))
	for i, r := range claim {
		fences[i] = free[r]
	}
	_, err = n.q.Claim(ctx, db.ClaimParams{NodeID: id, Resources: claim, Fences: fences})
	return true, err
}

func (n *Node) drop(id int64, resources []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.id != id {
		return
	}
	for _, r := range resources {
		delete(n.held, r)
	}
	n.version++
}

// reload makes the node's view the database's.
func (n *Node) reload(ctx context.Context, id int64, kinds []*kind) error {
	rows, err := n.q.Held(ctx, id)
	if err != nil {
		return err
	}
	held := make(map[string]int64, len(rows))
	for _, k := range kinds {
		k.digest = 0
		for _, r := range rows {
			if isOf(k.name, r.Resource) {
				held[r.Resource] = r.Fence
				k.digest ^= r.Digest
			}
		}
	}
	n.adopt(id, held)
	n.tell()
	return nil
}

// adopt replaces what is held, unless the node has joined again or its time was up meanwhile.
func (n *Node) adopt(id int64, held map[string]int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.id == id && time.Now().Before(n.until) {
		n.held = held
		n.version++
	}
}

// forget drops everything that is held and says so.
func (n *Node) forget() {
	n.mu.Lock()
	n.clearHeld()
	n.mu.Unlock()
	n.tell()
}

// tell reports to each kind's onChange how what is held differs from what it was told last.
func (n *Node) tell() {
	n.mu.RLock()
	version, kinds := n.version, slices.Clone(n.kinds)
	n.mu.RUnlock()
	if version == n.toldVersion {
		return
	}
	n.toldVersion = version
	for _, k := range kinds {
		n.tellKind(k)
	}
}

func (n *Node) tellKind(k *kind) {
	now := map[string]int64{}
	for _, l := range n.Held(k.name) {
		now[l.Resource] = l.Fence
	}
	c := diff(k.told, now)
	if len(c.Lost) == 0 && len(c.Gained) == 0 {
		return
	}
	if len(c.Lost) > 0 {
		k.digest = -1 // not what the database says: look again
	}
	k.told = now
	n.opt.Metrics.Changed(k.name, len(c.Gained), len(c.Lost), len(now))
	n.opt.Logger.Info("leases changed", "action", "leases_changed",
		"kind", k.name, "gained", len(c.Gained), "lost", len(c.Lost), "held", len(now))
	k.onChange(c)
}

func diff(before, now map[string]int64) Change {
	var c Change
	for _, r := range slices.Sorted(maps.Keys(before)) {
		if fence, still := now[r]; !still || fence != before[r] {
			c.Lost = append(c.Lost, r)
		}
	}
	for _, r := range slices.Sorted(maps.Keys(now)) {
		if fence, had := before[r]; !had || fence != now[r] {
			c.Gained = append(c.Gained, Lease{r, now[r]})
		}
	}
	return c
}
