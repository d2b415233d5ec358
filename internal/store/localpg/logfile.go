package localpg

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	logMax  = 16 << 20 // bytes of postgres.log at which it is rotated
	tailMax = 2000     // bytes of it that an error message quotes
)

func (c *cluster) logPath() string { return filepath.Join(c.state, "postgres.log") }

// checkLog rotates the log when it is too long. Nothing depends on it.
func (c *cluster) checkLog() {
	if err := c.rotateLog(); err != nil {
		c.log.Warn("private postgres: rotate the log", "error", err)
	}
}

// rotateLog moves a log that has grown too long to postgres.log.1. Postgres keeps the file open and appends, so the
// file is copied and emptied in its place; lines written in between are lost. Without room for a copy it is only
// emptied.
func (c *cluster) rotateLog() error {
	info, err := os.Stat(c.logPath())
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() <= logMax {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(copyFile(c.logPath(), c.logPath()+".1"), os.Truncate(c.logPath(), 0))
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// logSince returns the end of what was logged after an offset.
func (c *cluster) logSince(offset int64) string {
	f, err := os.Open(c.logPath())
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, offset, logMax))
	if err != nil {
		return err.Error()
	}
	return lastLines(string(b))
}

func lastLines(s string) string {
	s = strings.TrimSpace(s)
	return s[max(0, len(s)-tailMax):]
}
