package forecast

import "math/rand/v2"

// weight is a sum of gradients and the number of rows that it is of, in one number: adding both costs one addition, and
// the sum does not depend on the order. The gradient is in units of 2^-22; there are fewer than 2^20 rows.
type weight int64

const (
	countBits = 20
	fineness  = 1 << 22
)

func weightOf(gradient float64) weight { return weight(gradient*fineness)<<countBits + 1 }

func (w weight) rows() float64     { return float64(w & (1<<countBits - 1)) }
func (w weight) gradient() float64 { return float64(w>>countBits) / fineness }

// histogram is what the rows of a node add up to, by chosen feature and bin.
type histogram []cells

// cells are one feature's; there are more than bins, a power of two, so that no index need be checked.
type cells [64]weight

// grower grows one tree after the other.
type grower struct {
	data     *binned
	n        int // rows that it learns from: the first
	rng      *rand.Rand
	got      []float64 // sum of the trees so far, by row
	weights  []weight  // by row
	rows     []int32   // that the current tree sees, those of a node next to each other
	others   []int32
	spare    []int32
	features []int // that it may use
	tree     tree

	histograms []histogram
}

func newGrower(data *binned, rows int) *grower {
	g := &grower{
		data: data, n: rows, rng: rand.New(rand.NewPCG(1, 1)), got: make([]float64, rows), weights: make([]weight, rows),
		rows: make([]int32, 0, rows), others: make([]int32, 0, rows), spare: make([]int32, rows),
	}
	for range boostDepth {
		g.histograms = append(g.histograms, make(histogram, len(data.edges)))
	}
	return g
}

func (g *grower) grow() tree {
	g.tree = tree{}
	for i := range g.tree.bin {
		g.tree.bin[i] = noFork
	}
	g.draw()
	h := g.histogram(0, g.rows)
	var sum weight
	for _, i := range g.rows {
		sum += g.weights[i]
	}
	g.split(0, g.rows, sum, h, 0)
	for _, i := range g.others {
		g.got[i] += g.tree.of(g.data.bins, int(i))
	}
	return g.tree
}

// draw chooses the rows and features of the next tree, each by the toss of a coin, and weighs the rows.
func (g *grower) draw() {
	g.rows, g.others, g.features = g.rows[:0], g.others[:0], g.features[:0]
	var coins uint64
	for i := range g.n {
		if i%64 == 0 {
			coins = g.rng.Uint64()
		}
		if coins>>(i%64)&1 == 0 {
			g.others = append(g.others, int32(i))
			continue
		}
		g.rows = append(g.rows, int32(i))
		g.weights[i] = weightOf(min(max(g.data.y[i]-g.got[i], -boostBend), boostBend))
	}
	for f, edges := range g.data.edges {
		if g.rng.Uint64()&1 == 1 && len(edges) > 0 {
			g.features = append(g.features, f)
		}
	}
}

// histogram fills one of the grower's own: a node on the way down needs one for itself and one for its smaller half.
// Four features go together: what one row adds to them are four sums that need not wait for each other.
func (g *grower) histogram(which int, rows []int32) histogram {
	h := g.histograms[which][:len(g.features)]
	clear(h)
	k := 0
	for ; k+4 <= len(h); k += 4 {
		g.count4(h[k:k+4:k+4], g.features[k:k+4:k+4], rows)
	}
	for ; k < len(h); k++ {
		own, bins := &h[k], g.data.bins[g.features[k]]
		for _, i := range rows {
			own[bins[i]%64] += g.weights[i]
		}
	}
	return h
}

func (g *grower) count4(h histogram, features []int, rows []int32) {
	all := g.data.bins
	a, b, c, d := all[features[0]], all[features[1]], all[features[2]], all[features[3]]
	ofA, ofB, ofC, ofD := &h[0], &h[1], &h[2], &h[3]
	for _, i := range rows {
		w := g.weights[i]
		ofA[a[i]%64] += w
		ofB[b[i]%64] += w
		ofC[c[i]%64] += w
		ofD[d[i]%64] += w
	}
}

// less takes another histogram away.
func (h histogram) less(o histogram) {
	for k := range h {
		for b := range boostBins {
			h[k][b] -= o[k][b]
		}
	}
}

// split makes a fork of these rows, or a leaf, and all below it. The histogram is theirs, and is used up.
func (g *grower) split(fork int, rows []int32, sum weight, h histogram, depth int) {
	if depth == boostDepth || len(rows) < 2*boostLeaf {
		g.leaf(fork, rows, sum)
		return
	}
	k, bin, ofLeft := g.best(h, sum)
	if k < 0 {
		g.leaf(fork, rows, sum)
		return
	}
	feature := g.features[k]
	g.tree.feature[fork], g.tree.bin[fork] = int16(feature), bin
	middle := g.part(rows, g.data.bins[feature], bin)
	left, right := g.halves(rows[:middle], rows[middle:], h, depth)
	g.split(2*fork+1, rows[:middle], ofLeft, left, depth+1)
	g.split(2*fork+2, rows[middle:], sum-ofLeft, right, depth+1)
}

// leaf says what these rows get: where everything goes left below the fork.
func (g *grower) leaf(fork int, rows []int32, sum weight) {
	for fork < forks {
		fork = 2*fork + 1
	}
	value := boostRate * sum.gradient() / (sum.rows() + boostShrink)
	g.tree.value[fork-forks] = value
	for _, i := range rows {
		g.got[i] += value
	}
}

// halves returns the histograms of both halves: that of the smaller is counted, the other one is what is left of the
// whole. At the last level none is needed.
func (g *grower) halves(left, right []int32, whole histogram, depth int) (ofLeft, ofRight histogram) {
	switch {
	case depth+1 == boostDepth:
		return nil, nil
	case len(right) < len(left):
		ofRight = g.histogram(depth+1, right)
		whole.less(ofRight)
		return whole, ofRight
	default:
		ofLeft = g.histogram(depth+1, left)
		whole.less(ofLeft)
		return ofLeft, whole
	}
}

// best returns the split, as an index of the chosen features, that lowers the squared gradient most, and what goes left;
// -1 when none does.
func (g *grower) best(h histogram, sum weight) (feature int, at uint8, ofLeft weight) {
	feature = -1
	total, n := sum.gradient(), sum.rows()
	gain := total * total / (n + boostShrink) * (1 + 1e-9)
	for k, f := range g.features {
		var w weight
		for b := range g.data.edges[f] {
			w += h[k][b]
			count := w.rows()
			if count < boostLeaf || n-count < boostLeaf {
				continue
			}
			left := w.gradient()
			right := total - left
			if s := left*left/(count+boostShrink) + right*right/(n-count+boostShrink); s > gain {
				gain, feature, at, ofLeft = s, k, uint8(b), w
			}
		}
	}
	return feature, at, ofLeft
}

// part puts the rows up to the bin first, in order, and returns how many they are.
func (g *grower) part(rows []int32, of []uint8, bin uint8) int {
	left, right, spare := 0, 0, g.spare[:len(rows)]
	for _, i := range rows { // both are written and one is kept: no branch to guess
		rows[left], spare[right] = i, i
		if of[i] <= bin {
			left++
		} else {
			right++
		}
	}
	copy(rows[left:], spare[:right])
	return left
}
