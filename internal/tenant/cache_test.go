package tenant

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
)

func TestCacheIsBoundedAndForgets(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	c := newCache[int, string](2)
	c.put(1, "one", now.Add(time.Second))
	v, ok := c.get(1, now)
	require.True(t, ok)
	require.Equal(t, "one", v)
	_, ok = c.get(1, now.Add(time.Second))
	require.False(t, ok, "it is over")

	c.put(2, "two", now.Add(time.Second))
	c.put(2, "two again", now.Add(time.Second))
	require.Len(t, c.entries, 2)
	c.put(3, "three", now.Add(time.Second))
	require.Len(t, c.entries, 2)
	_, ok = c.get(3, now)
	require.True(t, ok, "the newest stays")
	c.drop(3)
	_, ok = c.get(3, now)
	require.False(t, ok)
}

// oneToken is a store with one credential that counts how often it is asked.
type oneToken struct {
	Store
	credential Credential
	asked      int
}

func (s *oneToken) Credential(context.Context, Hash) (Credential, error) {
	s.asked++
	return s.credential, nil
}

func TestAnswersAreRememberedForAWhileOnly(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	store := &oneToken{credential: Credential{Token: Token{Tenant: 1, Role: actor.Cook}, TenantStatus: Active}}
	s := New(store)
	s.now = func() time.Time { return now }
	plain, _ := newToken()
	ask := func() int {
		_, err := s.Authenticate(t.Context(), plain)
		require.NoError(t, err)
		return store.asked
	}
	require.Equal(t, 1, ask())
	now = now.Add(tokenFor - 1)
	require.Equal(t, 1, ask())
	soon := now.Add(2 * time.Second)
	store.credential.Expires = &soon
	now = now.Add(1)
	require.Equal(t, 2, ask(), "a revocation elsewhere is seen after %s", tokenFor)
	now = soon
	require.Equal(t, 3, ask(), "nobody is let in from memory after his token's end")
	require.LessOrEqual(t, tokenFor, 30*time.Second)
}
