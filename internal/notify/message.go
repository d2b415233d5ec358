package notify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"brigade/internal/errs"
)

// Channel is how somebody is told.
type Channel string

// The channels.
const (
	Console    Channel = "console"
	ByWebhook  Channel = "webhook"
	ByEmail    Channel = "email"
	ByText     Channel = "sms"
	consoleFor         = "console" // the console's recipient
)

// Status is what became of a message.
type Status string

// The statuses.
const (
	Pending   Status = "pending"
	Sent      Status = "sent"
	Failed    Status = "failed"    // given up; it can be replayed
	Collapsed Status = "collapsed" // the same was told a moment ago
)

// Message is one row of the ledger.
type Message struct {
	ID        int64
	Change    Change
	Channel   Channel
	Webhook   int64  // 0: not by webhook
	Recipient string // address or number; webhook:7; console
	Language  string
	Status    Status
	Attempts  int
	NextAt    time.Time // of the next attempt, while it is pending
	LastError string
	CreatedAt time.Time
	DoneAt    time.Time // zero: pending
}

// Lane is the queue that a message waits in. Messages of one lane are sent by one job at a time.
func (m Message) Lane() string {
	switch m.Channel {
	case ByWebhook:
		return WebhookLane(m.Webhook)
	case Console:
		return string(Console)
	default:
		return fmt.Sprintf("%s:%d", m.Channel, m.Change.Tenant)
	}
}

// WebhookLane is the lane of one webhook's messages.
func WebhookLane(id int64) string { return fmt.Sprintf("webhook:%d", id) }

// Masked is the recipient as logs and lists may show it: j…@example.com, …789.
func (m Message) Masked() string { return Mask(m.Recipient) }

// Mask hides most of an address or number.
func Mask(recipient string) string {
	if local, domain, ok := strings.Cut(recipient, "@"); ok && local != "" {
		_, n := utf8.DecodeRuneInString(local)
		return local[:n] + "…@" + domain
	}
	if strings.HasPrefix(recipient, "+") && len(recipient) > 4 {
		return "…" + recipient[len(recipient)-3:]
	}
	return recipient
}

// Contact is how the guest of an order wants to be told. Empty fields are not used.
type Contact struct {
	Email    string
	Phone    string // E.164: +34600111222
	Language string // en, es, ru; others fall back to English
}

// Validate names every faulty field, below path (KindInvalid).
func (c Contact) Validate(path string) error {
	var f errs.Fields
	if c.Email != "" && !plausibleEmail(c.Email) {
		f.Add(path+"email", "must be an e-mail address")
	}
	if c.Phone != "" && !plausiblePhone(c.Phone) {
		f.Add(path+"phone", "must be a number as +34600111222")
	}
	if len(c.Language) > 35 || strings.ContainsFunc(c.Language, func(r rune) bool {
		return r != '-' && (r < 'A' || r > 'z') && (r < '0' || r > '9')
	}) {
		f.Add(path+"language", "must be a language as en or es-MX")
	}
	return f.Err()
}

func plausibleEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && len(s) <= 254 && strings.Contains(domain, ".") && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(`<>,;"()[]\`, r)
	}) && !strings.Contains(domain, "@")
}

func plausiblePhone(s string) bool {
	return len(s) >= 8 && len(s) <= 16 && s[0] == '+' && strings.Trim(s[1:], "0123456789") == ""
}

// Audience is who may want to know.
type Audience struct {
	Webhooks []Webhook           // of all tenants concerned, enabled ones
	Contacts map[int64]Contact   // by order
	Staff    map[int64]Contact   // by outlet: its own people
	Bosses   map[int64][]Contact // by tenant: owners, and managers of all outlets
	Channels []Channel           // that this Brigade can send by
}

// Plan decides who is told of changes, in their order. It is pure.
func Plan(changes []Change, a Audience) []Message {
	var plan []Message
	for _, c := range changes {
		if c.Kind.onConsole() && slices.Contains(a.Channels, Console) {
			plan = append(plan, Message{Change: c, Channel: Console, Recipient: consoleFor, Status: Sent})
		}
		for _, w := range a.Webhooks {
			if w.wants(c) {
				plan = append(plan, Message{
					Change: c, Channel: ByWebhook, Webhook: w.ID, Recipient: WebhookLane(w.ID), Status: Pending,
				})
			}
		}
		if slices.Contains(forGuests, c.Kind) {
			plan = append(plan, forContact(c, a.Contacts[c.Facts.OrderID], a)...)
		}
		if slices.Contains(forStaff, c.Kind) && c.Alarm.urgent() {
			plan = append(plan, forContact(c, a.Staff[c.Outlet], a)...)
		}
		if c.Kind == Digest {
			for _, boss := range a.Bosses[c.Tenant] {
				plan = append(plan, forContact(c, boss, a)...)
			}
		}
	}
	return collapse(plan)
}

func forContact(c Change, contact Contact, a Audience) (plan []Message) {
	for channel, to := range map[Channel]string{ByEmail: contact.Email, ByText: contact.Phone} {
		if to != "" && slices.Contains(a.Channels, channel) {
			plan = append(plan, Message{
				Change: c, Channel: channel, Recipient: to, Language: contact.Language, Status: Pending,
			})
		}
	}
	return plan
}

// CollapseWithin is how soon the same message to the same guest about the same order is left out: something that was
// ready, made again and ready again is told once.
const CollapseWithin = 10 * time.Minute

// collapse marks what would tell a guest the same again. Integrators get every change.
func collapse(plan []Message) []Message {
	type told struct {
		order     int64
		kind      Kind
		channel   Channel
		recipient string
	}
	last := map[told]time.Time{}
	for i := range plan {
		m := &plan[i]
		if !m.Quiet() {
			continue
		}
		k := told{m.Change.Facts.OrderID, m.Change.Kind, m.Channel, m.Recipient}
		if at, ok := last[k]; ok && m.Change.At.Sub(at) < CollapseWithin {
			m.Status = Collapsed
			continue
		}
		last[k] = m.Change.At
	}
	return plan
}

// Quiet tells whether the message is left out when the same was told a moment ago. Two weeks' digests are not the same.
func (m Message) Quiet() bool {
	return (m.Channel == ByEmail || m.Channel == ByText) && m.Change.Kind != Digest
}

// WebhookOf returns whose lane it is; ok is false when it is no webhook's.
func WebhookOf(lane string) (id int64, ok bool) {
	number, ok := strings.CutPrefix(lane, "webhook:")
	id, err := strconv.ParseInt(number, 10, 64)
	return id, ok && err == nil
}
