// Package kafka carries events to Kafka and orders from it.
package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"brigade/internal/errs"
)

// Options say how Kafka is reached.
type Options struct {
	Brokers  []string // HOST:PORT of some of them
	TLS      bool
	CA       string // PEM file of the authorities to believe; "": the system's
	SASL     string // plain, scram-sha-256, scram-sha-512; "": no log-in
	User     string
	Password string
	Name     string       // of the client, for the brokers' operators
	Logger   *slog.Logger // slog.Default()
}

const connectIn = 10 * time.Second

// settings turns the options into franz-go's. Errors: KindInvalid.
func (o Options) settings() ([]kgo.Opt, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(o.Brokers...), kgo.ClientID(o.Name), kgo.DialTimeout(connectIn)}
	if o.TLS {
		c, err := o.tls()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(c))
	}
	if o.SASL != "" {
		m, err := o.mechanism()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(m))
	}
	return opts, nil
}

func (o Options) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(o.CA)
	if err != nil {
		return nil, errs.Invalid("the Kafka authorities cannot be read").Because(err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, errs.Invalid("%s holds no certificate", o.CA)
	}
	return c, nil
}

func (o Options) mechanism() (sasl.Mechanism, error) {
	switch strings.ToLower(o.SASL) {
	case "plain":
		return plain.Auth{User: o.User, Pass: o.Password}.AsMechanism(), nil
	case "scram-sha-256":
		return scram.Auth{User: o.User, Pass: o.Password}.AsSha256Mechanism(), nil
	case "scram-sha-512":
		return scram.Auth{User: o.User, Pass: o.Password}.AsSha512Mechanism(), nil
	}
	return nil, errs.Invalid("Kafka cannot be logged in to by %q", o.SASL)
}

func (o Options) log() *slog.Logger {
	if o.Logger == nil {
		return slog.Default()
	}
	return o.Logger
}

// refused says in a sentence why Kafka did not do something. Errors: KindUnavailable.
func (o Options) refused(err error) error {
	where := strings.Join(o.Brokers, ",")
	switch {
	case errors.Is(err, kerr.SaslAuthenticationFailed), errors.Is(err, kerr.UnsupportedSaslMechanism), errors.Is(err, kerr.IllegalSaslState):
		return errs.Unavailable("Kafka at %s refuses user %q: look at name, password and --kafka-sasl", where, o.User).Because(err)
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed), errors.Is(err, kerr.GroupAuthorizationFailed):
		return errs.Unavailable("user %q may not do this in Kafka at %s", o.User, where).Because(err)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errs.Unavailable("Kafka at %s shows a certificate that is not believed: name its authority with --kafka-ca", where).Because(err)
	}
	if o.User != "" { // some brokers just hang up
		return errs.Unavailable("Kafka at %s does not answer, or refuses user %q", where, o.User).Because(fmt.Errorf("kafka: %w", err))
	}
	return errs.Unavailable("Kafka at %s does not answer", where).Because(fmt.Errorf("kafka: %w", err))
}
