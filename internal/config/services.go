package config

import (
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"brigade/internal/errs"
)

// The roles of contract R's services.
const (
	RoleOrderService Role = "order-service"
	RoleTracking     Role = "tracking-service"
	RoleWorker       Role = "kitchen-worker"
)

// Services are contract R's services: modes, and commands of the same names.
var Services = []string{string(RoleOrderService), string(RoleWorker), string(RoleTracking), "notification-subscriber", string(RoleOrchestrator)}

// serviceFile is read when it is there, as contract R's services do.
const serviceFile = "config.yaml"

// Service is what contract R's services have in common.
type Service struct {
	Common
	Traces
	DatabaseURL URL    `name:"database-url" env:"BRIGADE_DATABASE_URL,DATABASE_URL" placeholder:"URL" help:"The Postgres that all services share (or database: in config.yaml)."`
	RabbitMQURL URL    `name:"rabbitmq-url" env:"BRIGADE_RABBITMQ_URL,RABBITMQ_URL" placeholder:"URL" help:"The RabbitMQ that all services share (or rabbitmq: in config.yaml)."`
	Tenant      string `name:"tenant" env:"BRIGADE_TENANT" placeholder:"SLUG" help:"For whom the service works (default: the only active tenant, else demo)."`

	fault error // of config.yaml
}

// contractFile is contract R's config.yaml.
type contractFile struct {
	Database server `yaml:"database"`
	RabbitMQ server `yaml:"rabbitmq"`
}

type server struct {
	Host     string `yaml:"host"`
	Port     int    `yaml:"port"`
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	Database string `yaml:"database"`
}

func (s server) url(scheme string, port int) URL {
	if s == (server{}) {
		return ""
	}
	if s.Host == "" {
		s.Host = "localhost"
	}
	if s.Port == 0 {
		s.Port = port
	}
	u := url.URL{Scheme: scheme, Host: net.JoinHostPort(s.Host, strconv.Itoa(s.Port)), Path: "/" + s.Database}
	if strings.HasPrefix(s.Host, "/") { // the folder of a socket
		u.Host, u.RawQuery = "", url.Values{"host": {s.Host}, "port": {strconv.Itoa(s.Port)}}.Encode()
	}
	if s.User != "" {
		u.User = url.UserPassword(s.User, s.Password)
	}
	return URL(u.String())
}

// fill takes from config.yaml what neither flags nor environment say.
func (s *Service) fill() {
	body, err := os.ReadFile(serviceFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var file contractFile
	if err == nil {
		err = yaml.Unmarshal(body, &file)
	}
	if err != nil {
		s.fault = err
		return
	}
	if s.DatabaseURL == "" {
		s.DatabaseURL = file.Database.url("postgres", 5432)
	}
	if s.RabbitMQURL == "" {
		s.RabbitMQURL = file.RabbitMQ.url("amqp", 5672)
	}
}

func (s *Service) checkFile(f *errs.Fields) {
	if s.fault != nil {
		f.Add(serviceFile, "cannot be read: %s", yaml.FormatError(s.fault, false, false))
	}
}

func (s *Service) checkDatabase(f *errs.Fields) {
	if s.DatabaseURL == "" {
		f.Add("--database-url", "is required, or database: in %s", serviceFile)
		return
	}
	s.DatabaseURL.check("--database-url", f)
}

func (s *Service) checkRabbitMQ(f *errs.Fields) {
	if s.RabbitMQURL == "" {
		f.Add("--rabbitmq-url", "is required, or rabbitmq: in %s", serviceFile)
		return
	}
	s.RabbitMQURL.checkScheme("--rabbitmq-url", f, "amqp", "amqps")
}

// ServicePort says where a service listens.
type ServicePort struct {
	Host string `name:"host" env:"BRIGADE_HOST" default:"127.0.0.1" placeholder:"HOST" help:"Serve HTTP on this address; whoever reaches it needs no token."`
	Port int    `name:"port" env:"BRIGADE_PORT,PORT" default:"${port}" placeholder:"PORT" help:"Serve HTTP on this port."`
}

func (p ServicePort) check(f *errs.Fields) {
	if p.Port < 0 || p.Port > 65535 {
		f.Add("--port", "must be 0 to 65535, not %d", p.Port)
	}
}

// Addr is HOST:PORT.
func (p ServicePort) Addr() string { return net.JoinHostPort(p.Host, strconv.Itoa(p.Port)) }

// OrderService is `brigade order-service`.
type OrderService struct {
	Service
	ServicePort   `set:"port=3000"`
	MaxConcurrent int `name:"max-concurrent" env:"BRIGADE_MAX_CONCURRENT" default:"50" placeholder:"N" help:"So many requests are worked on at a time; others wait a little, and are refused with 503 then."`
}

// Validate returns one KindInvalid error that names every fault, or nil.
func (o *OrderService) Validate() error {
	o.fill()
	return collect(o.Common.check, o.Traces.check, o.checkFile, o.checkDatabase, o.checkRabbitMQ, o.ServicePort.check, func(f *errs.Fields) {
		if o.MaxConcurrent < 1 || o.MaxConcurrent > 100_000 {
			f.Add("--max-concurrent", "must be 1 to 100000, not %d", o.MaxConcurrent)
		}
	})
}

// TrackingService is `brigade tracking-service`.
type TrackingService struct {
	Service
	ServicePort `set:"port=3002"`
}

// Validate returns one KindInvalid error that names every fault, or nil.
func (t *TrackingService) Validate() error {
	t.fill()
	return collect(t.Common.check, t.Traces.check, t.checkFile, t.checkDatabase, t.ServicePort.check)
}

// KitchenWorker is `brigade kitchen-worker`. What it says of the worker itself is checked by the worker.
type KitchenWorker struct {
	Service
	WorkerName        string   `name:"worker-name" env:"BRIGADE_WORKER_NAME" placeholder:"NAME" help:"Who works; no two live workers have the same name (required)."`
	OrderTypes        []string `name:"order-types" env:"BRIGADE_ORDER_TYPES" sep:"," placeholder:"TYPE,…" help:"Cook only these: dine_in, takeout, delivery (default: all)."`
	Prefetch          int      `name:"prefetch" env:"BRIGADE_PREFETCH" default:"1" placeholder:"N" help:"So many orders are cooked at a time."`
	HeartbeatInterval Interval `name:"heartbeat-interval" env:"BRIGADE_HEARTBEAT_INTERVAL" default:"30s" placeholder:"DURATION" help:"Between signs of life; 30 or 30s."`
	CookingScale      float64  `name:"cooking-scale" env:"BRIGADE_COOKING_SCALE" default:"1" placeholder:"N" help:"Times the cooking times of 8, 10 and 12 s; 0 cooks at once."`
}

// Validate returns one KindInvalid error that names every fault, or nil.
func (k *KitchenWorker) Validate() error {
	k.fill()
	return collect(k.Common.check, k.Traces.check, k.checkFile, k.checkDatabase, k.checkRabbitMQ, func(f *errs.Fields) {
		if k.Prefetch < 1 || k.Prefetch > 1000 {
			f.Add("--prefetch", "must be 1 to 1000, not %d", k.Prefetch)
		}
	})
}

// NotificationSubscriber is `brigade notification-subscriber`.
type NotificationSubscriber struct {
	Service
}

// Validate returns one KindInvalid error that names every fault, or nil.
func (n *NotificationSubscriber) Validate() error {
	n.fill()
	return collect(n.Common.check, n.Traces.check, n.checkFile, n.checkRabbitMQ)
}

// Interval is a duration that may be written as a number of seconds: 30, 30s, 1m.
type Interval time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *Interval) UnmarshalText(text []byte) error {
	if n, err := strconv.ParseFloat(string(text), 64); err == nil {
		*i = Interval(n * float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return errs.Invalid("%q is no duration like 30 or 30s", text)
	}
	*i = Interval(d)
	return nil
}
