package localpg

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
)

func TestTheNamedFolderIsUsed(t *testing.T) {
	dir := fakePrograms(t, "postgres (PostgreSQL) 16.3 (Debian 16.3-1)")
	t.Setenv(BinEnv, dir)
	b, err := findBinaries(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, binaries{dir: dir, major: 16}, b)

	_, err = findBinaries(t.Context(), 15)
	require.True(t, errs.Is(err, errs.KindConflict), err)
	require.ErrorContains(t, err, "postgresql-15")

	t.Setenv(BinEnv, t.TempDir())
	_, err = findBinaries(t.Context(), 0)
	require.True(t, errs.Is(err, errs.KindUnavailable), err)
	require.ErrorContains(t, err, BinEnv)

	t.Setenv(BinEnv, fakePrograms(t, "postgres (PostgreSQL) 12.1"))
	_, err = findBinaries(t.Context(), 0)
	require.ErrorContains(t, err, "too old")
}

func TestWithoutPostgresThePackageIsNamed(t *testing.T) {
	t.Setenv(BinEnv, "")
	t.Setenv("PATH", t.TempDir())
	saved := usualFolders
	t.Cleanup(func() { usualFolders = saved })
	usualFolders = nil
	_, err := findBinaries(t.Context(), 0)
	require.True(t, errs.Is(err, errs.KindUnavailable), err)
	require.ErrorContains(t, err, "apt-get install postgresql")
}

func TestTheVersionOfTheDataIsPreferred(t *testing.T) {
	old, newer := fakePrograms(t, "postgres (PostgreSQL) 15.1"), fakePrograms(t, "postgres (PostgreSQL) 17.0")
	t.Setenv(BinEnv, "")
	t.Setenv("PATH", t.TempDir())
	saved := usualFolders
	t.Cleanup(func() { usualFolders = saved })
	root := t.TempDir()
	require.NoError(t, os.Symlink(old, filepath.Join(root, "15")))
	require.NoError(t, os.Symlink(newer, filepath.Join(root, "17")))
	usualFolders = []string{filepath.Join(root, "*")}
	for data, want := range map[int]int{0: 17, 15: 15, 17: 17} {
		b, err := findBinaries(t.Context(), data)
		require.NoError(t, err)
		require.Equal(t, want, b.major)
	}
}

func fakePrograms(t *testing.T, version string) string {
	dir := t.TempDir()
	for _, program := range []string{"postgres", "initdb"} {
		script := "#!/bin/sh\necho '" + version + "'\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755))
	}
	return dir
}
