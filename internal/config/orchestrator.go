package config

import (
	"net/url"
	"time"

	"brigade/internal/errs"
)

// RoleOrchestrator does workflows: what is to be done every night, every week, or when somebody asks.
const RoleOrchestrator Role = "orchestrator"

// OrchestratorPort is where the orchestrator serves HTTP when it runs alone.
const OrchestratorPort = 8018

// Workflows says when workflows are done, who decides, and who does steps that are done elsewhere.
type Workflows struct {
	DailyCron   string `name:"daily-workflow-cron" env:"BRIGADE_DAILY_WORKFLOW_CRON,DAILY_WORKFLOW_CRON" default:"0 8 * * *" placeholder:"CRON" help:"When the daily workflow is done, by each tenant's clock."`
	WeeklyCron  string `name:"weekly-workflow-cron" env:"BRIGADE_WEEKLY_WORKFLOW_CRON,WEEKLY_WORKFLOW_CRON" default:"0 9 * * 1" placeholder:"CRON" help:"When the weekly workflow is done."`
	DefaultZone string `name:"default-timezone" env:"BRIGADE_DEFAULT_TIMEZONE,DEFAULT_TIMEZONE" default:"Europe/Madrid" placeholder:"ZONE" help:"The zone of workflows that name none."`
	MaxRun      int    `name:"max-workflow-duration" env:"BRIGADE_MAX_WORKFLOW_DURATION_SECONDS,MAX_WORKFLOW_DURATION_SECONDS" default:"3600" placeholder:"SECONDS" help:"A built-in workflow that takes longer is ended."`

	Election  bool     `name:"leader-election" env:"BRIGADE_ENABLE_LEADER_ELECTION,ENABLE_LEADER_ELECTION" default:"true" negatable:"" help:"One of the orchestrators decides when workflows begin. Without it, run one alone."`
	Heartbeat Interval `name:"leader-heartbeat" env:"BRIGADE_LEADER_HEARTBEAT_SECONDS,LEADER_HEARTBEAT_SECONDS" default:"30s" placeholder:"DURATION" help:"Between its signs of life; 30 or 30s."`
	LockTTL   Interval `name:"leader-lock-ttl" env:"BRIGADE_LEADER_LOCK_TTL_SECONDS,LEADER_LOCK_TTL_SECONDS" default:"90s" placeholder:"DURATION" help:"Without one for so long, another takes over."`

	StepLease Interval `name:"step-lease" env:"BRIGADE_STEP_LEASE" default:"15s" placeholder:"DURATION" help:"What a process does of workflows is done by others when it gives no sign of life for so long."`

	ForecastingURL URL `name:"forecasting-service-url" env:"BRIGADE_FORECASTING_SERVICE_URL,FORECASTING_SERVICE_URL" placeholder:"URL" help:"This service makes the forecasts."`
	ProductionURL  URL `name:"production-service-url" env:"BRIGADE_PRODUCTION_SERVICE_URL,PRODUCTION_SERVICE_URL" placeholder:"URL" help:"This service plans the production."`
	ProcurementURL URL `name:"procurement-service-url" env:"BRIGADE_PROCUREMENT_SERVICE_URL,PROCUREMENT_SERVICE_URL" placeholder:"URL" help:"This service says what is to be bought."`
	InventoryURL   URL `name:"inventory-service-url" env:"BRIGADE_INVENTORY_SERVICE_URL,INVENTORY_SERVICE_URL" placeholder:"URL" help:"This service projects the stock."`

	ReportRole string `name:"report-role" env:"BRIGADE_REPORT_ROLE" placeholder:"ROLE" help:"Reports in SQL are made as this role of Postgres, which should only read."`
}

// Alone tells whether this process decides without asking others. The zero value does not.
func (w Workflows) Alone() bool { return !w.Election && w.LockTTL != 0 }

// Check notes everything that is wrong with it.
func (w Workflows) Check(f *errs.Fields) { w.check(f) }

func (w Workflows) check(f *errs.Fields) {
	if _, err := time.LoadLocation(w.DefaultZone); err != nil {
		f.Add("--default-timezone", "must be a zone like Europe/Madrid, not %q", w.DefaultZone)
	}
	if w.MaxRun < 0 || w.MaxRun > 24*60*60 {
		f.Add("--max-workflow-duration", "must be 1 to 86400 seconds")
	}
	if w.Heartbeat < 0 || w.LockTTL < 0 || w.LockTTL != 0 && w.LockTTL < 2*w.Heartbeat {
		f.Add("--leader-lock-ttl", "must be at least twice --leader-heartbeat")
	}
	if w.StepLease != 0 && w.StepLease < Interval(time.Second) {
		f.Add("--step-lease", "must be at least 1s")
	}
	for name, u := range map[string]URL{
		"--forecasting-service-url": w.ForecastingURL, "--production-service-url": w.ProductionURL,
		"--procurement-service-url": w.ProcurementURL, "--inventory-service-url": w.InventoryURL,
	} {
		if parsed, err := url.Parse(u.Reveal()); u != "" && (err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https") {
			f.Add(name, "must be http://HOST:PORT or https://HOST:PORT")
		}
	}
}

// Orchestrator is `brigade orchestrator`: contract O's service, alone on its port.
type Orchestrator struct {
	Service
	ServicePort `set:"port=8018"`
	Workflows
	RedisURL URL `name:"redis-url" env:"BRIGADE_REDIS_URL,REDIS_URL" placeholder:"URL" help:"A Redis to share what was read (redis://user:password@host:6379/0)."`
}

// Validate returns one KindInvalid error that names every fault, or nil.
func (o *Orchestrator) Validate() error {
	o.fill()
	return collect(o.Common.check, o.Traces.check, o.checkFile, o.checkDatabase, o.ServicePort.check, o.Workflows.check, func(f *errs.Fields) {
		o.RabbitMQURL.checkScheme("--rabbitmq-url", f, "amqp", "amqps")
		o.RedisURL.checkScheme("--redis-url", f, "redis", "rediss", "unix")
	})
}
