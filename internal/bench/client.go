package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"brigade/internal/errs"
	"brigade/internal/telemetry"
)

// confirmer confirms orders over one HTTP/1.1 connection that is kept alive. It is written for being cheap: one
// request, in which only the order's id changes, and just enough reading to find the end of an answer. The machine's
// time belongs to the server.
type confirmer struct {
	addr    string
	request []byte
	id      []byte // the digits within request
	zero    byte   // how they are written: from '0', or from 'a'
	conn    net.Conn
	in      *bufio.Reader
}

// idDigits is how many digits tell orders of a run apart.
const idDigits = 12

// answerIn bounds one request.
const answerIn = 30 * time.Second

// newConfirmer returns a confirmer of one burger_combo an order. run starts the orders' external ids.
func newConfirmer(server, run string, token telemetry.Secret) (*confirmer, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" || u.Host == "" || (u.Path != "" && u.Path != "/") {
		return nil, errs.Invalid("--server must be http://HOST:PORT")
	}
	zeros := bytes.Repeat([]byte("0"), idDigits)
	return newPoster(u, "/api/v1/orders/confirm", fmt.Sprintf(`{"external_order_id":"%s-%s","items":{"burger_combo":1}}`, run, zeros), token, '0')
}

// newPayer returns a confirmer of delivered burger_combos that are paid first. The order's number within the run is in
// its customer's name, in letters: that is what events tell.
func newPayer(server, run string) (*confirmer, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	as := bytes.Repeat([]byte("a"), idDigits)
	return newPoster(u, "/api/v1/orders", fmt.Sprintf(`{"type":"delivery","customer_name":"%s %s","delivery_address":"1 Long Lane, Old Town",`+
		`"items":[{"sku":"burger_combo","quantity":1}],"payment":{"method":"test","token":"ok"}}`, run, as), "", 'a')
}

func newPoster(u *url.URL, path, body string, token telemetry.Secret, zero byte) (*confirmer, error) {
	addr := u.Host
	if u.Port() == "" {
		addr = net.JoinHostPort(u.Hostname(), "80")
	}
	zeros := bytes.Repeat([]byte{zero}, idDigits)
	auth := ""
	if token != "" {
		auth = "Authorization: Bearer " + token.Reveal() + "\r\n"
	}
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s",
		path, u.Host, auth, len(body), body)
	at := bytes.LastIndex(request, zeros)
	return &confirmer{addr: addr, request: request, id: request[at : at+idDigits], zero: zero}, nil
}

// confirm confirms order n and returns an error unless it was created.
func (c *confirmer) confirm(ctx context.Context, n int) error {
	status, err := c.post(ctx, n)
	if err != nil {
		c.close()
		return err
	}
	if status != 201 {
		return fmt.Errorf("HTTP status %d", status)
	}
	return nil
}

func (c *confirmer) post(ctx context.Context, n int) (status int, err error) {
	if c.conn == nil {
		if c.conn, err = (&net.Dialer{Timeout: answerIn}).DialContext(ctx, "tcp", c.addr); err != nil {
			return 0, err
		}
		c.in = bufio.NewReaderSize(c.conn, 4096)
	}
	for i := idDigits - 1; i >= 0; i-- {
		c.id[i], n = c.zero+byte(n%10), n/10
	}
	if err := c.conn.SetDeadline(time.Now().Add(answerIn)); err != nil {
		return 0, err
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return 0, err
	}
	return readAnswer(c.in)
}

func (c *confirmer) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

var errNoLength = errors.New("the answer does not tell its length")

// readAnswer reads one answer with a Content-Length and drops its body.
func readAnswer(in *bufio.Reader) (status int, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, fmt.Errorf("not an HTTP answer: %.40q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length := -1
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); len(name) == 14 && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, errNoLength
	}
	_, err = in.Discard(length)
	return status, err
}
