package measure

import (
	"math"
	"math/big"
)

// Share is the part of a quantity that making so much of a batch takes, rounded up to whole thousandths.
func Share(quantity, made, batch int64) int64 {
	if batch <= 0 {
		return 0
	}
	n := new(big.Int).Mul(big.NewInt(quantity), big.NewInt(made))
	n.Add(n, big.NewInt(batch-1))
	if n.Div(n, big.NewInt(batch)); !n.IsInt64() {
		return math.MaxInt64 // more than anybody may need
	}
	return n.Int64()
}
