package config

import (
	"strings"
	"time"

	"brigade/internal/errs"
)

// Notify says how customers and integrators are told what becomes of orders. Webhooks need no settings.
type Notify struct {
	Mail            URL    `name:"mail-url" env:"BRIGADE_MAIL_URL" placeholder:"URL" help:"Send e-mail through this server: smtp://user:password@host:587, or smtps://…:465."`
	MailFrom        string `name:"mail-from" env:"BRIGADE_MAIL_FROM" placeholder:"ADDRESS" help:"Who e-mail is from, as in Brigade <orders@example.com>."`
	SMS             URL    `name:"sms-url" env:"BRIGADE_SMS_URL" placeholder:"URL" help:"Send text messages by a POST to this URL; {to} and {text} stand for number and text."`
	SMSBody         string `name:"sms-body" env:"BRIGADE_SMS_BODY" placeholder:"FORM" help:"The form that is posted there (default: to={to}&text={text})."`
	SMSAuth         URL    `name:"sms-authorization" env:"BRIGADE_SMS_AUTHORIZATION" placeholder:"HEADER" help:"The Authorization header that the provider wants; better in the environment."`
	Console         bool   `name:"notify-console" env:"BRIGADE_NOTIFY_CONSOLE" help:"Write each change of an order to the log, too."`
	PrivateWebhooks bool   `name:"allow-private-webhooks" env:"BRIGADE_ALLOW_PRIVATE_WEBHOOKS" help:"Let webhooks lead into private networks and to this machine."`

	KeepNotifications Interval `name:"keep-notifications" env:"BRIGADE_KEEP_NOTIFICATIONS" default:"2160h" placeholder:"DURATION" help:"Delete messages to guests and integrators, with their attempts, so long after they were sent or given up (2160h is 90 days); 0 keeps them for ever."`
}

func (n Notify) check(f *errs.Fields) {
	mail, sms := n.Mail.Reveal(), n.SMS.Reveal()
	if mail != "" && !strings.HasPrefix(mail, "smtp://") && !strings.HasPrefix(mail, "smtps://") {
		f.Add("--mail-url", "must begin with smtp:// or smtps://")
	}
	if mail != "" && n.MailFrom == "" {
		f.Add("--mail-from", "is needed with --mail-url")
	}
	if n.KeepNotifications != 0 && n.KeepNotifications < Interval(time.Hour) {
		f.Add("--keep-notifications", "must be 0 or at least 1h")
	}
	if sms != "" && !strings.HasPrefix(sms, "https://") && !strings.HasPrefix(sms, "http://") {
		f.Add("--sms-url", "must begin with https:// or http://")
	}
}
