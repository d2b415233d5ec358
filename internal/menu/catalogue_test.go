package menu

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// shelf is a store whose menu tests change; it counts what it is asked.
type shelf struct {
	mu             sync.Mutex
	version        int
	items          []Item
	paused         []Pause
	fails          error
	versions, read int
	held           chan struct{} // when not nil, Version waits for it
}

func (s *shelf) put(items ...Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.items = items
}

func (s *shelf) Version(context.Context, int64, int64) (string, error) {
	s.mu.Lock()
	s.versions++
	version, held, err := s.version, s.held, s.fails
	s.mu.Unlock()
	if held != nil {
		<-held
	}
	return strconv.Itoa(version), err
}

func (s *shelf) Items(context.Context, int64, int64) ([]Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read++
	return s.items, s.fails
}

func (s *shelf) Pauses(context.Context, int64, int64) ([]Pause, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paused, s.fails
}

func setup() (*Catalogue, *shelf, *time.Time) {
	s := &shelf{}
	s.put(Item{SKU: "wrap", Name: "Grilled Wrap", Price: 750}, Item{SKU: "soup", Name: "wrap", Price: 400})
	c := NewCatalogue(s)
	now := time.Unix(1000, 0)
	c.now = func() time.Time { return now }
	return c, s, &now
}

// price returns an item's price, 0 when it is not sold.
func price(t *testing.T, c *Catalogue, what string) int {
	t.Helper()
	found, err := c.Lookup(t.Context(), 1, 2, []string{what})
	require.NoError(t, err)
	if found[0] == nil {
		return 0
	}
	return int(found[0].Price)
}

func TestLookupBySKUThenByName(t *testing.T) {
	t.Parallel()
	c, _, _ := setup()
	found, err := c.Lookup(t.Context(), 1, 2, []string{"wrap", "GRILLED wrap", "WRAP", "wraps", "soup"})
	require.NoError(t, err)
	skus := make([]string, len(found))
	for i, it := range found {
		if it != nil {
			skus[i] = it.SKU
		}
	}
	require.Equal(t, []string{"wrap", "wrap", "soup", "", "soup"}, skus)
	items, err := c.Items(t.Context(), 1, 2)
	require.NoError(t, err)
	require.Len(t, items, 2)
}

func TestMenuIsComparedOnceASecondAndReadWhenItDiffers(t *testing.T) {
	t.Parallel()
	c, s, now := setup()
	for range 100 {
		require.Equal(t, 750, price(t, c, "wrap"))
	}
	require.Equal(t, [2]int{1, 1}, [2]int{s.versions, s.read})
	*now = now.Add(freshFor)
	require.Equal(t, 750, price(t, c, "wrap"))
	require.Equal(t, [2]int{2, 1}, [2]int{s.versions, s.read}, "the same version is not read again")

	s.put(Item{SKU: "wrap", Price: 800})
	require.Equal(t, 750, price(t, c, "wrap"))
	*now = now.Add(freshFor)
	require.Equal(t, 800, price(t, c, "wrap"), "another process changed it a second ago")

	s.put(Item{SKU: "wrap", Price: 900})
	c.Invalidate()
	require.Equal(t, 900, price(t, c, "wrap"), "this process changed it")
}

func TestWhatIsNotSoldIsLookedForAgain(t *testing.T) {
	t.Parallel()
	c, s, now := setup()
	require.Zero(t, price(t, c, "cake"))
	for range 100 {
		require.Zero(t, price(t, c, "cake"))
	}
	require.Equal(t, 1, s.versions, "but not for each order")
	s.put(Item{SKU: "cake", Price: 300})
	*now = now.Add(missedFor)
	require.Equal(t, 300, price(t, c, "cake"), "a new item can be ordered at once")
}

func TestOneWaitsTheOthersAreServed(t *testing.T) {
	t.Parallel()
	c, s, now := setup()
	require.Equal(t, 750, price(t, c, "wrap"))
	s.put(Item{SKU: "wrap", Price: 800})
	held := make(chan struct{})
	s.held = held
	*now = now.Add(freshFor)
	first := make(chan []*Item, 1)
	go func() {
		found, _ := c.Lookup(t.Context(), 1, 2, []string{"wrap"})
		first <- found
	}()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.versions == 2
	}, time.Minute, time.Millisecond)
	for range 10 {
		require.Equal(t, 750, price(t, c, "wrap"), "a second old, and nobody waits for it")
	}
	close(held)
	require.EqualValues(t, 800, (<-first)[0].Price)
	require.Equal(t, 800, price(t, c, "wrap"))
	require.Equal(t, 2, s.versions)
}

func TestWhoGivesUpTakesTheAnswerFromNobody(t *testing.T) {
	t.Parallel()
	c, s, _ := setup()
	s.held = make(chan struct{})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Items(gone, 1, 2)
	require.ErrorIs(t, err, context.Canceled)
	close(s.held)
	require.Equal(t, 750, price(t, c, "wrap"))
}

func TestFailureIsNotRemembered(t *testing.T) {
	t.Parallel()
	c, s, _ := setup()
	s.fails = errors.New("away")
	_, err := c.Lookup(t.Context(), 1, 2, []string{"wrap"})
	require.ErrorIs(t, err, s.fails)
	s.fails = nil
	require.Equal(t, 750, price(t, c, "wrap"))
}

func TestKeptMenusAreBounded(t *testing.T) {
	t.Parallel()
	c, _, _ := setup()
	for outlet := range int64(menusKept + 10) {
		_, err := c.Items(t.Context(), 1, outlet)
		require.NoError(t, err)
	}
	require.Len(t, c.menus, menusKept)
}

func BenchmarkLookup(b *testing.B) {
	c, _, _ := setup()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Lookup(b.Context(), 1, 2, []string{"wrap", "soup"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
