package lease

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// plan says what a node should claim or give back of one kind. held is what it owns, free what nobody alive owns,
// nodes how many live nodes share the kind.
//
// Towards its fair share, ceil(wanted / nodes), it claims what is free. Above it gives back a quarter of the surplus,
// and only while nothing is free: the next part goes when somebody has taken this one. What is not wanted any more is
// given back at once. Each node has its own order of preference, so that nodes that start together do not all
// reach for the same.
func plan(
	seed maphash.Seed, wanted []string, isWanted map[string]bool, held, free map[string]int64, nodes int,
) (claim, giveBack []string) {
	var keep []string
	for r := range held {
		if isWanted[r] {
			keep = append(keep, r)
		} else {
			giveBack = append(giveBack, r)
		}
	}
	for r := range free {
		if isWanted[r] {
			claim = append(claim, r)
		}
	}
	nodes = max(nodes, 1)
	share := (len(wanted) + nodes - 1) / nodes
	surplus := len(keep) - share
	if surplus > 0 && len(claim) == 0 {
		giveBack = append(giveBack, byPreference(seed, keep)[len(keep)-(surplus+3)/4:]...)
	}
	claim = byPreference(seed, claim)[:min(len(claim), max(-surplus, 0))]
	slices.Sort(claim)
	slices.Sort(giveBack)
	return claim, giveBack
}

// byPreference sorts resources by how much the node with this seed prefers them, best first.
func byPreference(seed maphash.Seed, resources []string) []string {
	slices.SortFunc(resources, func(a, b string) int {
		return cmp.Compare(maphash.String(seed, a), maphash.String(seed, b))
	})
	return resources
}
