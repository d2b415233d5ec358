package account

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// Hashing is dear: who has gone while he waited for his turn gets none.
func TestWhoGivesUpWaitingIsNotHashed(t *testing.T) {
	t.Parallel()
	for range cap(kneaders) {
		kneaders <- struct{}{}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := knead(gone, "correct horse battery", make([]byte, saltBytes))
	for range cap(kneaders) {
		<-kneaders
	}
	require.ErrorIs(t, err, context.Canceled)
	_, err = knead(t.Context(), "correct horse battery", make([]byte, saltBytes))
	require.NoError(t, err)
}
