package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnnouncement(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	found, err := FindRunning(state)
	require.NoError(t, err)
	require.Nil(t, found, "nothing runs in a folder that is not there")

	want := Running{PID: 7, URL: "http://127.0.0.1:1", DatabaseURL: "postgres:///x"}
	a, err := Announce(state, want)
	require.NoError(t, err)
	info, err := os.Stat(filepath.Join(state, runFileName))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it may hold a password")
	found, err = FindRunning(state)
	require.NoError(t, err)
	require.Equal(t, &want, found)

	require.NoError(t, a.Withdraw())
	left, err := os.ReadDir(state)
	require.NoError(t, err)
	require.Empty(t, left)
}

// What a killed process leaves behind is a file that nobody holds.
func TestStaleAnnouncementIsNotBelieved(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(state, runFileName), []byte(`{"pid":1,"url":"http://127.0.0.1:1"}`), 0o600))
	found, err := FindRunning(state)
	require.NoError(t, err)
	require.Nil(t, found)
}

func TestALaterAnnouncementStays(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	first, err := Announce(state, Running{PID: 1})
	require.NoError(t, err)
	second, err := Announce(state, Running{PID: 2})
	require.NoError(t, err)
	require.NoError(t, first.Withdraw())
	found, err := FindRunning(state)
	require.NoError(t, err)
	require.Equal(t, 2, found.PID)
	require.NoError(t, second.Withdraw())
}

func TestCommandsFindTheAnnouncedServer(t *testing.T) {
	t.Parallel()
	flag, asked := serve(t, map[string]string{"GET /api/v1/menu": "[]"})
	state := t.TempDir()
	a, err := Announce(state, Running{URL: flag[len("--server="):]})
	require.NoError(t, err)
	defer func() { require.NoError(t, a.Withdraw()) }()
	ok(t, "menu", "list", "--state", state)
	require.Len(t, *asked, 1)
}
