// Package brokertest gives tests real brokers: RabbitMQ and Redis as they are installed, on private ports, and a proxy
// that damages connections.
//
// RabbitMQ takes many seconds to start, so the tests of all programs that run at the same time share one server, each
// test with a virtual host of its own. Tests that kill their server start one for themselves.
package brokertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

const (
	startMax = 2 * time.Minute // RabbitMQ on a busy machine
	script   = "/usr/lib/rabbitmq/bin/rabbitmq-server"
	account  = "guest" // of both name and password
)

// RabbitMQ returns the URL of an empty virtual host that only this test uses. It goes away with the test.
func RabbitMQ(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("brokertest: %v", err)
	}
	return s.vhost(t)
}

// RabbitMQTLS is RabbitMQ for one test over TLS: its URL without the authority, and the files to believe and to show.
func RabbitMQTLS(t testing.TB) (amqps string, certs Certs) {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("brokertest: %v", err)
	}
	plain := s.vhost(t)
	vhost := plain[strings.LastIndex(plain, "/"):]
	return fmt.Sprintf("amqps://%s:%s@localhost:%d%s", account, account, s.amqps, vhost), certsAt(s.dir)
}

// AddUser makes somebody known to the server of a virtual host, who may do everything there.
func AddUser(t testing.TB, broker, name, password string) {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("brokertest: %v", err)
	}
	vhost := broker[strings.LastIndex(broker, "/")+1:]
	err = errors.Join(
		s.ask(http.MethodPut, "/api/users/"+name, fmt.Sprintf(`{"password":%q,"tags":""}`, password)),
		s.ask(http.MethodPut, "/api/permissions/"+vhost+"/"+name, `{"configure":".*","write":".*","read":".*"}`),
	)
	if err != nil {
		t.Fatalf("brokertest: %v", err)
	}
	t.Cleanup(func() { _ = s.ask(http.MethodDelete, "/api/users/"+name, "") })
}

// Server is a RabbitMQ server of one test, which may kill it.
type Server struct {
	dir     string
	amqp    int // ports
	amqps   int
	manage  int
	dist    int
	running *process
}

// NewRabbitMQ starts a server for this test alone.
func NewRabbitMQ(t testing.TB) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "brokertest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s, err := newServer(dir)
	if err != nil {
		t.Fatalf("brokertest: %v", err)
	}
	s.Start(t)
	t.Cleanup(func() { s.running.kill() })
	return s
}

// URL is where the server can be reached.
func (s *Server) URL() string { return s.url("") }

// Addr is HOST:PORT of the server.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.amqp)) }

// Kill ends the server without warning.
func (s *Server) Kill() { s.running.kill() }

// Start starts the server again, with the data that reached its disk.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatalf("brokertest: %v", err)
	}
}

func newServer(dir string) (*Server, error) {
	ports, err := freePorts(4)
	if err != nil {
		return nil, err
	}
	certs, err := certsIn(dir)
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, amqp: ports[0], manage: ports[1], dist: ports[2], amqps: ports[3]}
	settings := fmt.Sprintf(`listeners.tcp.1 = 127.0.0.1:%d
listeners.ssl.1 = 127.0.0.1:%d
ssl_options.cacertfile = %s
ssl_options.certfile = %s
ssl_options.keyfile = %s
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
management.tcp.ip = 127.0.0.1
management.tcp.port = %d
management_agent.disable_metrics_collector = true
loopback_users = none
log.console.level = warning
disk_free_limit.absolute = 10MB
vm_memory_high_watermark.absolute = 2GiB
`, s.amqp, s.amqps, certs.CA, certs.Cert, certs.Key, s.manage)
	return s, errors.Join(
		os.WriteFile(filepath.Join(dir, "rabbitmq.conf"), []byte(settings), 0o600),
		os.WriteFile(filepath.Join(dir, "plugins"), []byte("[rabbitmq_management].\n"), 0o600),
	)
}

// The ports that servers of tests are given: below those that systems give to whoever asks for any, so that nobody gets one of
// them before its server listens, or while it is started again.
const (
	firstPort = 10_240
	lastPort  = 32_767
)

// Port returns a port of the loopback address that nothing listens on just now, and that nobody is given who asks for any.
func Port(t testing.TB) int {
	t.Helper()
	ports, err := freePorts(1)
	if err != nil {
		t.Fatalf("brokertest: %v", err)
	}
	return ports[0]
}

func freePorts(n int) (ports []int, err error) {
	for tries := 0; len(ports) < n; tries++ {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) //nolint:noctx // binds at once
		if err == nil {
			defer l.Close()
			ports = append(ports, port)
		} else if tries == 1000 {
			return nil, err
		}
	}
	return ports, nil
}

func (s *Server) start() error {
	if _, err := os.Stat(script); err != nil {
		return fmt.Errorf("RabbitMQ is not installed: %w", err)
	}
	in := func(name string) string { return filepath.Join(s.dir, name) }
	cmd := exec.CommandContext(context.Background(), script)
	cmd.Dir = s.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "LANG=C.UTF-8",
		"RABBITMQ_NODENAME=brigade" + strconv.Itoa(s.amqp) + "@localhost", "RABBITMQ_DIST_PORT=" + strconv.Itoa(s.dist),
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE=" + in("plugins"),
		"RABBITMQ_CONF_ENV_FILE=" + in("none"), "RABBITMQ_MNESIA_BASE=" + in("data"), "RABBITMQ_LOG_BASE=" + in("log"),
		"RABBITMQ_PID_FILE=" + in("pid"), "RABBITMQ_LOGS=-",
		"NOTIFY_SOCKET=" + in("none"), // the script becomes the server instead of watching over it
		// No name service is left behind: nobody looks this server up.
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-start_epmd false -erl_epmd_port " + strconv.Itoa(s.dist) + " +S 2:2 +sbwt none",
	}
	p, err := run(cmd, in("output"))
	if err != nil {
		return err
	}
	s.running = p
	if err := s.await(p); err != nil {
		p.kill()
		said, _ := os.ReadFile(in("output"))
		return fmt.Errorf("RabbitMQ did not start: %w: %s", err, said)
	}
	return nil
}

func (s *Server) await(p *process) error {
	for until := time.Now().Add(startMax); time.Now().Before(until); {
		if err := s.ask(http.MethodGet, "/api/vhosts/%2F", ""); err == nil && answers(s.Addr()) {
			return nil
		}
		select {
		case <-p.done:
			return errors.New("it ended")
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("it took too long")
}

func answers(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second) //nolint:noctx // bounded
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// vhost makes a virtual host for a test.
func (s *Server) vhost(t testing.TB) string {
	t.Helper()
	name := uuid.NewString()
	for _, put := range []struct{ path, body string }{
		{"/api/vhosts/" + name, `{}`},
		{"/api/permissions/" + name + "/" + account, `{"configure":".*","write":".*","read":".*"}`},
	} {
		if err := s.ask(http.MethodPut, put.path, put.body); err != nil {
			t.Fatalf("brokertest: %v", err)
		}
	}
	t.Cleanup(func() {
		if err := s.ask(http.MethodDelete, "/api/vhosts/"+name, ""); err != nil {
			t.Logf("brokertest: %v", err)
		}
	})
	return s.url(name)
}

// url is where a virtual host of the server can be reached.
func (s *Server) url(vhost string) string {
	return fmt.Sprintf("amqp://%s:%s@%s/%s", account, account, s.Addr(), vhost)
}

// ask sends a request to the server's management.
func (s *Server) ask(method, path, body string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	url := "http://127.0.0.1:" + strconv.Itoa(s.manage) + path
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(account, account)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, res.Status, said)
	}
	return err
}

var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// process is a server that ends with this program.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// run starts a command whose output goes to a file.
func run(cmd *exec.Cmd, output string) (*process, error) {
	out, err := os.Create(output)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the command is killed when the thread that started it ends
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	return p, <-started
}

// kill ends the process and its children. Killing twice is fine.
func (p *process) kill() {
	select {
	case <-p.done:
		return
	default:
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}
