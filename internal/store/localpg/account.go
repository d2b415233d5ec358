package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"

	"brigade/internal/errs"
)

// account is the user under whom the Postgres programs run. Postgres refuses to run as root.
type account struct {
	uid, gid int
	changed  bool      // not the user of this process
	caps     []uintptr // kept when the user is changed, to reach a folder below one that only root may enter
}

// chooseAccount returns this process's own user, or for root an unprivileged one: the owner of the data when there
// are any, else postgres, else nobody.
func chooseAccount(dataDir string) (account, error) {
	me := os.Geteuid()
	owner, gid, err := ownerOf(dataDir)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return account{}, fmt.Errorf("look at the data folder: %w", err)
	case me == 0 && err == nil && owner != 0:
		return account{uid: owner, gid: gid, changed: true}, nil
	case me == 0:
		return unprivileged()
	case err == nil && owner != me:
		return account{}, errs.Conflict("the data in %s belong to user %s: run brigade as that user or as root",
			dataDir, userName(owner))
	}
	return account{uid: me, gid: os.Getegid()}, nil
}

func unprivileged() (account, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2); err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		return account{uid: uid, gid: gid, changed: true}, nil
	}
	return account{}, errs.Unavailable("Postgres does not run as root, and there is no user postgres or nobody: " +
		"add one (useradd --system postgres) or run brigade as another user")
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

// command prepares a program to run under the account: in a session of its own, away from the terminal's signals, and
// with an environment that cannot redirect it (PGDATA, PGOPTIONS and the like are not passed on).
func (a account) command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	if lib, ok := os.LookupEnv("LD_LIBRARY_PATH"); ok {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+lib)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.changed {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
		setCaps(cmd.SysProcAttr, a.caps)
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// reach returns the account with the capabilities it needs to enter dir, and whether it can.
func (a account) reach(ctx context.Context, bin binaries, dir string, withoutCaps bool) (account, bool) {
	for _, caps := range searchCaps {
		if caps != nil && (withoutCaps || !a.changed) {
			continue
		}
		a.caps = caps
		const try = `cd -- "$1" && "$2" --version` // capabilities take effect in the program, not before
		if a.command(ctx, "/bin/sh", "-c", try, "sh", dir, bin.path("postgres")).Run() == nil {
			return a, true
		}
	}
	a.caps = nil
	return a, false
}

// own makes the account the owner of path.
func (a account) own(path string) error {
	if !a.changed {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// ownerOf returns the user and the group that own a path, links not followed.
func ownerOf(path string) (uid, gid int, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, 0, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, fmt.Errorf("%s: its owner cannot be seen on this system", path)
	}
	return int(st.Uid), int(st.Gid), nil
}
