package lease

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/lease/leasepg/db"
)

// Member is a node as the database knows it; dead ones are listed for a day.
type Member struct {
	ID      int64     `json:"id"`
	Name    string    `json:"name"`
	Roles   []string  `json:"roles"`
	Started time.Time `json:"started_at"`
	Expires time.Time `json:"expires_at"`
	Alive   bool      `json:"alive"`
}

// Ownership says who decides for a resource. Node is 0 when nobody does; a dead owner is replaced soon.
type Ownership struct {
	Resource string     `json:"resource"`
	Node     int64      `json:"node_id"`
	NodeName string     `json:"node"`
	Alive    bool       `json:"alive"`
	Fence    int64      `json:"fence"`
	Since    *time.Time `json:"since,omitempty"`
}

// State is all nodes and who owns what.
type State struct {
	Nodes  []Member    `json:"nodes"`
	Leases []Ownership `json:"leases"`
}

// Cluster lists all nodes by ID and all resources by name, by the database's clock.
func Cluster(ctx context.Context, pool *pgxpool.Pool) (State, error) {
	q := db.New(pool)
	nodes, err := q.Nodes(ctx)
	if err != nil {
		return State{}, err
	}
	leases, err := q.Leases(ctx)
	if err != nil {
		return State{}, err
	}
	s := State{Nodes: make([]Member, len(nodes)), Leases: make([]Ownership, len(leases))}
	for i, n := range nodes {
		s.Nodes[i] = Member{n.ID, n.Name, splitRoles(n.Roles), n.StartedAt, n.ExpiresAt, n.Alive}
	}
	for i, l := range leases {
		s.Leases[i] = Ownership{Resource: l.Resource, Node: l.NodeID, NodeName: l.Node, Alive: l.Alive, Fence: l.Fence}
		if l.NodeID != 0 {
			s.Leases[i].Since = &l.AcquiredAt
		}
	}
	return s, nil
}

func splitRoles(s string) []string {
	if s == "" {
		return []string{}
	}
	return strings.Split(s, ",")
}
