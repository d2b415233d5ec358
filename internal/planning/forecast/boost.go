package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
)

// boost is a sum of small regression trees, each fitted to what the ones before it leave over.
//
// Reference: Friedman: Greedy function approximation: a gradient boosting machine, 2001, and Stochastic gradient
// boosting, 2002; Huber's loss; histograms as in Ke et al.: LightGBM, 2017; one model across series as in Montero-Manso
// and Hyndman: Principles and algorithms for forecasting groups of time series, 2021.
type boost struct {
	edges [][]float32 // by feature: upper ends of the bins but the last
	trees [][]node
}

// node is a leaf when feature < 0. Rows whose bin is at most bin go left, to the next node; others to right.
type node struct {
	feature int16
	bin     uint8
	right   int16
	value   float64
}

// Settings of the trees. They are for a few thousand rows as for a hundred thousand: shallow trees with many rows in each
// leaf, slowly added up.
const (
	boostTrees  = 150
	boostDepth  = 4
	boostRate   = 0.06
	boostLeaf   = 100  // rows in a leaf, at least
	boostShrink = 20.0 // rows of nothing added to every leaf
	boostRows   = 0.5  // share of the rows that a tree sees
	boostCols   = 0.5  // share of the features
	boostBend   = 1.0  // units beyond which an error counts linearly
	boostBins   = 48
)

// table is the training data: rows of features and what they should give, in units.
type table struct {
	x [][]float32
	y []float64
}

func newBoost(data *table) *boost {
	b := &boost{}
	g := &grower{
		rng: rand.New(rand.NewPCG(1, 1)), y: data.y, got: make([]float64, len(data.y)),
		gradient: make([]float64, len(data.y)), rows: make([]int32, 0, len(data.y)), spare: make([]int32, len(data.y)),
	}
	for f := range len(data.x[0]) {
		edges := binEdges(data.x, f)
		bins := make([]uint8, len(data.x))
		for i, x := range data.x {
			bins[i] = binOf(edges, x[f])
		}
		b.edges, g.bins = append(b.edges, edges), append(g.bins, bins)
	}
	for range boostTrees {
		b.trees = append(b.trees, g.grow(b.edges))
	}
	return b
}

// binEdges cuts a feature into bins of about equal counts.
func binEdges(rows [][]float32, f int) []float32 {
	const sample = 4000
	step := max(1, len(rows)/sample)
	var values []float32
	for i := 0; i < len(rows); i += step {
		values = append(values, rows[i][f])
	}
	slices.Sort(values)
	var edges []float32
	for q := 1; q < boostBins; q++ {
		v := values[q*len(values)/boostBins]
		if v < values[len(values)-1] && (len(edges) == 0 || v > edges[len(edges)-1]) {
			edges = append(edges, v)
		}
	}
	return edges
}

func binOf(edges []float32, v float32) uint8 {
	i, _ := slices.BinarySearch(edges, v)
	return uint8(i)
}

// at returns the sum of the trees for a row of features.
func (b *boost) at(x []float32) float64 {
	bins := make([]uint8, len(x))
	for f, v := range x {
		bins[f] = binOf(b.edges[f], v)
	}
	sum := 0.0
	for _, tree := range b.trees {
		i := int16(0)
		for tree[i].feature >= 0 {
			if bins[tree[i].feature] <= tree[i].bin {
				i++
			} else {
				i = tree[i].right
			}
		}
		sum += tree[i].value
	}
	return sum
}

// grower grows one tree after the other.
type grower struct {
	rng      *rand.Rand
	bins     [][]uint8 // by feature and row
	y        []float64
	got      []float64 // sum of the trees so far
	gradient []float64
	rows     []int32 // of the current tree, those of a node next to each other
	spare    []int32
	features []int
	tree     []node

	histograms []histogram
}

func (g *grower) grow(edges [][]float32) []node {
	g.rows, g.features, g.tree = g.rows[:0], g.features[:0], nil
	for i, y := range g.y {
		g.gradient[i] = min(max(y-g.got[i], -boostBend), boostBend)
		if g.rng.Float64() < boostRows {
			g.rows = append(g.rows, int32(i))
		}
	}
	for f := range edges {
		if g.rng.Float64() < boostCols && len(edges[f]) > 0 {
			g.features = append(g.features, f)
		}
	}
	g.split(g.rows, g.histogram(0, g.rows), 0)
	for i := range g.y {
		g.got[i] += g.value(i)
	}
	return g.tree
}

// histogram is what the rows of a node add up to, by chosen feature and bin.
type histogram [][boostBins]bin

type bin struct {
	gradient float64
	n        int32
}

// histogram fills one of the grower's own: a node on the way down needs one for itself and one for its smaller half.
func (g *grower) histogram(which int, rows []int32) histogram {
	for len(g.histograms) <= which {
		g.histograms = append(g.histograms, make(histogram, len(g.bins)))
	}
	h := g.histograms[which]
	for k, f := range g.features {
		bins, of := &h[k], g.bins[f]
		*bins = [boostBins]bin{}
		for _, i := range rows {
			b := &bins[of[i]]
			b.gradient += g.gradient[i]
			b.n++
		}
	}
	return h
}

// less takes another histogram away.
func (h histogram) less(o histogram, features int) {
	for k := range features {
		for b := range h[k] {
			h[k][b].gradient -= o[k][b].gradient
			h[k][b].n -= o[k][b].n
		}
	}
}

// split adds the node of these rows and all below it to the tree. The histogram is theirs, and is used up.
func (g *grower) split(rows []int32, h histogram, depth int) {
	at := len(g.tree)
	total := 0.0
	for _, i := range rows {
		total += g.gradient[i]
	}
	g.tree = append(g.tree, node{feature: -1, value: boostRate * total / (float64(len(rows)) + boostShrink)})
	if depth == boostDepth || len(rows) < 2*boostLeaf {
		return
	}
	k, bin := g.best(h, float64(len(rows)), total)
	if k < 0 {
		return
	}
	feature := g.features[k]
	middle := g.part(rows, g.bins[feature], bin)
	left, right := rows[:middle], rows[middle:]
	ofLeft, ofRight := g.halves(left, right, h, depth)
	g.split(left, ofLeft, depth+1)
	g.tree[at].feature, g.tree[at].bin, g.tree[at].right = int16(feature), bin, int16(len(g.tree))
	g.split(right, ofRight, depth+1)
}

// halves returns the histograms of both halves: that of the smaller is counted, the other one is what is left of the
// whole. At the last level none is needed.
func (g *grower) halves(left, right []int32, whole histogram, depth int) (ofLeft, ofRight histogram) {
	if depth+1 == boostDepth {
		return nil, nil
	}
	small := left
	if len(right) < len(left) {
		small = right
	}
	counted := g.histogram(depth+1, small)
	whole.less(counted, len(g.features))
	if len(right) < len(left) {
		return whole, counted
	}
	return counted, whole
}

// best returns the split, as an index of the chosen features, that lowers the squared gradient most; -1 when none does.
func (g *grower) best(h histogram, n, total float64) (feature int, at uint8) {
	feature = -1
	gain := total * total / (n + boostShrink) * (1 + 1e-9)
	for k := range g.features {
		var left, count float64
		for b := range boostBins - 1 {
			left, count = left+h[k][b].gradient, count+float64(h[k][b].n)
			if count < boostLeaf || n-count < boostLeaf {
				continue
			}
			right := total - left
			if s := left*left/(count+boostShrink) + right*right/(n-count+boostShrink); s > gain {
				gain, feature, at = s, k, uint8(b)
			}
		}
	}
	return feature, at
}

// part puts the rows up to the bin first, in order, and returns how many they are.
func (g *grower) part(rows []int32, of []uint8, bin uint8) int {
	left, right := 0, 0
	for _, i := range rows {
		if of[i] <= bin {
			rows[left] = i
			left++
		} else {
			g.spare[right] = i
			right++
		}
	}
	copy(rows[left:], g.spare[:right])
	return left
}

func (g *grower) value(row int) float64 {
	i := int16(0)
	for g.tree[i].feature >= 0 {
		if g.bins[g.tree[i].feature][row] <= g.tree[i].bin {
			i++
		} else {
			i = g.tree[i].right
		}
	}
	return g.tree[i].value
}

// share returns how much of the corrections is worth taking, judged on rows that were not learnt from: the least-squares
// factor as a posterior mean, where the prior says how far so many rows of learning usually carry. Errors of one day
// are alike, so that many rows tell no more than a few.
func (b *boost) share(data *table, learnt int) float64 {
	const half, prior, alike = 20_000, 0.1, 10 // rows that carry half way; standard deviation; rows per independent error
	var both, square, noise float64
	for i, x := range data.x {
		c := b.at(x)
		r := min(max(data.y[i], -2*boostBend), 2*boostBend)
		both, square, noise = both+c*r, square+c*c, noise+r*r
	}
	if square == 0 {
		return 0
	}
	expected, n := float64(learnt)/float64(learnt+half), float64(len(data.y))
	weigh := n / noise / alike
	return min(max((expected/(prior*prior)+both*weigh)/(1/(prior*prior)+square*weigh), 0), 1)
}

// gain returns the mean absolute error after the corrections as a share of that before.
func (b *boost) gain(data *table, share float64) float64 {
	before, after := 1e-12, 1e-12
	for i, x := range data.x {
		before += math.Abs(data.y[i])
		after += math.Abs(data.y[i] - share*b.at(x))
	}
	return min(after/before, 1)
}
