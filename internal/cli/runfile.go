package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"brigade/internal/errs"
)

const runFileName = "run.json"

// Running says where the Brigade of a state folder can be reached while it runs. The address of its database may hold
// a password, so nobody but the user may read the file that it is kept in.
type Running struct {
	PID         int    `json:"pid"`
	URL         string `json:"url"`
	DatabaseURL string `json:"database_url"`
}

// Announcement is the file that tells of a running Brigade. It is valid as long as its process holds a lock on it,
// which ends with the process however that ends.
type Announcement struct {
	path string
	file *os.File
}

// Announce writes how a running Brigade can be reached into its state folder, for the other commands.
func Announce(state string, r Running) (*Announcement, error) {
	if err := os.MkdirAll(state, 0o711); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(state, runFileName+".*") // made with 0600
	if err != nil {
		return nil, err
	}
	a := &Announcement{path: filepath.Join(state, runFileName), file: f}
	if err := a.publish(r); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return a, nil
}

func (a *Announcement) publish(r Running) error {
	if err := syscall.Flock(int(a.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return err
	}
	enc := json.NewEncoder(a.file)
	enc.SetEscapeHTML(false) // people look into it, and copy the address
	if err := enc.Encode(r); err != nil {
		return err
	}
	return os.Rename(a.file.Name(), a.path)
}

// Withdraw removes the announcement, unless another Brigade has announced itself in the same folder since.
func (a *Announcement) Withdraw() error {
	defer a.file.Close()
	mine, err := a.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(a.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(mine, there) {
		return nil
	}
	return errors.Join(err, os.Remove(a.path))
}

// FindRunning returns the Brigade that runs with a state folder; nil when none does. What a killed one left behind is
// not believed.
func FindRunning(state string) (*Running, error) {
	path := filepath.Join(state, runFileName)
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, errs.Forbidden("%s belongs to another user: work as that user, or say --server and --database-url", path)
	case err != nil:
		return nil, err
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		return nil, nil // nobody holds it any more
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var r Running
	if err := json.NewDecoder(f).Decode(&r); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	return &r, nil
}
