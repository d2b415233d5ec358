package measure

import "math/big"

// Share is the part of a quantity that making so much of a batch takes, rounded up to whole thousandths.
func Share(quantity, made, batch int64) int64 {
	if batch <= 0 {
		return 0
	}
	n := new(big.Int).Mul(big.NewInt(quantity), big.NewInt(made))
	n.Add(n, big.NewInt(batch-1))
	return n.Div(n, big.NewInt(batch)).Int64()
}
