//go:build !linux

package bench

import "time"

// server is a Postgres whose processes cannot be seen here.
type server int

func (server) cpu() time.Duration { return 0 }

func postmaster(int) server { return 0 }

func residentMiB() float64 { return 0 }
