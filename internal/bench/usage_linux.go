package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// tick is the kernel's unit of CPU time in /proc; it is 10 ms on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// server is a Postgres on this machine, by the process id of its postmaster; 0: none that can be seen.
type server int

// cpu is what the server has used so far, with all its processes, those that have ended included; 0: not known.
func (s server) cpu() (sum time.Duration) {
	if s == 0 {
		return 0
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // only a bad pattern is an error
	for _, path := range stats {
		p, ok := readStat(path)
		switch {
		case !ok:
		case p.pid == int(s):
			sum += p.own + p.children
		case p.parent == int(s):
			sum += p.own
		}
	}
	return sum
}

// postmaster returns the server that a backend belongs to, if the process with that id is one of this machine's.
func postmaster(backend int) server {
	p, ok := readStat(fmt.Sprintf("/proc/%d/stat", backend))
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", backend))
	if !ok || err != nil || !bytes.HasPrefix(name, []byte("postgres")) {
		return 0
	}
	return server(p.parent)
}

type process struct {
	pid, parent   int
	own, children time.Duration // CPU time; of children that have ended
}

// readStat reads /proc/PID/stat: pid (name) state ppid …, with utime, stime, cutime, cstime as fields 14 to 17.
func readStat(path string) (p process, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return p, false // it has ended
	}
	before, after, found := bytes.Cut(text, []byte(" ("))
	end := bytes.LastIndexByte(after, ')') // a name may hold anything
	if !found || end < 0 {
		return p, false
	}
	fields := bytes.Fields(after[end+1:])
	if len(fields) < 15 {
		return p, false
	}
	n := func(i int) int {
		v, _ := strconv.Atoi(string(fields[i])) // the kernel writes numbers
		return v
	}
	p.pid, _ = strconv.Atoi(string(before))
	p.parent = n(1)
	p.own, p.children = time.Duration(n(11)+n(12))*tick, time.Duration(n(13)+n(14))*tick
	return p, true
}

// residentMiB is the memory that this process has in RAM; 0: not known.
func residentMiB() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, resident int
	if _, err := fmt.Sscan(string(text), &total, &resident); err != nil {
		return 0
	}
	return float64(resident*os.Getpagesize()) / (1 << 20)
}
