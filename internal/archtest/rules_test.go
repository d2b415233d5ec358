package archtest

import "slices"

// A pattern names packages: an import path, where
//   - "./" stands for this module,
//   - a "*" stands for anything within one element of the path,
//   - a last element "..." stands for the package itself and everything below,
//   - std means the standard library, and third-party every other module.
const (
	std        = "std"
	thirdParty = "third-party"
)

// rule is one arrow: what the packages of from may and may not import outside their tests. Deny is stronger than only.
type rule struct {
	from   []string
	except []string // packages of from that the rule does not hold for
	only   []string // everything else is forbidden; nil allows all
	deny   []string
	why    string
}

var (
	features = []string{
		"order", "menu", "kitchen", "worker", "delivery", "tracking", "notify", "planning", "workflow", "tenant", "channel", "stock", "network", "alert", "account",
	}
	values = []string{
		"./internal/errs", "./internal/money", "./internal/clock", "./internal/actor", "./internal/recipe", "./internal/measure", "./internal/modifier",
	}
	pure = []string{
		"./internal/recipe", "./internal/money", "./internal/modifier", "./internal/kitchen/sched", "./internal/delivery/dispatch",
		"./internal/planning/forecast", "./internal/planning/supply", "./internal/workflow/schedule",
	}
	sql      = []string{"database/sql/...", "github.com/jackc/...", "github.com/pressly/goose/...", "./internal/store/..."}
	adapters = []string{"./internal/*/*pg/..."}
	river    = []string{"github.com/riverqueue/..."}
	forTests = []string{
		"testing/...", "github.com/stretchr/testify/...", "pgregory.net/rapid", "go.uber.org/goleak",
		"./internal/archtest", "./internal/leaktest", "./internal/store/pgtest/...", "./internal/event/brokertest", "./internal/event/eventtest/...", "./internal/api/contracttest",
		"./internal/web/webtest",
	}
)

// rules are the arrows of the house.
func rules() []rule {
	all := []rule{
		{
			from: values, only: join(values, std),
			why: "value packages stand at the bottom: the standard library and each other",
		},
		{
			from: pure, only: join(values, std, "gonum.org/...", "./internal/kitchen/sched"),
			deny: []string{
				"net/...", "os/...", "io/fs", "syscall", "embed", "database/...", "log/...", "runtime/...", "context",
				"./internal/clock",
			},
			why: "deciding code is plain functions: no I/O, no clock, no logging",
		},
		{
			from: []string{"./internal/store/...", "./internal/lease/...", "./internal/telemetry/...", "./internal/live/..."},
			deny: featureTrees(features),
			why:  "what features stand on knows no feature",
		},
		{
			from: []string{"./internal/event/..."}, deny: featureTrees(features),
			why: "events are what features share; they know none of them",
		},
		{
			from: []string{"./internal/event"}, deny: join(sql, "net/http/...", "./internal/*/*pg/..."),
			why: "the envelope and the ports of events are free of technology",
		},
		{
			from: []string{"./internal/api/...", "./internal/web/..."}, except: []string{"./internal/web/webtest"}, deny: join(sql, adapters...),
			why: "api and web call services, never SQL",
		},
		{
			from: []string{"./..."}, except: []string{"./cmd/...", "./internal/web/webtest"}, deny: []string{"./internal/app/..."},
			why: "app joins everything; only cmd starts it, and tests",
		},
		{
			from: []string{"./internal/web/*/..."}, except: []string{"./internal/web/page", "./internal/web/webtest"},
			deny: []string{"./internal/web/floor", "./internal/web/shop", "./internal/web/tracking", "./internal/web/dispatch", "./internal/web/manager", "./internal/web/planning", "./internal/web/workflows", "./internal/web/network", "./internal/web/settings"},
			why:  "areas of pages share package page, and know nothing of each other",
		},
		{
			from: []string{"./cmd/..."}, deny: join(sql, join(featureTrees(features), "./internal/api/...", "./internal/web/...")...),
			why: "a command reads its flags and calls app",
		},
		{
			from: []string{"./..."}, except: forTests, deny: forTests,
			why: "what runs in production needs nothing made for tests",
		},
	}
	for _, name := range features {
		all = append(all, featureRules(name)...)
	}
	return all
}

// featureRules are the arrows of one feature: its root and what is below, its SQL, and the SQL's generated package.
func featureRules(name string) []rule {
	root := "./internal/" + name
	others := slices.DeleteFunc(slices.Clone(features), func(f string) bool { return f == name })
	return []rule{
		{
			from: []string{root + "/..."}, deny: featureTrees(others),
			why: "features meet in app, through ids, events or an interface of the one who needs it",
		},
		{
			from: []string{root + "/..."}, except: []string{root + "/*pg/..."},
			only: join(values, std, thirdParty, "./internal/event", root+"/..."),
			deny: join(sql, join(river, "net/http/...", root+"/*pg/...")...),
			why:  "a feature's domain stands on values and events; technology is in its sub-packages",
		},
		{
			from: []string{root + "/*pg/..."},
			only: join(values, std, "./internal/event/...", "./internal/store/...", root+"/...",
				"github.com/jackc/pgx/...", "github.com/google/uuid"),
			deny: []string{"net/http/..."},
			why:  "a feature's SQL knows its feature, the store and the event log",
		},
		{
			from: []string{"./..."}, except: []string{root + "/*pg"}, deny: []string{root + "/*pg/db"},
			why: "generated queries are called by the package they were generated for",
		},
	}
}

func featureTrees(names []string) []string {
	var trees []string
	for _, name := range names {
		trees = append(trees, "./internal/"+name+"/...")
	}
	return trees
}

// join returns a new list of both.
func join(list []string, more ...string) []string {
	return slices.Concat(list, more)
}
