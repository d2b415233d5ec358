// Package config is what Brigade can be told: flags, environment, a YAML file and defaults, in this order.
//
// The structs are made to be embedded into cmd's commands; kong fills them. Kong also calls Validate, which names all
// faults of a command at once, by flag, as one error of errs.KindInvalid. Each command gets only what it needs.
package config

import (
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/telemetry"
)

// MaxTimeScale is how many times faster than real time the product's clock may run.
const MaxTimeScale = 10_000

// Demo says what the demo does.
type Demo string

// The demos: none, a demo restaurant in which nobody acts, and one with simulated customers and cooks.
const (
	DemoOff  Demo = "off"
	DemoData Demo = "data"
	DemoBusy Demo = "busy"
)

// Role is a part of Brigade that a process can run.
type Role string

// The roles that serve can run.
const (
	RoleAPI     Role = "api"     // HTTP: everything clients and screens ask for
	RoleKitchen Role = "kitchen" // decides for its share of the kitchens
	RoleRelay   Role = "relay"   // carries events from the log to their sinks
	RoleJobs    Role = "jobs"    // does the steps that call the outside: payments, messages
	RoleSim     Role = "sim"     // plays the customers, cooks and drivers of the demo

	RoleDelivery Role = "delivery" // decides for its share of the delivery regions
)

// Roles lists the roles that serve can run.
var Roles = []Role{RoleAPI, RoleKitchen, RoleRelay, RoleJobs, RoleDelivery, RoleOrchestrator, RoleSim}

// Common is what every command has.
type Common struct {
	Config    File             `name:"config" env:"BRIGADE_CONFIG" placeholder:"FILE.yaml" help:"Read settings from this YAML file; it has the flags' names."`
	LogLevel  string           `name:"log-level" env:"BRIGADE_LOG_LEVEL" default:"info" placeholder:"LEVEL" help:"Log from this level on: debug, info, warn or error."`
	LogFormat telemetry.Format `name:"log-format" env:"BRIGADE_LOG_FORMAT" default:"auto" placeholder:"FORMAT" help:"How logs are written: json, text, or auto (text on a terminal)."`
}

func (c Common) check(f *errs.Fields) {
	if _, err := telemetry.ParseLevel(c.LogLevel); err != nil {
		f.Add("--log-level", "must be debug, info, warn or error, not %q", c.LogLevel)
	}
	if !slices.Contains([]telemetry.Format{telemetry.FormatAuto, telemetry.FormatJSON, telemetry.FormatText}, c.LogFormat) {
		f.Add("--log-format", "must be auto, json or text, not %q", c.LogFormat)
	}
}

// Level returns the log level; call it after Validate.
func (c Common) Level() slog.Level {
	level, err := telemetry.ParseLevel(c.LogLevel)
	if err != nil {
		return slog.LevelInfo
	}
	return level
}

// Database says which Postgres to use: DatabaseURL's, or a private one in the state folder.
type Database struct {
	DatabaseURL URL    `name:"database-url" env:"BRIGADE_DATABASE_URL,DATABASE_URL" placeholder:"URL" help:"Use this Postgres instead of a private one in the state folder."`
	State       string `name:"state" env:"BRIGADE_STATE" default:".brigade" placeholder:"DIR" help:"State folder; the private Postgres lives there."`
}

func (d Database) check(f *errs.Fields) {
	if d.DatabaseURL != "" {
		d.DatabaseURL.check("--database-url", f)
		return
	}
	if strings.TrimSpace(d.State) == "" {
		f.Add("--state", "must name a folder when there is no --database-url")
	}
}

// Private tells whether Brigade runs its own Postgres in the state folder.
func (d Database) Private() bool { return d.DatabaseURL == "" }

// Listen says where HTTP is served.
type Listen struct {
	Addr string `name:"addr" env:"BRIGADE_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Serve HTTP here; port 0 takes a free one."`
}

func (l Listen) check(f *errs.Fields) {
	_, port, err := net.SplitHostPort(l.Addr)
	if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 0 || n > 65535 {
		f.Add("--addr", "must be HOST:PORT with a port from 0 to 65535, not %q", l.Addr)
	}
}

// IsLoopback tells whether a HOST:PORT can be reached from this machine only. A name other than localhost, or no
// host at all, may be reached from elsewhere.
func IsLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Brokers are the systems beside Postgres that Brigade can be connected to. Each is optional.
type Brokers struct {
	Kafka
	RabbitMQURL    URL      `name:"rabbitmq-url" env:"BRIGADE_RABBITMQ_URL,RABBITMQ_URL" placeholder:"URL" help:"Carry events, orders and notifications to this RabbitMQ (amqp://user:password@host:5672/vhost, or amqps)."`
	RabbitMQTenant string   `name:"rabbitmq-tenant" env:"BRIGADE_RABBITMQ_TENANT" placeholder:"SLUG" help:"Whose orders contract R's exchanges carry (default: the only active tenant, else demo)."`
	RedisURL       URL      `name:"redis-url" env:"BRIGADE_REDIS_URL,REDIS_URL" placeholder:"URL" help:"Mirror the ready queues in this Redis (redis://user:password@host:6379/0, or rediss)."`
	OSRMURL        URL      `name:"osrm-url" env:"BRIGADE_OSRM_URL" placeholder:"URL" help:"Ask this OSRM service how long drivers' ways take (http://osrm:5000); without it, as the crow flies at learned speeds."`
	KeepEvents     Interval `name:"keep-events" env:"BRIGADE_KEEP_EVENTS" default:"0s" placeholder:"DURATION" help:"Delete events that are older and have been carried everywhere (2160h is 90 days); 0 keeps them for ever."`
}

func (b Brokers) check(f *errs.Fields) {
	b.Kafka.check(f)
	b.RabbitMQURL.checkScheme("--rabbitmq-url", f, "amqp", "amqps")
	b.RedisURL.checkScheme("--redis-url", f, "redis", "rediss", "unix")
	b.OSRMURL.checkScheme("--osrm-url", f, "http", "https")
	if b.KeepEvents != 0 && b.KeepEvents < Interval(time.Hour) {
		f.Add("--keep-events", "must be 0 or at least 1h")
	}
}

// Kafka says how Kafka is reached.
type Kafka struct {
	KafkaBrokers  []string `name:"kafka-brokers" env:"BRIGADE_KAFKA_BROKERS" sep:"," placeholder:"HOST:PORT,…" help:"Carry events to this Kafka, and take orders from its topic orders."`
	KafkaTLS      bool     `name:"kafka-tls" env:"BRIGADE_KAFKA_TLS" help:"Reach Kafka over TLS."`
	KafkaCA       string   `name:"kafka-ca" env:"BRIGADE_KAFKA_CA" placeholder:"FILE.pem" help:"Believe these authorities (default: the system's)."`
	KafkaSASL     string   `name:"kafka-sasl" env:"BRIGADE_KAFKA_SASL" placeholder:"MECHANISM" help:"Log in to Kafka: plain, scram-sha-256 or scram-sha-512."`
	KafkaUser     string   `name:"kafka-user" env:"BRIGADE_KAFKA_USER" placeholder:"NAME" help:"Who logs in."`
	KafkaPassword Secret   `name:"kafka-password" env:"BRIGADE_KAFKA_PASSWORD" placeholder:"PASSWORD" help:"With what password; better in the environment."`
	KafkaTenant   string   `name:"kafka-tenant" env:"BRIGADE_KAFKA_TENANT" placeholder:"SLUG" help:"Whose orders come in by topic orders (default: the only active tenant, else demo)."`
}

// Check notes everything that is wrong with it.
func (k Kafka) Check(f *errs.Fields) { k.check(f) }

func (k Kafka) check(f *errs.Fields) {
	for _, b := range k.KafkaBrokers {
		if _, port, err := net.SplitHostPort(b); err != nil || port == "" {
			f.Add("--kafka-brokers", "must be HOST:PORT,…, not %q", b)
		}
	}
	if !slices.Contains([]string{"", "plain", "scram-sha-256", "scram-sha-512"}, strings.ToLower(k.KafkaSASL)) {
		f.Add("--kafka-sasl", "must be plain, scram-sha-256 or scram-sha-512, not %q", k.KafkaSASL)
	}
	if k.KafkaSASL != "" && k.KafkaUser == "" {
		f.Add("--kafka-user", "is needed to log in")
	}
	if k.KafkaCA != "" && !k.KafkaTLS {
		f.Add("--kafka-ca", "needs --kafka-tls")
	}
}

// Kitchen is how the kitchens and the product's clock run.
type Kitchen struct {
	AutoComplete bool    `name:"auto-complete" env:"BRIGADE_AUTO_COMPLETE" default:"true" negatable:"" help:"A started task completes by itself after its estimate."`
	TimeScale    float64 `name:"time-scale" env:"BRIGADE_TIME_SCALE" default:"1" placeholder:"N" help:"The product's clock runs N times faster: estimates, timers, schedules."`
}

func (d Demo) check(f *errs.Fields) {
	if !slices.Contains([]Demo{DemoOff, DemoData, DemoBusy}, d) {
		f.Add("--demo", "must be off, data or busy, not %q", d)
	}
}

func (k Kitchen) check(f *errs.Fields) {
	if !(k.TimeScale > 0 && k.TimeScale <= MaxTimeScale) { // also refuses NaN
		f.Add("--time-scale", "must be above 0 and at most %d, not %v", MaxTimeScale, k.TimeScale)
	}
}

// Up is `brigade up`: everything in one process.
type Up struct {
	Common
	Listen
	Database
	Kitchen
	Brokers
	Notify
	Pages
	Traces
	Workflows
	Demo Demo `name:"demo" env:"BRIGADE_DEMO" default:"busy" placeholder:"off|data|busy" help:"The demo restaurant: off, data (nobody acts) or busy (simulated customers and cooks)."`
}

// Validate returns one KindInvalid error that names every fault, or nil.
func (u Up) Validate() error {
	return collect(u.Common.check, u.Listen.check, u.Database.check, u.Kitchen.check, u.Brokers.check, u.Notify.check, u.Pages.check, u.Traces.check, u.Workflows.check, u.Demo.check)
}

// Serve is `brigade serve`: chosen roles, for many machines over one Postgres.
type Serve struct {
	Common
	Listen
	Shared
	Kitchen
	Brokers
	Notify
	Pages
	Traces
	Workflows
	Demo Demo   `name:"demo" env:"BRIGADE_DEMO" default:"off" placeholder:"off|data|busy" help:"The demo restaurant: off, data (nobody acts) or busy (simulated customers and cooks)."`
	Role []Role `name:"role" env:"BRIGADE_ROLE" sep:"," placeholder:"ROLE,…" help:"Roles to run: api, kitchen, relay, jobs, delivery, orchestrator, sim."`
}

// Shared is the Postgres that many processes use.
type Shared struct {
	DatabaseURL URL `name:"database-url" env:"BRIGADE_DATABASE_URL,DATABASE_URL" placeholder:"URL" help:"The Postgres that all processes share (required)."`
}

func (s Shared) check(f *errs.Fields) {
	if s.DatabaseURL == "" {
		f.Add("--database-url", "is required: the processes meet in one Postgres")
		return
	}
	s.DatabaseURL.check("--database-url", f)
}

// Validate returns one KindInvalid error that names every fault, or nil.
func (s Serve) Validate() error {
	return collect(s.Common.check, s.Listen.check, s.Shared.check, s.Kitchen.check, s.Brokers.check,
		s.Notify.check, s.Pages.check, s.Traces.check, s.Workflows.check, s.Demo.check, s.checkRoles)
}

func (s Serve) checkRoles(f *errs.Fields) {
	if len(s.Role) == 0 {
		f.Add("--role", "must name at least one of %s", roleNames())
	}
	for i, r := range s.Role {
		switch {
		case !slices.Contains(Roles, r):
			f.Add("--role", "must be one of %s, not %q", roleNames(), r)
		case slices.Contains(s.Role[:i], r):
			f.Add("--role", "names %s twice", r)
		}
	}
	if slices.Contains(s.Role, RoleSim) && s.Demo != DemoBusy {
		f.Add("--role", "sim plays the busy demo: it needs --demo busy")
	}
}

func roleNames() string {
	names := make([]string, len(Roles))
	for i, r := range Roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// Migrate is `brigade migrate up|down|status`; cmd adds which of them.
type Migrate struct {
	Common
	Database
}

// Validate returns one KindInvalid error that names every fault, or nil.
func (m Migrate) Validate() error { return collect(m.Common.check, m.Database.check) }

// Load is `brigade load FILE.yaml`.
type Load struct {
	Common
	Database
	File   string `arg:"" name:"file" type:"existingfile" help:"Tenants, menus, recipes, stations, machines, staff."`
	DryRun bool   `name:"dry-run" env:"BRIGADE_DRY_RUN" help:"Show what would change, change nothing."`
}

// Validate returns one KindInvalid error that names every fault, or nil.
func (l Load) Validate() error { return collect(l.Common.check, l.Database.check) }

func collect(checks ...func(*errs.Fields)) error {
	var f errs.Fields
	for _, check := range checks {
		check(&f)
	}
	return f.Err()
}
