//go:build unix && !linux

package localpg

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

const socketPathMax = 103

var searchCaps = [][]uintptr{nil}

func setCaps(*syscall.SysProcAttr, []uintptr) {}

// runsIn tells whether pid is a postmaster of dataDir.
func runsIn(pid int, dataDir string) bool {
	out, err := exec.Command("ps", "-o", "stat=,command=", "-p", strconv.Itoa(pid)).Output()
	line := string(out)
	return err == nil && !strings.HasPrefix(line, "Z") && strings.Contains(line, "-D "+dataDir)
}

// processesIn finds nothing here: the new postmaster waits for orphaned backends by itself.
func processesIn(string) []int { return nil }
