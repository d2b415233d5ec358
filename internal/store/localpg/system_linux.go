package localpg

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	socketPathMax = 107 // sun_path without its closing zero

	capDACOverride   = 1
	capDACReadSearch = 2
)

// searchCaps are the capabilities with which an unprivileged user passes folders that only root may enter, the least
// powerful first. Many containers grant only the last.
var searchCaps = [][]uintptr{nil, {capDACReadSearch}, {capDACOverride}}

func setCaps(attr *syscall.SysProcAttr, caps []uintptr) { attr.AmbientCaps = caps }

// runsIn tells whether pid is a Postgres process at work in dataDir. A zombie is not.
func runsIn(pid int, dataDir string) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
	if err != nil || strings.TrimSuffix(cwd, " (deleted)") != dataDir {
		return false
	}
	comm, err := os.ReadFile(filepath.Join(proc, "comm"))
	return err == nil && strings.TrimSpace(string(comm)) == "postgres"
}

// processesIn returns every Postgres process at work in dataDir: each has it as its working folder.
func processesIn(dataDir string) []int {
	entries, _ := os.ReadDir("/proc") // without /proc there is nothing to find
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && runsIn(pid, dataDir) {
			pids = append(pids, pid)
		}
	}
	return pids
}
