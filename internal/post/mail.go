package post

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"brigade/internal/errs"
	"brigade/internal/notify"
)

// Mail carries e-mail over SMTP, one connection per message.
type Mail struct {
	from    string
	host    string
	domain  string // of message ids
	options []mail.Option
}

// NewMail returns a carrier for a server's URL: smtp://user:password@host:587 (encrypted when the server can),
// smtps://…:465 (always). Errors: KindInvalid.
func NewMail(server, from string, timeout time.Duration) (*Mail, error) {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errs.Invalid("the mail server must be a URL as smtp://user:password@host:587")
	}
	if err := mail.NewMsg().From(from); err != nil {
		return nil, errs.Invalid("the sender of mails must be an address as Brigade <orders@example.com>")
	}
	m := &Mail{from: from, host: u.Hostname(), domain: u.Hostname()}
	m.options = append(m.options, mail.WithTimeout(timeout), mail.WithTLSPortPolicy(mail.TLSOpportunistic))
	if u.Scheme == "smtps" {
		m.options = append(m.options, mail.WithSSLPort(false))
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		m.options = append(m.options, mail.WithPort(port))
	}
	if password, ok := u.User.Password(); ok {
		m.options = append(m.options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover),
			mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	return m, nil
}

// Carry implements notify.Carrier. What the server refuses for good (5xx) will never arrive.
func (m *Mail) Carry(ctx context.Context, p notify.Parcel) (int, error) {
	return m.Send(ctx, Letter{ID: p.ID, To: p.To, Subject: p.Subject, Text: string(p.Body)})
}

// Letter is a mail with files.
type Letter struct {
	ID                string // the same letter again has the same, so that it can be known
	To, Subject, Text string
	Files             []File
}

// File is attached to a letter.
type File struct {
	Name string
	Body []byte
}

// Send sends a letter and returns the server's code, as Carry.
func (m *Mail) Send(ctx context.Context, l Letter) (int, error) {
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(m.from), msg.To(l.To)); err != nil {
		return 0, errs.Permanent(err)
	}
	msg.Subject(l.Subject)
	msg.SetMessageIDWithValue(l.ID + "@" + m.domain)
	msg.SetBodyString(mail.TypeTextPlain, l.Text)
	for _, f := range l.Files {
		if err := msg.AttachReader(f.Name, bytes.NewReader(f.Body)); err != nil {
			return 0, errs.Permanent(err)
		}
	}
	client, err := mail.NewClient(m.host, m.options...)
	if err != nil {
		return 0, errs.Permanent(err)
	}
	return answered(client.DialAndSendWithContext(ctx, msg))
}

// answered tells a refusal of one message from a server that is away.
func answered(err error) (int, error) {
	if err == nil {
		return 250, nil
	}
	e, ok := errors.AsType[*mail.SendError](err)
	switch {
	case ok && e.ErrorCode() >= 500:
		return e.ErrorCode(), errs.Permanent(err)
	case ok && e.ErrorCode() >= 400:
		return e.ErrorCode(), err // try this one again
	}
	return 0, errs.Unavailable("the mail server does not take it").Because(err)
}
