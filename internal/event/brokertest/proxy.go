package brokertest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Proxy stands between a client and a broker and damages their connections.
type Proxy struct {
	target   string
	listener net.Listener

	mu      sync.Mutex
	open    map[net.Conn]net.Conn // client → broker
	refuse  bool
	blocked chan struct{} // closed: bytes pass
	delay   time.Duration // of each piece, in both directions
	after   int           // cut a connection once so many bytes of the client's have passed; 0: never
}

// NewProxy starts a proxy to HOST:PORT. It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // binds at once
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: target, listener: l, open: map[net.Conn]net.Conn{}, blocked: make(chan struct{})}
	close(p.blocked)
	go p.accept()
	t.Cleanup(func() {
		_ = l.Close()
		p.Refuse(true)
	})
	return p
}

// Addr is HOST:PORT of the proxy.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// URL is a broker's URL with the proxy in its place.
func (p *Proxy) URL(broker string) string {
	u, err := url.Parse(broker)
	if err != nil {
		panic(err)
	}
	u.Host = p.Addr()
	return u.String()
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(c)
	}
}

func (p *Proxy) serve(c net.Conn) {
	b, err := net.Dial("tcp", p.target) //nolint:noctx // the broker is on this machine
	p.mu.Lock()
	if err != nil || p.refuse {
		p.mu.Unlock()
		_ = c.Close()
		if err == nil {
			_ = b.Close()
		}
		return
	}
	p.open[c] = b
	p.mu.Unlock()
	go func() {
		p.copy(c, b, false)
		p.cut(c)
	}()
	p.copy(b, c, true)
	p.cut(c)
}

func (p *Proxy) copy(to io.Writer, from io.Reader, client bool) {
	buf := make([]byte, 16<<10)
	for passed := 0; ; {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		wait, after, delay := p.blocked, p.after, p.delay
		p.mu.Unlock()
		<-wait
		if delay > 0 {
			<-time.After(delay)
		}
		if passed += n; client && after > 0 && passed > after {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) cut(c net.Conn) {
	p.mu.Lock()
	b := p.open[c]
	delete(p.open, c)
	p.mu.Unlock()
	_ = c.Close()
	if b != nil {
		_ = b.Close()
	}
}

// Drop cuts every connection.
func (p *Proxy) Drop() {
	for _, c := range p.clients() {
		p.cut(c)
	}
}

func (p *Proxy) clients() (all []net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		all = append(all, c)
	}
	return all
}

// HalfClose ends the way from the clients to the broker and leaves the way back open.
func (p *Proxy) HalfClose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.open {
		_ = b.(*net.TCPConn).CloseWrite()
	}
}

// CutAfter cuts each connection, from now on, once so many bytes of the client's have passed; 0: never.
func (p *Proxy) CutAfter(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.after = bytes
}

// Delay lets each piece of bytes take so long, from now on, in both directions.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Refuse cuts every connection and refuses new ones until it is called with false.
func (p *Proxy) Refuse(refuse bool) {
	p.mu.Lock()
	p.refuse = refuse
	p.mu.Unlock()
	if refuse {
		p.Drop()
	}
}

// Block stops all bytes, in both directions, until release is called.
func (p *Proxy) Block() (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gate := make(chan struct{})
	p.blocked = gate
	return sync.OnceFunc(func() { close(gate) })
}
