package money_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]money.Amount{
		"12.99": 1299, "3": 300, "0.5": 50, "-0.5": -50, "0": 0, "-0": 0, "0.01": 1, "007.10": 710, "1.500": 150, "2.0000": 200,
		"92233720368547758.07": math.MaxInt64,
	} {
		got, err := money.Parse(s)
		require.NoError(t, err, s)
		require.Equal(t, want, got, s)
	}
	for _, s := range []string{
		"", "-", ".", ".5", "1.", "1.2.3", "1.999", "1.001", "--1", "+1", " 1", "1 ", "1,50", "1e2", "0x10", "1_000", "NaN", "abc",
		"1.-5", "1.+5", "92233720368547758.08", "999999999999999999999", "٣",
	} {
		_, err := money.Parse(s)
		require.Error(t, err, s)
	}
}

func TestWrittenAmountsAreReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := money.Amount(rapid.Int64Range(-math.MaxInt64, math.MaxInt64).Draw(t, "amount"))
		got, err := money.Parse(a.String())
		require.NoError(t, err)
		require.Equal(t, a, got)
		body, err := json.Marshal(a)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(body, &got))
		require.Equal(t, a, got)
	})
}

func TestString(t *testing.T) {
	t.Parallel()
	for a, want := range map[money.Amount]string{
		0: "0.00", 5: "0.05", -5: "-0.05", 1299: "12.99", -100: "-1.00", math.MinInt64: "-92233720368547758.08",
	} {
		require.Equal(t, want, a.String())
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	type bill struct {
		Total money.Amount  `json:"total"`
		Tip   *money.Amount `json:"tip,omitempty"`
	}
	body, err := json.Marshal(bill{Total: 2498})
	require.NoError(t, err)
	require.Equal(t, `{"total":24.98}`, string(body))
	var b bill
	require.NoError(t, json.Unmarshal([]byte(`{"total":0.1,"tip":0.2}`), &b))
	require.Equal(t, money.Amount(30), b.Total+*b.Tip, "exact, unlike floats")
	require.NoError(t, json.Unmarshal([]byte(`{"total":null,"tip":null}`), &b))
	require.Nil(t, b.Tip)
	for _, wrong := range []string{`"12.99"`, `0.30000000000000004`, `1e3`, `true`, `{}`} {
		require.Error(t, json.Unmarshal([]byte(`{"total":`+wrong+`}`), &b), wrong)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	require.Equal(t, money.Amount(3897), money.Amount(1299).Times(3))
	require.Zero(t, money.Amount(1299).Times(0))
}
