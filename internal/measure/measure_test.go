package measure_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/measure"
)

func TestQuantitiesAreReadExactly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		unit  measure.Unit
		milli measure.Quantity
	}{
		"2.5 kg": {measure.Gram, 2_500_000}, "330ml": {measure.Millilitre, 330_000}, "12": {measure.Piece, 12_000}, "0.5 pieces": {measure.Piece, 500},
		"1 mg": {measure.Gram, 1}, "1.000001 kg": {measure.Gram, 1_000_001}, "-3 g": {measure.Gram, -3_000}, "1 t": {measure.Gram, 1_000_000_000},
		"2 KG": {measure.Gram, 2_000_000}, "25 cl": {measure.Millilitre, 250_000}, "0": {measure.Gram, 0}, "1000000 kg": {measure.Gram, 1_000_000_000_000},
		"1.5000": {measure.Piece, 1_500},
	} {
		got, err := measure.ParseQuantity(text, want.unit)
		require.NoError(t, err, text)
		require.Equal(t, want.milli, got, text)
	}
}

func TestWhatIsNoQuantityIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"": "not a quantity", "kg": "not a quantity", "1 litre": "not a quantity", "1.2.3 g": "not a quantity", "1,5 kg": "not a quantity",
		"1e9": "not a quantity", "0.5 mg": "more decimals", "1.0001": "more decimals", "2 l": "measured in g", "3 pieces": "measured in g",
		"1000001 kg": "more than", "99999999999999999999 g": "more than", "NaN": "not a quantity", "- 3 g": "not a quantity", "+3": "not a quantity",
	} {
		_, err := measure.ParseQuantity(text, measure.Gram)
		require.True(t, errs.Is(err, errs.KindInvalid), "%q: %v", text, err)
		require.ErrorContains(t, err, says, text)
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := measure.Quantity(rapid.Int64Range(-int64(measure.Most), int64(measure.Most)).Draw(t, "quantity"))
		unit := rapid.SampledFrom([]measure.Unit{measure.Gram, measure.Millilitre, measure.Piece}).Draw(t, "unit")
		for _, text := range []string{q.In(unit), q.Decimal()} {
			again, err := measure.ParseQuantity(text, unit)
			if err != nil || again != q {
				t.Fatalf("%d is written %q, which is read as %d: %v", q, text, again, err)
			}
		}
		body, err := json.Marshal(q)
		var again measure.Quantity
		if err != nil || json.Unmarshal(body, &again) != nil || again != q {
			t.Fatalf("%d is %s in JSON, which is read as %d", q, body, again)
		}
	})
}

func TestQuantitiesAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	require.Equal(t, "2.5 kg", measure.Quantity(2_500_000).In(measure.Gram))
	require.Equal(t, "-1 kg", measure.Quantity(-1_000_000).In(measure.Gram))
	require.Equal(t, "999 g", measure.Quantity(999_000).In(measure.Gram))
	require.Equal(t, "1 piece", measure.Quantity(1_000).In(measure.Piece))
	require.Equal(t, "0.5 pieces", measure.Quantity(500).In(measure.Piece))
	require.Equal(t, "1.25 l", measure.Quantity(1_250_000).In(measure.Millilitre))
}

func TestSharesAreRoundedUp(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, 334, measure.Share(1_000, 1_000, 3_000))
	require.EqualValues(t, 1_000, measure.Share(1_000, 3_000, 3_000))
	require.EqualValues(t, 0, measure.Share(1_000, 1_000, 0))
	require.Equal(t, int64(measure.Most), measure.Share(int64(measure.Most), int64(measure.Most), int64(measure.Most)))
}

func TestPlannedQuantities(t *testing.T) {
	t.Parallel()
	require.Equal(t, measure.Quantity(1_500), measure.FromFloat(1.5))
	require.Equal(t, measure.Quantity(334), measure.FromFloat(1.0/3))
	require.Equal(t, measure.Most, measure.FromFloat(math.Inf(1)))
	require.Equal(t, measure.Most, measure.FromFloat(math.NaN()))
}
