package page

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"": "/", "/": "/", "/?outlet=a&b=c": "/?outlet=a&b=c", "//evil.example": "/", "https://evil.example/": "/",
		"/\\evil.example": "/", "evil": "/", "javascript:alert(1)": "/", "///evil": "/", "/a\nb": "/", "/%2f": "/",
	} {
		require.Equal(t, want, LocalPath(next), next)
	}
}
