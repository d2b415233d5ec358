package brokertest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// RedisServer is a Redis of one test, which may kill it. It keeps nothing.
type RedisServer struct {
	dir     string
	port    int
	args    []string
	running *process
}

// Redis starts a Redis for this test alone, with more arguments if need be. It ends with the test.
func Redis(t testing.TB, args ...string) *RedisServer {
	t.Helper()
	dir, err := os.MkdirTemp("", "brokertest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	free, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	r := &RedisServer{dir: dir, port: free[0], args: args}
	r.Start(t)
	t.Cleanup(func() { r.running.kill() })
	return r
}

// Addr is HOST:PORT of the server.
func (r *RedisServer) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port)) }

// URL is where the server can be reached.
func (r *RedisServer) URL() string { return "redis://" + r.Addr() + "/0" }

// Set changes the arguments of the next Start.
func (r *RedisServer) Set(args ...string) { r.args = args }

// Kill ends the server without warning; what it held is lost.
func (r *RedisServer) Kill() { r.running.kill() }

// Start starts the server again, empty.
func (r *RedisServer) Start(t testing.TB) {
	t.Helper()
	args := []string{"--port", strconv.Itoa(r.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", r.dir}
	cmd := exec.CommandContext(context.Background(), "redis-server", append(args, r.args...)...)
	p, err := run(cmd, filepath.Join(r.dir, "output"))
	if err != nil {
		t.Fatalf("brokertest: redis: %v", err)
	}
	r.running = p
	for until := time.Now().Add(startMax); !answers(r.Addr()); <-time.After(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("brokertest: redis did not start")
		}
	}
}
