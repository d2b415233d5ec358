package bench

import (
	"syscall"
	"time"
)

// ownCPU is the CPU time that this process has used so far; 0: not known.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
