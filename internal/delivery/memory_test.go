package delivery

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemoryIsReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m memory[int, int]
		reads := 0
		get := func() int {
			v, err := m.get(1, time.Second, func() (int, error) { reads++; return reads, nil })
			require.NoError(t, err)
			return v
		}
		require.Equal(t, 1, get())
		require.Equal(t, 1, get())
		<-time.After(time.Second)
		require.Equal(t, 2, get())
		m.forget(1)
		require.Equal(t, 3, get())
		<-time.After(time.Second)
		held, done := make(chan struct{}), make(chan int)
		go func() {
			v, _ := m.get(1, time.Second, func() (int, error) { <-held; return 4, nil })
			done <- v
		}()
		synctest.Wait()
		require.Equal(t, 3, get(), "nobody waits for who reads")
		m.forget(1) // while somebody reads what is not true any more
		close(held)
		require.Equal(t, 4, <-done)
		require.Equal(t, 4, get(), "it is read, not remembered")
		require.Equal(t, 4, reads)
		<-time.After(time.Second)
		_, err := m.get(1, time.Second, func() (int, error) { return 0, errors.New("away") })
		require.Error(t, err)
		require.Equal(t, 5, get(), "a failure is not remembered")
	})
}
