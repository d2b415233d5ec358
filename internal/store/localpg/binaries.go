package localpg

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"brigade/internal/errs"
)

// BinEnv is the environment variable that names the folder with the Postgres programs.
const BinEnv = "BRIGADE_POSTGRES_BIN"

const oldestMajor = 14

// Where the distributions put the server's programs when they are not on the PATH.
var usualFolders = []string{
	"/usr/lib/postgresql/*/bin",                       // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                // Fedora, RHEL
	"/usr/libexec/postgresql*",                        // Alpine
	"/usr/local/pgsql/bin",                            // from source
	"/opt/homebrew/opt/postgresql@*/bin",              // macOS
	"/usr/local/opt/postgresql@*/bin",                 // macOS on Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin", // Homebrew on Linux
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// binaries is one installation of the server's programs.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// findBinaries returns the installation to use: the first of the environment variable, the PATH and the newest in the
// usual folders, but the one of version major when there are data of that version (0: no data yet).
func findBinaries(ctx context.Context, major int) (binaries, error) {
	found, err := installed(ctx)
	if err != nil {
		return binaries{}, err
	}
	for _, b := range found {
		if major == 0 && b.major >= oldestMajor || b.major == major {
			return b, nil
		}
	}
	if major == 0 {
		return binaries{}, errs.Unavailable("PostgreSQL %d in %s is too old: version %d or newer is needed",
			found[0].major, found[0].dir, oldestMajor)
	}
	return binaries{}, errs.Conflict("the data were made by PostgreSQL %d, but only version %d is installed (%s): "+
		"install PostgreSQL %d (Debian: apt-get install postgresql-%d), or move the data with pg_upgrade or pg_dump",
		major, found[0].major, found[0].dir, major, major)
}

// installed returns every installation, the preferred first; at least one.
func installed(ctx context.Context) ([]binaries, error) {
	if dir := os.Getenv(BinEnv); dir != "" {
		b, err := inspect(ctx, dir)
		if err != nil {
			return nil, errs.Unavailable("%s=%s has no usable Postgres programs", BinEnv, dir).Because(err)
		}
		return []binaries{b}, nil
	}
	found := append(inspectAll(ctx, onPath()), newestFirst(inspectAll(ctx, usual()))...)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if len(found) == 0 {
		return nil, errs.Unavailable("no PostgreSQL server is installed: install it (Debian, Ubuntu: apt-get install "+
			"postgresql; Fedora: dnf install postgresql-server; Alpine: apk add postgresql; macOS: brew install "+
			"postgresql@17), name the folder of its programs in %s, or use a running server with --database-url", BinEnv)
	}
	return found, nil
}

func onPath() []string {
	p, err := exec.LookPath("postgres")
	if err != nil {
		return nil
	}
	if p, err = filepath.EvalSymlinks(p); err != nil {
		return nil
	}
	return []string{filepath.Dir(p)}
}

func usual() (dirs []string) {
	for _, pattern := range usualFolders {
		found, _ := filepath.Glob(pattern) // only a bad pattern is an error
		dirs = append(dirs, found...)
	}
	return dirs
}

// inspectAll returns the installations among the folders.
func inspectAll(ctx context.Context, dirs []string) (found []binaries) {
	for _, dir := range dirs {
		if b, err := inspect(ctx, dir); err == nil {
			found = append(found, b)
		}
	}
	return found
}

func newestFirst(found []binaries) []binaries {
	slices.SortStableFunc(found, func(a, b binaries) int { return b.major - a.major })
	return found
}

func inspect(ctx context.Context, dir string) (binaries, error) {
	b := binaries{dir: dir}
	if _, err := os.Stat(b.path("initdb")); err != nil {
		return b, err
	}
	out, err := exec.CommandContext(ctx, b.path("postgres"), "--version").Output()
	if err != nil {
		return b, fmt.Errorf("%s --version: %w", b.path("postgres"), err)
	}
	b.major = numberIn(string(out))
	return b, nil
}

var digits = regexp.MustCompile(`\d+`)

// numberIn returns the first number in s; 0 when there is none.
func numberIn(s string) int {
	n, _ := strconv.Atoi(digits.FindString(s)) // no digits: 0 is the answer
	return n
}
