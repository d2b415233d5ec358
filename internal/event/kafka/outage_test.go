package kafka_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/brokertest"
	"brigade/internal/event/eventtest"
	"brigade/internal/event/kafka"
)

// until tries something again and again.
func until(t *testing.T, what string, try func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !try(); <-time.After(50 * time.Millisecond) {
		require.True(t, time.Now().Before(end), what)
	}
}

// Every way to log in, over TLS and without, for who believes the brokers' certificate.
func TestTLSAndLogIn(t *testing.T) {
	t.Parallel()
	certs := brokertest.NewCerts(t)
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprint(mechanism, " TLS ", secure), func(t *testing.T) {
				t.Parallel()
				opts := []kfake.Opt{kfake.EnableSASL(), kfake.Superuser(mechanism, "brigade", "secret")}
				o := kafka.Options{SASL: strings.ToLower(mechanism), User: "brigade", Password: "secret", TLS: secure}
				if secure {
					opts = append(opts, kfake.TLS(certs.Server(t)))
					o.CA = certs.CA
				}
				o.Brokers = cluster(t, opts...).ListenAddrs()
				testLogIn(t, o)
			})
		}
	}
}

func testLogIn(t *testing.T, o kafka.Options) {
	require.NoError(t, kafka.Check(t.Context(), o))
	s := kafka.NewSink(o)
	defer s.Close()
	require.NoError(t, s.Publish(t.Context(), eventtest.Interleaved(3, 3)))
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	require.NoError(t, kafka.Follow(ctx, o, true, func(event.Event) error {
		if n++; n == 9 {
			cancel()
		}
		return nil
	}))
	require.Equal(t, 9, n)
	wrong := o
	wrong.Password = "sesame"
	require.ErrorContains(t, kafka.Check(t.Context(), wrong), `user "brigade"`)
	if o.TLS {
		stranger := o
		stranger.CA = brokertest.NewCerts(t).CA
		require.ErrorContains(t, kafka.Check(t.Context(), stranger), "certificate that is not believed")
	}
}

func TestFilesOfAuthorities(t *testing.T) {
	t.Parallel()
	certs := brokertest.NewCerts(t)
	err := kafka.Check(t.Context(), kafka.Options{Brokers: []string{"127.0.0.1:1"}, TLS: true, CA: certs.Key})
	require.True(t, errs.Is(err, errs.KindInvalid), "%v", err)
	require.ErrorContains(t, err, "holds no certificate")
	err = kafka.Check(t.Context(), kafka.Options{Brokers: []string{"127.0.0.1:1"}, TLS: true, CA: "/nowhere"})
	require.True(t, errs.Is(err, errs.KindInvalid), "%v", err)
}

// Who is refused says so, tries on, and works once the password is the one that he has.
func TestCredentialsSetRightLater(t *testing.T) {
	t.Parallel()
	c := cluster(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "admin", "admin"), kfake.SeedTopics(1, kafka.OrdersTopic))
	o := kafka.Options{Brokers: c.ListenAddrs(), SASL: "scram-sha-256", User: "late", Password: "secret", Logger: slog.New(slog.DiscardHandler)}
	s := kafka.NewSink(o)
	defer s.Close()
	publish := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return s.Publish(ctx, eventtest.Interleaved(2, 2))
	}
	require.Error(t, publish())
	setPassword(t, c, "late", "secret")
	until(t, "let in", func() bool { return publish() == nil })
}

// setPassword makes somebody known to a cluster whose administrator is admin.
func setPassword(t *testing.T, c *kfake.Cluster, user, password string) {
	cl := client(t, c, kgo.SASL(scram.Auth{User: "admin", Pass: "admin"}.AsSha256Mechanism()))
	salt := []byte("of the sea, for tests")
	req := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	up := kmsg.NewAlterUserSCRAMCredentialsRequestUpsertion()
	up.Name, up.Mechanism, up.Iterations, up.Salt = user, 1, 4096, salt
	salted, err := pbkdf2.Key(sha256.New, password, salt, 4096, sha256.Size)
	require.NoError(t, err)
	up.SaltedPassword = salted
	req.Upsertions = append(req.Upsertions, up)
	res, err := req.RequestWith(t.Context(), cl)
	require.NoError(t, err)
	require.Zero(t, res.Results[0].ErrorCode)
}

// Kafka ends and comes back with its data, under load: nothing is lost, each aggregate's events stay in their order,
// and records that were taken do not count twice.
func TestKafkaGoesAndComesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	port := brokertest.Port(t)
	start := func() *kfake.Cluster {
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(dir), kfake.Ports(port), kfake.SeedTopics(3, kafka.Topic("kitchen"), kafka.OrdersTopic))
		require.NoError(t, err)
		return c
	}
	c := start()
	address := c.ListenAddrs()
	in := newInbox()
	stop := consume(t, address, in.take)
	defer stop()
	s := kafka.NewSink(kafka.Options{Brokers: address, Logger: slog.New(slog.DiscardHandler)})
	defer s.Close()
	events := eventtest.Interleaved(50, 40)
	produce(t, client(t, c), "o1", "o2")
	back := make(chan *kfake.Cluster, 1)
	for i := 0; i < len(events); i += 100 {
		if i == 800 {
			go func() { c.Close(); back <- start() }()
		}
		until(t, "published", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			return s.Publish(ctx, events[i:i+100]) == nil
		})
	}
	c = <-back
	defer c.Close()
	produce(t, client(t, c), "o3", "o4")
	in.await(t, 4)
	readAll(t, c, events)
}

// readAll reads a cluster's kitchen events until all of some have come, in order.
func readAll(t *testing.T, c *kfake.Cluster, events []event.Event) {
	cl := client(t, c, kgo.ConsumeTopics(kafka.Topic("kitchen")), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	consumer := eventtest.NewConsumer()
	for consumer.Len() < len(events) {
		for _, r := range cl.PollFetches(ctx).Records() {
			var e event.Event
			require.NoError(t, json.Unmarshal(r.Value, &e))
			require.NoError(t, consumer.Take(e))
		}
		require.NoError(t, ctx.Err(), "%d of %d", consumer.Len(), len(events))
	}
}

// Follow ends with the error of who takes the events.
func TestFollowEndsWithItsTaker(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	o := kafka.Options{Brokers: c.ListenAddrs()}
	s := kafka.NewSink(o)
	defer s.Close()
	require.NoError(t, s.Publish(t.Context(), eventtest.Interleaved(1, 1)))
	full := errors.New("the disk is full")
	require.ErrorIs(t, kafka.Follow(t.Context(), o, true, func(event.Event) error { return full }), full)
}
