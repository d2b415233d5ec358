package localpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"brigade/internal/errs"
)

const (
	systemHome  = "/var/lib/brigade"  // data of state folders that the server's user cannot enter
	pointerFile = "postgres.location" // in the state folder: where its data are, when they are elsewhere
	socketName  = ".s.PGSQL.5432"
)

// folders says where the parts of a cluster are. All paths are absolute and free of links.
type folders struct {
	state     string // the user's state folder: lock, log
	home      string // where the data are: the state folder, or another one that pointerFile names
	data      string
	socketDir string
}

// makeStateDir makes the state folder when it is missing and returns its true path. For root it can be passed through
// by others (nothing in it can be read), since the server runs as another user.
func makeStateDir(dir string) (string, error) {
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return "", fmt.Errorf("make the state folder: %w", err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

func locate(state string) (folders, error) {
	f := folders{state: state, home: state}
	pointer, err := os.ReadFile(filepath.Join(state, pointerFile))
	switch {
	case err == nil:
		f.home = strings.TrimSpace(string(pointer))
	case !errors.Is(err, fs.ErrNotExist):
		return f, err
	}
	f.data = filepath.Join(f.home, "postgres")
	if real, err := filepath.EvalSymlinks(f.data); err == nil {
		f.data = real // somebody may have put it on another disk
	}
	f.socketDir = socketFolder(f.home)
	return f, nil
}

// nearest is the data folder, or the one in which it will be made.
func (f folders) nearest() string {
	if _, err := os.Stat(f.data); err == nil {
		return f.data
	}
	return f.home
}

// pointElsewhere makes a folder for the data of a state folder outside of it and notes that in the state folder.
func pointElsewhere(state, parent string) (string, error) {
	if parent == "" {
		parent = systemHome
	}
	home := filepath.Join(parent, shortHash(state))
	if err := os.MkdirAll(home, 0o711); err != nil {
		return "", fmt.Errorf("make a folder for the data: %w", err)
	}
	return home, os.WriteFile(filepath.Join(state, pointerFile), []byte(home+"\n"), 0o600)
}

// socketFolder is home/socket unless that path is too long for a Unix socket's address.
func socketFolder(home string) string {
	dir := filepath.Join(home, "socket")
	if len(filepath.Join(dir, socketName)) <= socketPathMax {
		return dir
	}
	return filepath.Join("/tmp", "brigade-"+shortHash(home))
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// makeSocketDir makes sure that nobody but the server's user (and root) can enter the socket's folder. Everybody can
// make folders in /tmp, so one that is already there must be ours.
func (c *cluster) makeSocketDir() error {
	if err := os.Mkdir(c.socketDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(c.socketDir)
	if err != nil {
		return err
	}
	owner, _, err := ownerOf(c.socketDir)
	if err != nil {
		return err
	}
	if !info.IsDir() || owner != c.account.uid && owner != os.Geteuid() {
		return errs.Conflict("%s is not a folder of user %s: remove it", c.socketDir, userName(c.account.uid))
	}
	if err := c.account.own(c.socketDir); err != nil {
		return err
	}
	return os.Chmod(c.socketDir, 0o700)
}

// lock takes a folder for this process. The kernel gives it back however the process ends.
func (c *cluster) lock(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(f) // for the message only
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return errs.Conflict("the state folder %s is in use by brigade with pid %s: stop it or choose another folder",
				dir, strings.TrimSpace(string(holder)))
		}
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	c.locks = append(c.locks, f)
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	return err
}

func (c *cluster) release() {
	for _, f := range c.locks {
		// Closing would do, but for a program that is just being started elsewhere in this process and has a copy for a moment.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		_ = f.Close() // nothing in it matters
	}
	c.locks = nil
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
