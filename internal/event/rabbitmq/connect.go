// Package rabbitmq carries events to RabbitMQ and messages from it. Connections are made when they are needed and made
// again when they are lost, with everything that they declared; nothing here keeps what Postgres does not hold as well.
package rabbitmq

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"brigade/internal/errs"
)

// Options say how RabbitMQ is reached.
type Options struct {
	URL    string       // amqp://user:password@host:5672/vhost, or amqps:// with ?cacertfile=…&certfile=…&keyfile=…
	Name   string       // of the connection, for the broker's operators
	TLS    *tls.Config  // for amqps; nil: as the URL says
	Logger *slog.Logger // slog.Default()
}

const (
	connectIn = 10 * time.Second
	heartbeat = 10 * time.Second // a broker that is silent for longer is gone
)

// CheckURL returns a KindInvalid error when a URL cannot be one of RabbitMQ. It shows no password.
func CheckURL(s string) error {
	if _, err := amqp.ParseURI(s); err != nil {
		return errs.Invalid("must be like amqp://user:password@host:5672/vhost, or amqps:// for TLS")
	}
	return nil
}

// checkFiles tells which file that a URL names cannot be read. Errors: KindInvalid.
func (o Options) checkFiles() error {
	u, err := url.Parse(o.URL)
	if err != nil {
		return CheckURL(o.URL)
	}
	for _, name := range []string{"cacertfile", "certfile", "keyfile"} {
		file := u.Query().Get(name)
		if file == "" {
			continue
		}
		if _, err := os.ReadFile(file); err != nil {
			return errs.Invalid("the %s of the RabbitMQ URL cannot be read", name).Because(err)
		}
	}
	return nil
}

// link is one connection.
type link struct {
	*amqp.Connection
	wire *wire
}

// cut ends the connection without a word.
func (l *link) cut() {
	_ = l.wire.Close()
	_ = l.Connection.Close()
}

// connect makes a connection, or says in one sentence why there is none.
func connect(ctx context.Context, o Options) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, connectIn)
	defer cancel()
	var w *wire
	var watch func() bool
	c, err := amqp.DialConfig(o.URL, amqp.Config{
		Heartbeat: heartbeat, TLSClientConfig: o.TLS, Properties: amqp.Table{"connection_name": o.Name, "product": "Brigade"},
		Dial: func(network, addr string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			w = &wire{Conn: c}
			watch = context.AfterFunc(ctx, func() { _ = c.Close() }) // so that a silent broker does not hold us
			return w, nil
		},
	})
	if watch != nil && !watch() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, refused(o.URL, err)
	}
	return &link{c, w}, nil
}

// refused says what is wrong with a connection that was not made.
func refused(rawURL string, err error) error {
	host, user := "", ""
	if u, e := url.Parse(rawURL); e == nil {
		host, user = u.Host, u.User.Username()
	}
	var e *amqp.Error
	switch {
	case errors.Is(err, amqp.ErrCredentials), errors.As(err, &e) && e.Code == amqp.AccessRefused:
		return errs.Unavailable("RabbitMQ at %s refuses user %q: look at name, password and rights in the RabbitMQ URL", host, user).Because(err)
	case errors.Is(err, amqp.ErrVhost), errors.As(err, &e) && e.Code == amqp.NotAllowed:
		return errs.Unavailable("RabbitMQ at %s has no virtual host like that of the RabbitMQ URL, or user %q may not use it", host, user).Because(err)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errs.Unavailable("RabbitMQ at %s shows a certificate that is not believed: name its authority with ?cacertfile= in the RabbitMQ URL", host).Because(err)
	}
	return errs.Unavailable("RabbitMQ at %s cannot be reached", host).Because(err)
}

// Prepare connects once, declares every exchange and queue, and tells what is wrong, if anything is.
// Errors: KindUnavailable, KindInvalid for a URL that names files that are not there.
func Prepare(ctx context.Context, o Options) error {
	if err := o.checkFiles(); err != nil {
		return err
	}
	l, err := connect(ctx, o)
	if err != nil {
		return err
	}
	defer l.cut()
	defer context.AfterFunc(ctx, func() { _ = l.wire.Close() })()
	if err := declare(l.Connection); err != nil {
		return errs.Unavailable("RabbitMQ cannot be prepared").Because(err)
	}
	return l.Close()
}

// wire is a connection that can hold back what is written, so that many messages travel in one piece.
type wire struct {
	net.Conn
	mu     sync.Mutex
	corked bool
	buf    []byte
}

// pieceSize is how much is held back at most.
const pieceSize = 64 << 10

// Write implements net.Conn.
func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.corked {
		return w.Conn.Write(b)
	}
	w.buf = append(w.buf, b...)
	if len(w.buf) < pieceSize {
		return len(b), nil
	}
	return len(b), w.flush()
}

func (w *wire) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.Conn.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// cork holds back what is written until uncork.
func (w *wire) cork() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.corked = true
}

// uncork sends what was held back.
func (w *wire) uncork() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.corked = false
	return w.flush()
}
