package bench

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"brigade/internal/cli"
	"brigade/internal/config"
	"brigade/internal/event/kafka"
	"brigade/internal/telemetry"
)

// Commands are the sub-commands of `brigade bench`. Whoever embeds them gives kong a Starter.
type Commands struct {
	Orders    OrdersCmd    `cmd:"" help:"Confirm orders over HTTP: as many as go through, then at half that rate."`
	Kitchen   KitchenCmd   `cmd:"" help:"Whole lives: confirmed, assigned, started, completed, in many kitchens."`
	Paid      PaidCmd      `cmd:"" help:"Delivery orders that are paid first: as many as enter and pass payment, then at half that rate."`
	Events    EventsCmd    `cmd:"" help:"How fast events are carried: to subscribers, Kafka and RabbitMQ."`
	Services  ServicesCmd  `cmd:"" help:"Contract R: orders over HTTP, through RabbitMQ, to workers who cook at once."`
	Scheduled ScheduledCmd `cmd:"" help:"What orders for later cost while they wait, the restart with them, and how late timers ring."`
	Positions PositionsCmd `cmd:"" help:"What it costs that 10,000 drivers say where they are every 3 s, over HTTP and Kafka."`
	Nightly   NightlyCmd   `cmd:"" help:"The daily workflow of 10,000 tenants with two years of sales each."`
	Screens   ScreensCmd   `cmd:"" help:"How soon kitchen screens show what happens, and what 1,000 open ones cost."`
	Idle      IdleCmd      `cmd:"" help:"What a process costs that decides for many kitchens in which nothing happens."`
}

// Flags are what all benchmarks have.
type Flags struct {
	Config      config.File   `name:"config" env:"BRIGADE_CONFIG" placeholder:"FILE.yaml" help:"Read settings from this YAML file; it has the flags' names."`
	Duration    time.Duration `name:"duration" default:"20s" placeholder:"TIME" help:"How long the main part lasts."`
	JSON        bool          `name:"json" help:"Write the report as JSON."`
	DatabaseURL config.URL    `name:"database-url" env:"BRIGADE_DATABASE_URL,DATABASE_URL" placeholder:"URL" help:"Use this server, on which databases are made for the run and dropped afterwards (default: a private Postgres in a temporary folder)."`
	Dir         string        `name:"dir" type:"existingdir" placeholder:"DIR" help:"Where the temporary folder is made: it should be on the disk that counts."`
	Raw         bool          `name:"raw" default:"true" negatable:"" help:"Measure the raw speed of Postgres before and after."`
	CPUProfile  string        `name:"cpuprofile" type:"path" placeholder:"FILE" help:"Write a CPU profile of the main part, for go tool pprof."`
}

func (f Flags) options(env *cli.Env, start Starter) Options {
	return Options{
		Duration: f.Duration, DatabaseURL: f.DatabaseURL.Reveal(), Dir: f.Dir, SkipRaw: !f.Raw, CPUProfile: f.CPUProfile,
		Progress: env.Err, Start: start,
	}
}

// show writes the report, also that of a run that is void.
func (f Flags) show(env *cli.Env, r Report, err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("told to end before there was a result")
	}
	if err != nil && r.Check == nil {
		return err
	}
	if !f.JSON {
		r.Write(env.Out)
		return err
	}
	enc := json.NewEncoder(env.Out)
	enc.SetIndent("", "  ")
	if failure := enc.Encode(r); failure != nil {
		return failure
	}
	return err
}

// OrdersCmd is `brigade bench orders`.
type OrdersCmd struct {
	Flags
	Connections int              `name:"connections" default:"64" placeholder:"N" help:"HTTP connections, one request at a time on each."`
	Rate        float64          `name:"rate" default:"0" placeholder:"N" help:"Orders per second of the paced part (default: half of what was reached)."`
	Server      string           `name:"server" placeholder:"URL" help:"Ask this running brigade instead of one of its own; it must sell burger_combo. The raw Postgres is then measured with --database-url only."`
	Token       telemetry.Secret `name:"token" env:"BRIGADE_TOKEN" placeholder:"TOKEN" help:"Who you are at --server."`
}

// Run runs the benchmark.
func (c *OrdersCmd) Run(ctx context.Context, env *cli.Env, start Starter) error {
	o := c.options(env, start)
	o.Connections, o.Rate, o.Server, o.Token = c.Connections, c.Rate, c.Server, c.Token
	r, err := Orders(ctx, o)
	return c.show(env, r, err)
}

// KitchenCmd is `brigade bench kitchen`.
type KitchenCmd struct {
	Flags
	Kitchens int     `name:"kitchens" default:"20" placeholder:"N" help:"How many kitchens."`
	InFlight int     `name:"in-flight" default:"32" placeholder:"N" help:"Orders under way in each kitchen."`
	Rate     float64 `name:"rate" default:"200" placeholder:"N" help:"Orders per second of the paced part."`

	RedisURL config.URL `name:"redis-url" env:"BRIGADE_REDIS_URL,REDIS_URL" placeholder:"URL" help:"Show the ready queues in this Redis, which nobody else uses, and run the same before and after without it, to compare."`
}

// Run runs the benchmark.
func (c *KitchenCmd) Run(ctx context.Context, env *cli.Env, start Starter) error {
	o := c.options(env, start)
	o.Kitchens, o.InFlight, o.Rate, o.Redis = c.Kitchens, c.InFlight, c.Rate, c.RedisURL.Reveal()
	r, err := CompareRedis(ctx, o)
	return c.show(env, r, err)
}

// PaidCmd is `brigade bench paid`.
type PaidCmd struct {
	Flags
	Connections int     `name:"connections" default:"64" placeholder:"N" help:"HTTP connections, one request at a time on each."`
	InFlight    int     `name:"in-flight" default:"512" placeholder:"N" help:"Orders taken whose payment is under way."`
	Rate        float64 `name:"rate" default:"0" placeholder:"N" help:"Orders per second of the paced part (default: half of what was reached)."`
}

// Run runs the benchmark.
func (c *PaidCmd) Run(ctx context.Context, env *cli.Env, start Starter) error {
	o := c.options(env, start)
	o.Connections, o.InFlight, o.Rate = c.Connections, c.InFlight, c.Rate
	r, err := Paid(ctx, o)
	return c.show(env, r, err)
}

// ScheduledCmd is `brigade bench scheduled`.
type ScheduledCmd struct {
	Flags
	Orders int `name:"orders" default:"100000" placeholder:"N" help:"How many orders wait for tomorrow."`
	Timers int `name:"timers" default:"200" placeholder:"N" help:"How many timers ring in the end."`
}

// Run runs the benchmark.
func (c *ScheduledCmd) Run(ctx context.Context, env *cli.Env, start Starter) error {
	o := c.options(env, start)
	o.Orders, o.Timers = c.Orders, c.Timers
	r, err := Scheduled(ctx, o)
	return c.show(env, r, err)
}

// NightlyCmd is `brigade bench nightly`. Its duration is how long the night takes.
type NightlyCmd struct {
	Flags
	Tenants  int `name:"tenants" default:"10000" placeholder:"N" help:"How many tenants, each with one outlet."`
	Products int `name:"products" default:"5" placeholder:"N" help:"How many products each sells."`
	Days     int `name:"days" default:"730" placeholder:"N" help:"Of how many days there are sales."`
}

// Run runs the benchmark.
func (c *NightlyCmd) Run(ctx context.Context, env *cli.Env, start Starter) error {
	o := c.options(env, start)
	o.Tenants, o.Products, o.Days = c.Tenants, c.Products, c.Days
	r, err := Night(ctx, o)
	return c.show(env, r, err)
}

// ScreensCmd is `brigade bench screens`.
type ScreensCmd struct {
	Flags
	Kitchens    int     `name:"kitchens" default:"50" placeholder:"N" help:"How many kitchens."`
	Screens     int     `name:"screens" default:"50" placeholder:"N" help:"Screens that are watched, in turn in each kitchen."`
	Rate        float64 `name:"rate" default:"100" placeholder:"N" help:"Orders per second over all kitchens."`
	Connections int     `name:"connections" default:"1000" placeholder:"N" help:"Streams that are open in the end."`
}

// Run runs the benchmark.
func (c *ScreensCmd) Run(ctx context.Context, env *cli.Env, start Starter) error {
	o := c.options(env, start)
	o.Kitchens, o.Screens, o.Rate, o.Connections = c.Kitchens, c.Screens, c.Rate, c.Connections
	r, err := Screens(ctx, o)
	return c.show(env, r, err)
}

// IdleCmd is `brigade bench idle`.
type IdleCmd struct {
	Flags
	Kitchens int `name:"kitchens" default:"1000" placeholder:"N" help:"How many kitchens."`
}

// Run runs the benchmark.
func (c *IdleCmd) Run(ctx context.Context, env *cli.Env, start Starter) error {
	o := c.options(env, start)
	o.Kitchens = c.Kitchens
	r, err := IdleKitchens(ctx, o)
	return c.show(env, r, err)
}

// PositionsCmd is `brigade bench positions`.
type PositionsCmd struct {
	Flags
	Drivers     int           `name:"drivers" default:"10000" placeholder:"N" help:"How many drivers are at work."`
	Every       time.Duration `name:"every" default:"3s" placeholder:"TIME" help:"Between a driver's positions."`
	Batch       int           `name:"batch" default:"100" placeholder:"N" help:"Positions that a gateway sends at once; 1: every phone for itself."`
	Connections int           `name:"connections" default:"64" placeholder:"N" help:"HTTP connections, one request at a time on each."`
	config.Kafka
}

// Run runs the benchmark.
func (c *PositionsCmd) Run(ctx context.Context, env *cli.Env, start Starter) error {
	o := c.options(env, start)
	o.Drivers, o.Every, o.Batch, o.Connections = c.Drivers, c.Every, c.Batch, c.Connections
	o.Kafka = kafka.Options{Brokers: c.KafkaBrokers}
	r, err := Positions(ctx, o)
	return c.show(env, r, err)
}

// EventsCmd is `brigade bench events`.
type EventsCmd struct {
	Flags
	Events int     `name:"events" default:"100000" placeholder:"N" help:"How many events wait for each relay."`
	Rate   float64 `name:"rate" default:"1000" placeholder:"N" help:"Events per second of the paced part."`
	config.Kafka
	RabbitMQURL config.URL `name:"rabbitmq-url" env:"BRIGADE_RABBITMQ_URL,RABBITMQ_URL" placeholder:"URL" help:"Measure this RabbitMQ too: its exchange domain_events gets the events."`
}

// Run runs the benchmark.
func (c *EventsCmd) Run(ctx context.Context, env *cli.Env, start Starter) error {
	o := c.options(env, start)
	o.Events, o.Rate = c.Events, c.Rate
	o.RabbitMQ.URL, o.RabbitMQ.Name = c.RabbitMQURL.Reveal(), "brigade bench"
	o.Kafka = kafka.Options{
		Brokers: c.KafkaBrokers, TLS: c.KafkaTLS, CA: c.KafkaCA, SASL: c.KafkaSASL, User: c.KafkaUser, Password: c.KafkaPassword.Reveal(), Name: "brigade-bench",
	}
	r, err := Events(ctx, o)
	return c.show(env, r, err)
}

// ServicesCmd is `brigade bench services`.
type ServicesCmd struct {
	Flags
	Connections int        `name:"connections" default:"64" placeholder:"N" help:"HTTP connections, one request at a time on each."`
	Workers     int        `name:"workers" default:"4" placeholder:"N" help:"How many workers."`
	RabbitMQURL config.URL `name:"rabbitmq-url" env:"BRIGADE_RABBITMQ_URL,RABBITMQ_URL" placeholder:"URL" help:"A virtual host that nobody else uses (required)."`
}

// Run runs the benchmark.
func (c *ServicesCmd) Run(ctx context.Context, env *cli.Env, start Starter) error {
	o := c.options(env, start)
	o.Connections, o.Workers = c.Connections, c.Workers
	o.RabbitMQ.URL, o.RabbitMQ.Name = c.RabbitMQURL.Reveal(), "brigade bench"
	r, err := ServiceOrders(ctx, o)
	return c.show(env, r, err)
}
