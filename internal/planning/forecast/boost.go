package forecast

import (
	"math"
	"slices"
)

// boost is a sum of small regression trees, each fitted to what the ones before it leave over.
//
// Reference: Friedman: Greedy function approximation: a gradient boosting machine, 2001, and Stochastic gradient
// boosting, 2002; Huber's loss; histograms as in Ke et al.: LightGBM, 2017; one model across series as in Montero-Manso
// and Hyndman: Principles and algorithms for forecasting groups of time series, 2021.
type boost struct {
	edges [][]float32 // by feature: upper ends of the bins but the last
	trees []tree
}

// Settings of the trees. They are for a few thousand rows as for a hundred thousand: shallow trees with many rows in each
// leaf, slowly added up. Each tree sees about half of the rows and half of the features.
const (
	boostTrees  = 100
	boostDepth  = 4
	boostRate   = 0.09
	boostLeaf   = 100  // rows in a leaf, at least
	boostShrink = 20.0 // rows of nothing added to every leaf
	boostBend   = 1.0  // units beyond which an error counts linearly
	boostBins   = 48
)

const (
	leaves = 1 << boostDepth
	forks  = leaves - 1
	noFork = math.MaxUint8 // as the bin of a fork: everything goes left
)

// tree is full: fork i has the forks 2i+1 (left, bins up to its own) and 2i+2 below it, and those of the last level the
// leaves. Where it was not worth splitting, everything goes left.
type tree struct {
	feature [forks]int16
	bin     [forks]uint8
	value   [leaves]float64
}

// table is the training data: rows of features and what they should give, in units.
type table struct {
	x [][]float32
	y []float64
}

func (t *table) add(e example) {
	t.x, t.y = append(t.x, e.x), append(t.y, e.y)
}

// binned is a table whose features are numbers of bins.
type binned struct {
	edges [][]float32
	bins  [][]uint8 // by feature and row
	y     []float64
}

func newBinned(t *table) *binned {
	b := &binned{y: t.y}
	for f := range len(t.x[0]) {
		edges := binEdges(t.x, f)
		bins := make([]uint8, len(t.x))
		for i, x := range t.x {
			bins[i] = binOf(edges, x[f])
		}
		b.edges, b.bins = append(b.edges, edges), append(b.bins, bins)
	}
	return b
}

// binEdges cuts a feature into bins of about equal counts.
func binEdges(rows [][]float32, f int) []float32 {
	const sample = 2000
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

// binOf is how many of the edges are below a value.
func binOf(edges []float32, v float32) uint8 {
	first, n := 0, len(edges)
	for n > 0 {
		half := n / 2
		if edges[first+half] < v {
			first += half + 1
			n -= half + 1
		} else {
			n = half
		}
	}
	return uint8(first)
}

// newBoost learns from the first rows of a table.
func newBoost(data *binned, rows int) *boost {
	b := &boost{edges: data.edges}
	g := newGrower(data, rows)
	for range boostTrees {
		b.trees = append(b.trees, g.grow())
	}
	return b
}

// at returns the sum of the trees for a row of features.
func (b *boost) at(x []float32) float64 {
	bins := make([]uint8, len(x))
	for f, v := range x {
		bins[f] = binOf(b.edges[f], v)
	}
	sum := 0.0
	for k := range b.trees {
		t, i := &b.trees[k], 0
		for range boostDepth {
			i = t.next(i, bins[t.feature[i]])
		}
		sum += t.value[i-forks]
	}
	return sum
}

// from returns the sum of the trees for each row of a table from one on.
func (b *boost) from(data *binned, row int) []float64 {
	sums := make([]float64, len(data.y)-row)
	for k := range b.trees {
		for i := range sums {
			sums[i] += b.trees[k].of(data.bins, row+i)
		}
	}
	return sums
}

func (t *tree) of(bins [][]uint8, row int) float64 {
	i := 0
	for range boostDepth {
		i = t.next(i, bins[t.feature[i]][row])
	}
	return t.value[i-forks]
}

// next is where a row with a bin goes from a fork.
func (t *tree) next(fork int, bin uint8) int {
	right := 0
	if bin > t.bin[fork] {
		right = 1
	}
	return 2*fork + 1 + right
}

// worth returns how much of the corrections is worth taking, judged on rows that were not learnt from: the least-squares
// factor as a posterior mean, where the prior says how far so many rows of learning usually carry. Errors of one day
// are alike, so that many rows tell no more than a few.
func worth(corrections, missed []float64, learnt int) float64 {
	const half, prior, alike = 20_000, 0.1, 10 // rows that carry half way; standard deviation; rows per independent error
	var both, square, noise float64
	for i, c := range corrections {
		r := min(max(missed[i], -2*boostBend), 2*boostBend)
		both, square, noise = both+c*r, square+c*c, noise+r*r
	}
	if square == 0 {
		return 0
	}
	expected, n := float64(learnt)/float64(learnt+half), float64(len(missed))
	weigh := n / noise / alike
	return min(max((expected/(prior*prior)+both*weigh)/(1/(prior*prior)+square*weigh), 0), 1)
}

// gain returns the mean absolute error after a share of the corrections as a share of that before.
func gain(corrections, missed []float64, share float64) float64 {
	before, after := 1e-12, 1e-12
	for i, c := range corrections {
		before += math.Abs(missed[i])
		after += math.Abs(missed[i] - share*c)
	}
	return min(after/before, 1)
}
