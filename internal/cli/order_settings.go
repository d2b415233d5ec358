package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/telemetry"
)

// settingsReply is how an outlet takes orders, as the API gives and takes it.
type settingsReply struct {
	PaymentWithin int          `json:"payment_within_seconds"`
	HandOverCode  bool         `json:"hand_over_code"`
	PosURL        string       `json:"pos_url"`
	PosSecret     string       `json:"pos_secret,omitempty"`
	PosAccept     int          `json:"pos_accept_seconds"`
	Hours         []hoursReply `json:"hours"`
	Alert         *contact     `json:"alert,omitempty"`
}

type hoursReply struct {
	Weekday int    `json:"weekday"`
	Opens   string `json:"opens"`
	Closes  string `json:"closes"`
}

type orderSettings struct {
	Outlet        string           `arg:"" name:"outlet" help:"The outlet's slug or id."`
	PaymentWithin *time.Duration   `name:"payment-within" placeholder:"DURATION" help:"An order that is not paid by then is cancelled."`
	HandOverCode  *bool            `name:"hand-over-code" negatable:"" help:"Collected and delivered only with the order's code."`
	PosURL        *string          `name:"pos-url" placeholder:"URL" help:"The external point of sale; empty: the own kitchen."`
	PosSecret     telemetry.Secret `name:"pos-secret" env:"BRIGADE_POS_SECRET" placeholder:"TEXT" help:"Signs what is sent there and what comes back; better as environment variable."`
	PosAccept     *time.Duration   `name:"pos-accept" placeholder:"DURATION" help:"An order that it has not taken by then is cancelled, and the outlet's people are told."`
	AlertEmail    *string          `name:"alert-email" placeholder:"ADDRESS" help:"Who is told when nobody makes an order."`
	AlertPhone    *string          `name:"alert-phone" placeholder:"NUMBER" help:"The same by text message, as +34600111222."`
	AlertLanguage *string          `name:"alert-language" placeholder:"CODE" help:"In which language: en, es or ru."`
	Hours         *string          `name:"hours" placeholder:"DAYS HH:MM-HH:MM,…" help:"When orders are taken, by the outlet's clock; empty: always."`

	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (orderSettings) Help() string {
	return `Shows how an outlet takes orders, and sets what is given; the rest stays.

    brigade order settings centre
    brigade order settings centre --hours "mon-fri 11:00-22:30,sat-sun 12:00-02:00" --hand-over-code
    brigade order settings centre --pos-url https://pos.example/prepare --alert-phone +34600111222`
}

// Validate reads the hours.
func (c *orderSettings) Validate() error {
	_, err := c.hours()
	return err
}

func (c *orderSettings) hours() ([]hoursReply, error) {
	if c.Hours == nil {
		return nil, nil
	}
	return readHours(*c.Hours)
}

// Run shows the settings, after it has set those that are given.
func (c *orderSettings) Run(ctx context.Context, env *Env) error {
	r := request{path: "/outlets/" + url.PathEscape(c.Outlet) + "/order-settings"}
	have, _, err := fetch[settingsReply](ctx, &c.Remote, r)
	if err != nil {
		return err
	}
	if c.change(&have) {
		r.method, r.body = http.MethodPut, have
	}
	return ask(ctx, env, &c.Remote, r, func(s settingsReply) error { return s.show(env) })
}

// change sets what was given and tells whether anything was.
func (c *orderSettings) change(s *settingsReply) (changed bool) {
	if c.PaymentWithin != nil {
		s.PaymentWithin, changed = int(c.PaymentWithin.Seconds()), true
	}
	if c.PosAccept != nil {
		s.PosAccept, changed = int(c.PosAccept.Seconds()), true
	}
	if c.HandOverCode != nil {
		s.HandOverCode, changed = *c.HandOverCode, true
	}
	if c.PosURL != nil {
		s.PosURL, changed = *c.PosURL, true
	}
	if c.PosSecret != "" {
		s.PosSecret, changed = c.PosSecret.Reveal(), true
	}
	if hours, _ := c.hours(); c.Hours != nil { // Validate has read them
		s.Hours, changed = hours, true
	}
	alert := contact{}
	if s.Alert != nil {
		alert = *s.Alert
	}
	for field, value := range map[*string]*string{&alert.Email: c.AlertEmail, &alert.Phone: c.AlertPhone, &alert.Language: c.AlertLanguage} {
		if value != nil {
			*field, s.Alert, changed = *value, &alert, true
		}
	}
	return changed
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// readHours reads "mon-fri 11:00-22:30,sat 12:00-02:00". Errors: KindInvalid.
func readHours(text string) ([]hoursReply, error) {
	list := []hoursReply{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		days, times, _ := strings.Cut(part, " ")
		first, last, ranged := strings.Cut(days, "-")
		opens, closes, ok := strings.Cut(strings.TrimSpace(times), "-")
		from, to := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if !ranged {
			to = from
		}
		if from < 0 || to < 0 || !ok {
			return nil, errs.Invalid("--hours must be like mon-fri 11:00-22:30, not %q", part)
		}
		for d := from; ; d = (d + 1) % len(weekdays) {
			list = append(list, hoursReply{d, opens, closes})
			if d == to {
				break
			}
		}
	}
	return list, nil
}

func (s settingsReply) show(env *Env) error {
	t := newTable(env.Out)
	t.row("paid within", time.Duration(s.PaymentWithin)*time.Second)
	t.row("handed over by code", s.HandOverCode)
	t.row("point of sale", orDash(s.PosURL))
	if s.PosURL != "" {
		t.row("accepted within", time.Duration(s.PosAccept)*time.Second)
	}
	if s.Alert != nil {
		t.row("alerts go to", strings.Join(strings.Fields(s.Alert.Email+" "+s.Alert.Phone+" "+s.Alert.Language), ", "))
	}
	if len(s.Hours) == 0 {
		t.row("open", "always")
	}
	for _, h := range s.Hours {
		t.row("open", fmt.Sprintf("%s %s-%s", weekdays[h.Weekday], h.Opens, h.Closes))
	}
	return t.end()
}
