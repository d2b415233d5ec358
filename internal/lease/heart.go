package lease

import (
	"context"
	"time"

	"brigade/internal/lease/leasepg/db"
	"brigade/internal/telemetry"
)

// heart renews the node's row until ctx ends; after a failure it tries again sooner.
func (n *Node) heart(ctx context.Context) {
	cleaned := time.Now()
	for wait := n.opt.Heartbeat; sleep(ctx, wait); {
		wait = n.opt.Heartbeat
		if err := n.beat(ctx); err != nil && ctx.Err() == nil {
			n.opt.Metrics.RenewalFailed()
			n.opt.Logger.Warn("heartbeat failed", "action", "lease_renewal_failed", telemetry.Err(err))
			wait = n.opt.Heartbeat / 4
		}
		if time.Since(cleaned) > time.Hour {
			_ = n.q.DeleteLongDead(ctx) // there is a next hour
			cleaned = time.Now()
		}
	}
}

// beat is one renewal. A row that has expired, or is gone, is replaced by a new one.
func (n *Node) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.opt.Heartbeat)
	defer cancel()
	old := n.ID()
	sent := time.Now()
	rows, err := n.q.RenewNode(ctx, db.RenewNodeParams{ID: old, TtlSeconds: n.opt.TTL.Seconds()})
	if err != nil {
		return err
	}
	if rows == 1 {
		n.renewed(sent)
		return nil
	}
	if err := n.join(ctx); err != nil {
		return err
	}
	n.opt.Logger.Warn("this node was taken for dead and joined again",
		"action", "lease_node_rejoined", "old_node", old, "node", n.ID())
	n.poke()
	return nil
}

// renewed notes a renewal that was sent then. When it comes after the node had given itself up, whatever
// the keeper has not dropped yet is dropped here, so that nothing lost becomes owned again unnoticed.
func (n *Node) renewed(sent time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !time.Now().Before(n.until) {
		n.clearHeld()
		n.poke()
	}
	n.until = sent.Add(n.opt.TTL)
}

// sleep waits for d; false: ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
