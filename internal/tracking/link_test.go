package tracking_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/tracking"
)

var secret = []byte("a secret of a test, thirty-two bytes")

func TestLinksNameTheirOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := tracking.NewLinks(secret, "")
		tenant, order := rapid.Int64Range(1, 1<<62).Draw(t, "tenant"), rapid.Int64Range(1, 1<<62).Draw(t, "order")
		link := l.Sign(tenant, order)
		gotTenant, gotOrder, ok := l.Read(link)
		require.True(t, ok)
		require.Equal(t, []int64{tenant, order}, []int64{gotTenant, gotOrder})

		at := rapid.IntRange(0, len(link)-1).Draw(t, "at")
		other := rapid.SampledFrom([]string{"A", "b", "7", "-", "_"}).Draw(t, "other")
		if forged := link[:at] + other + link[at+1:]; forged != link {
			_, _, ok := l.Read(forged)
			require.False(t, ok, "a changed link is nobody's")
		}
	})
}

func TestLinksOfOthersAreNone(t *testing.T) {
	t.Parallel()
	l := tracking.NewLinks(secret, "")
	theirs := tracking.NewLinks([]byte("another secret of thirty-two bytes.."), "").Sign(1, 7)
	for _, link := range []string{"", "x", theirs, "../../etc/passwd", strings.Repeat("A", 5000), l.Sign(1, 7) + "AA", "%00"} {
		_, _, ok := l.Read(link)
		require.False(t, ok, link)
	}
}

func TestLinksHaveAnAddress(t *testing.T) {
	t.Parallel()
	l := tracking.NewLinks(secret, "https://order.example.com/")
	require.Equal(t, "https://order.example.com"+l.Path(1, 7), l.URL(1, 7))
	require.Equal(t, l.URL(1, 7), l.Best(1, 7))
	here := tracking.NewLinks(secret, "")
	require.Empty(t, here.URL(1, 7), "nobody said where customers reach it")
	require.Equal(t, here.Path(1, 7), here.Best(1, 7))
}
