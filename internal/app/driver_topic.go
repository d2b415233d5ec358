package app

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"

	"brigade/internal/actor"
	"brigade/internal/config"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/event/kafka"
)

// driversGroup is the consumer group of all processes that take positions from Kafka: they share the partitions.
const driversGroup = "brigade-driver-updates"

// startDriverTopic takes positions from contract D's topic, in the name of one tenant. A record is one position or a list
// of them. What is not readable, or of nobody's driver, goes to the dead letters.
func (a *App) startDriverTopic(context.Context) error {
	if len(a.cfg.Brokers.KafkaBrokers) == 0 || !a.has(config.RoleAPI) {
		return nil
	}
	door := &positionsDoor{app: a}
	c := &kafka.Consumer{Options: a.kafka("driver-updates"), Topic: kafka.DriversTopic, Group: driversGroup, Handle: door.take}
	a.run("driver updates", func(ctx context.Context) error { c.Run(ctx); return nil })
	return nil
}

// positionsDoor knows for whom records are; it asks at most once a second.
type positionsDoor struct {
	app *App

	mu    sync.Mutex
	who   actor.Actor
	until time.Time
}

// update is a position as a record says it.
type update struct {
	Driver int64      `json:"driver_id"`
	Lat    *float64   `json:"lat"`
	Lon    *float64   `json:"lon"`
	At     *time.Time `json:"at"`
}

// take takes in one record. Errors: KindInvalid, KindNotFound, KindUnavailable.
func (d *positionsDoor) take(ctx context.Context, r kafka.Record) error {
	fixes, err := readUpdates(r.Value)
	if err != nil {
		return err
	}
	who, err := d.actor(ctx)
	if err != nil {
		return errs.Unavailable("nobody to take positions for").Because(err)
	}
	v, err := d.app.deliveries.FleetPositions(ctx, who, fixes)
	if err == nil && v.Unknown > 0 {
		return errs.NotFound("%d of %d positions are of drivers that the tenant does not have", v.Unknown, len(fixes))
	}
	return err
}

func readUpdates(body []byte) ([]delivery.Fix, error) {
	var list []update
	if body = bytes.TrimSpace(body); len(body) > 0 && body[0] != '[' {
		body = append(append([]byte{'['}, body...), ']')
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, errs.Malformed("a position is {driver_id, lat, lon, at}").Because(err)
	}
	fixes := make([]delivery.Fix, len(list))
	for i, u := range list {
		if u.Driver == 0 || u.Lat == nil || u.Lon == nil {
			return nil, errs.Invalid("position %d must have driver_id, lat and lon", i)
		}
		fixes[i] = delivery.Fix{Driver: u.Driver, Point: delivery.Point{Lat: *u.Lat, Lon: *u.Lon}}
		if u.At != nil {
			fixes[i].At = u.At.UTC()
		}
	}
	return fixes, nil
}

func (d *positionsDoor) actor(ctx context.Context) (actor.Actor, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Now().Before(d.until) {
		return d.who, nil
	}
	who, err := d.app.topicActor(ctx)
	if err == nil {
		d.who, d.until = who, time.Now().Add(time.Second)
	}
	return who, err
}
