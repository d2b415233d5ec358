package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"brigade/internal/errs"
	"brigade/internal/event/kafka"
)

// driversARegion is how many drivers of the benchmark belong together.
const driversARegion = 200

// mostBatch is how many positions the API takes at once.
const mostBatch = 10_000

// Positions measures what it costs that many drivers at work say where they are, at a fixed pace: over HTTP, in batches as a
// gateway sends them, and, with brokers, over Kafka, one record each.
func Positions(ctx context.Context, o Options) (r Report, err error) {
	o = o.withDefaults()
	setDefault(&o.Drivers, 10_000)
	setDefault(&o.Every, 3*time.Second)
	setDefault(&o.Batch, 100)
	r = Report{Bench: "positions", Machine: thisMachine()}
	if err := errors.Join(o.check(), o.checkPositions()); err != nil {
		return r, err
	}
	st, err := setUp(ctx, o, Setup{HTTP: true, Demo: true, Delivery: true, Kafka: o.Kafka.Brokers})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.close(context.WithoutCancel(ctx))) }()
	db, err := pgx.Connect(ctx, st.DatabaseURL)
	if err != nil {
		return r, err
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	if r.Machine.Postgres, st.postgres, err = meet(ctx, st.DatabaseURL); err != nil {
		return r, err
	}
	f := &flock{stage: st, db: db, check: &Check{}}
	r.Check = f.check
	if err := f.hire(ctx); err != nil {
		return r, err
	}
	if r.Paced, err = f.measure(ctx, f.overHTTP); err != nil {
		return r, err
	}
	if len(o.Kafka.Brokers) > 0 {
		if r.Kafka, err = f.measure(ctx, f.overKafka); err != nil {
			return r, err
		}
	}
	return r, r.err()
}

func (o Options) checkPositions() error {
	var f errs.Fields
	if o.Drivers < 1 || o.Drivers > 1_000_000 {
		f.Add("--drivers", "must be 1 to 1000000, not %d", o.Drivers)
	}
	if o.Every < 100*time.Millisecond || o.Every > time.Hour {
		f.Add("--every", "must be from 100ms to 1h, not %v", o.Every)
	}
	if o.Batch < 1 || o.Batch > mostBatch {
		f.Add("--batch", "must be 1 to %d, not %d", mostBatch, o.Batch)
	}
	return f.Err()
}

// flock is the benchmark's drivers: they have ids one after the other.
type flock struct {
	*stage
	db    *pgx.Conn
	first int64
	check *Check
}

// hire makes drivers who are at work, so many to a region.
func (f *flock) hire(ctx context.Context) error {
	f.o.say("hiring %d drivers", f.o.Drivers)
	_, err := f.db.Exec(ctx, `insert into delivery_regions (tenant_id, slug, name, timezone)
		select t.id, 'bench-' || i, 'Bench ' || i, 'UTC' from tenants t, generate_series(0, ($1::int - 1) / $2::int) i where t.slug = 'demo'`, f.o.Drivers, driversARegion)
	if err != nil {
		return err
	}
	return f.db.QueryRow(ctx, `with hired as (
		insert into drivers (tenant_id, region_id, name, vehicle, capacity, status, online_at, seen_at)
		select r.tenant_id, r.id, 'Bench ' || i, 'moped', 3, 'WAITING_FOR_WORK', now(), now()
		from generate_series(0, $1::int - 1) i join delivery_regions r on r.slug = 'bench-' || i / $2::int order by i returning id)
		select min(id) from hired`, f.o.Drivers, driversARegion).Scan(&f.first)
}

// fix is a position as the API and the topic read it.
type fix struct {
	Driver int64     `json:"driver_id"`
	Lat    float64   `json:"lat"`
	Lon    float64   `json:"lon"`
	At     time.Time `json:"at"`
}

// fixes is what batch n holds: the next drivers in turn, who ride about.
func (f *flock) fixes(n, size int) []fix {
	list := make([]fix, size)
	now := time.Now().UTC()
	for i := range list {
		who := int64(n*size+i) % int64(f.o.Drivers)
		list[i] = fix{
			Driver: f.first + who, Lat: 40.4 + float64(who%100)*0.001 + rand.Float64()*0.0003, Lon: -3.7 + rand.Float64()*0.0003, At: now,
		}
	}
	return list
}

// measure lets the drivers send for a while, and looks whether it has all arrived.
func (f *flock) measure(ctx context.Context, send func(context.Context) *Load) (l *Load, err error) {
	began := time.Now()
	f.o.say("%d drivers say where they are every %v, for %v", f.o.Drivers, f.o.Every, f.o.Duration)
	err = f.o.profiled(func() { l = f.metered(func() *Load { return send(ctx) }) })
	if err != nil || ctx.Err() != nil {
		return l, errors.Join(err, ctx.Err())
	}
	f.check.Accepted += l.Done
	want := min(f.o.Drivers, l.Done)
	stored := 0
	for until := time.Now().Add(20 * time.Second); stored < want && time.Now().Before(until); {
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return l, err
		}
		if err := f.db.QueryRow(ctx, "select count(*) from driver_positions where at >= $1 and driver_id >= $2", began.Add(-time.Second), f.first).Scan(&stored); err != nil {
			return l, err
		}
	}
	f.check.Stored += stored
	f.check.expect(stored >= want, "the last positions of %d drivers are written, not of %d", stored, want)
	f.check.expect(l.Errors == 0, "%d were refused: %s", l.Errors, l.Error)
	return l, nil
}

// overHTTP sends batches, as gateways do.
func (f *flock) overHTTP(ctx context.Context) *Load {
	size := min(f.o.Batch, f.o.Drivers)
	rate := float64(f.o.Drivers) / f.o.Every.Seconds() / float64(size)
	client := &http.Client{Timeout: answerIn, Transport: &http.Transport{MaxIdleConnsPerHost: f.o.Connections}}
	defer client.CloseIdleConnections()
	l := atRate(ctx, "positions over HTTP", f.o.Connections, rate, f.o.Duration, func(ctx context.Context, _, n int) error {
		return f.post(ctx, client, f.fixes(n, size))
	})
	l.Done, l.PerSecond = l.Done*size, l.PerSecond*float64(size)
	return l
}

func (f *flock) post(ctx context.Context, client *http.Client, list []fix) error {
	body, err := json.Marshal(map[string]any{"positions": list})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL+"/api/v1/driver-positions", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	var v struct{ Taken int }
	if err := json.Unmarshal(text, &v); err != nil || res.StatusCode != http.StatusOK || v.Taken != len(list) {
		return fmt.Errorf("HTTP status %d, %d of %d taken: %s", res.StatusCode, v.Taken, len(list), text)
	}
	return nil
}

// overKafka sends one record for each position, as a driver's phone does.
func (f *flock) overKafka(ctx context.Context) *Load {
	cl, err := kgo.NewClient(kgo.SeedBrokers(f.o.Kafka.Brokers...), kgo.DefaultProduceTopic(kafka.DriversTopic), kgo.AllowAutoTopicCreation())
	if err != nil {
		return &Load{What: "positions over Kafka", Errors: 1, Error: err.Error()}
	}
	defer cl.Close()
	const together = 100
	size := min(together, f.o.Drivers)
	rate := float64(f.o.Drivers) / f.o.Every.Seconds() / float64(size)
	l := atRate(ctx, "positions over Kafka", f.o.Connections, rate, f.o.Duration, func(ctx context.Context, _, n int) error {
		list := f.fixes(n, size)
		records := make([]*kgo.Record, len(list))
		for i, x := range list {
			text, err := json.Marshal(x)
			if err != nil {
				return err
			}
			records[i] = &kgo.Record{Key: fmt.Append(nil, x.Driver), Value: text}
		}
		return cl.ProduceSync(ctx, records...).FirstErr()
	})
	l.Done, l.PerSecond = l.Done*size, l.PerSecond*float64(size)
	return l
}
