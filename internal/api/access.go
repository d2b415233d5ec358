package api

import (
	"slices"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// access says who may use a route.
type access struct {
	public bool         // without a token
	roles  []actor.Role // besides owners, who may do everything
}

// Who may do what.
var (
	public     = access{public: true}
	everyRole  = access{roles: actor.Roles}
	ownersOnly = access{}
	placers    = access{roles: []actor.Role{actor.Manager, actor.Integrator, actor.Customer}}
	managers   = access{roles: []actor.Role{actor.Manager}}

	integrators = access{roles: []actor.Role{actor.Manager, actor.Integrator}}
	editors     = access{roles: []actor.Role{actor.Manager, actor.Integrator}}
	cooks       = access{roles: []actor.Role{actor.Manager, actor.Cook}}
	providers   = access{roles: []actor.Role{actor.Channel}}
	drivers     = access{roles: []actor.Role{actor.Driver, actor.Manager}}
	staff       = access{roles: []actor.Role{actor.Manager, actor.Cook, actor.Driver, actor.Integrator}}
)

// planners see to workflows: a tenant's managers, and the operator.
var planners = access{roles: []actor.Role{actor.Manager, actor.System}}

var providersAndStaff = access{roles: []actor.Role{actor.Manager, actor.Cook, actor.Integrator, actor.Channel}}

// rights is the one table of who may use which route. A route that is not here cannot be added.
var rights = map[string]access{
	"GET /health":       public,
	"GET /ready":        public,
	"GET /metrics":      public,
	"GET /openapi.json": public,
	"GET /openapi.yaml": public,
	"GET /docs":         public,
	"GET /docs/{file}":  public,

	"POST /api/v1/orders":                   placers,
	"GET /api/v1/orders":                    everyRole,
	"GET /api/v1/orders/{ref}":              everyRole,
	"GET /api/v1/orders/{ref}/history":      everyRole,
	"GET /api/v1/orders/{ref}/explain":      staff,
	"POST /api/v1/orders/{ref}/hand-over":   cooks,
	"POST /api/v1/orders/{ref}/cancel":      editors,
	"POST /api/v1/orders/{ref}/lines":       editors,
	"PUT /api/v1/orders/{ref}/lines/{line}": editors,
	"POST /api/v1/orders/{ref}/rush":        cooks,
	"DELETE /api/v1/orders/{ref}/rush":      cooks,
	"POST /api/v1/orders/{ref}/hold":        cooks,
	"POST /api/v1/orders/{ref}/fire":        cooks,
	"POST /api/v1/orders/{ref}/remake":      cooks,
	"GET /api/v1/menu":                      everyRole,
	"POST /api/v1/quotes":                   placers,

	"GET /api/v1/stuck":                           staff,
	"GET /api/v1/orders/{ref}/file":               placers,
	"POST /api/v1/orders/{ref}/resolve":           managers,
	"PUT /api/v1/orders/{ref}/ready-at":           placers,
	"GET /api/v1/outlets/{outlet}/order-settings": managers,
	"PUT /api/v1/outlets/{outlet}/order-settings": managers,
	"GET /api/v1/outlets/{outlet}/admission":      staff,
	"PUT /api/v1/outlets/{outlet}/admission":      managers,
	"GET /api/v1/outlets/{outlet}/rules":          staff,
	"PUT /api/v1/outlets/{outlet}/rules":          managers,
	"POST /api/v1/payments/stripe/webhook":        public,
	"POST /api/v1/outlets/{outlet}/pos":           public,

	"GET /api/v1/outlets/{outlet}/setup":                    integrators,
	"PUT /api/v1/outlets/{outlet}/setup/stations/{name}":    editors,
	"PUT /api/v1/outlets/{outlet}/setup/machines/{name}":    editors,
	"PUT /api/v1/outlets/{outlet}/setup/staff/{name}":       editors,
	"PUT /api/v1/outlets/{outlet}/setup/items/{name}":       editors,
	"DELETE /api/v1/outlets/{outlet}/setup/stations/{name}": editors,
	"DELETE /api/v1/outlets/{outlet}/setup/machines/{name}": editors,
	"DELETE /api/v1/outlets/{outlet}/setup/staff/{name}":    editors,
	"DELETE /api/v1/outlets/{outlet}/setup/items/{name}":    editors,

	"GET /api/v1/channels":                                  integrators,
	"POST /api/v1/channels":                                 managers,
	"GET /api/v1/channels/{channel}":                        integrators,
	"PUT /api/v1/channels/{channel}":                        managers,
	"DELETE /api/v1/channels/{channel}":                     managers,
	"POST /api/v1/channels/{channel}/rotate":                managers,
	"GET /api/v1/channels/{channel}/items":                  integrators,
	"POST /api/v1/channels/{channel}/items":                 managers,
	"PUT /api/v1/channels/{channel}/items":                  managers,
	"DELETE /api/v1/channels/{channel}/items":               managers,
	"GET /api/v1/channels/{channel}/state":                  providersAndStaff,
	"PUT /api/v1/channels/{channel}/state":                  managers,
	"GET /api/v1/channels/{channel}/log":                    integrators,
	"POST /api/v1/channels/{channel}/orders":                providers,
	"GET /api/v1/channels/{channel}/orders/{id}":            providers,
	"POST /api/v1/channels/{channel}/orders/{id}/cancel":    providers,
	"POST /api/v1/channels/{channel}/orders/{id}/paid-back": providers,

	"POST /api/v1/menu/{item}/86":   cooks,
	"POST /api/v1/menu/{item}/back": cooks,
	"GET /api/v1/status":            everyRole,
	"POST /api/v1/pauses":           cooks,
	"DELETE /api/v1/pauses":         cooks,
	"GET /api/v1/outlets":           everyRole,

	"GET /api/v1/kitchen":                               staff,
	"GET /api/v1/kitchen/queue":                         staff,
	"GET /api/v1/kitchen/stations":                      staff,
	"GET /api/v1/kitchen/machines":                      staff,
	"GET /api/v1/kitchen/staff":                         staff,
	"POST /api/v1/kitchen/machines/{machine}/down":      cooks,
	"POST /api/v1/kitchen/machines/{machine}/up":        cooks,
	"POST /api/v1/kitchen/staff/{staff}/break":          cooks,
	"POST /api/v1/kitchen/staff/{staff}/back":           cooks,
	"GET /api/v1/kitchen/held":                          staff,
	"GET /api/v1/kitchen/waste":                         cooks,
	"POST /api/v1/kitchen/stations/{station}/close":     cooks,
	"POST /api/v1/kitchen/stations/{station}/open":      cooks,
	"POST /api/v1/kitchen/staff/{staff}/leave":          cooks,
	"POST /api/v1/tasks/{taskID}/undo":                  cooks,
	"POST /api/v1/kitchen/taps":                         cooks,
	"POST /api/v1/tasks/{taskID}/recall":                cooks,
	"POST /api/v1/tasks/{taskID}/hand":                  cooks,
	"GET /api/v1/tasks/{taskID}/explain":                staff,
	"GET /api/v1/kitchen/estimates":                     staff,
	"GET /api/v1/kitchen/estimates/{sku}/{step}":        staff,
	"PUT /api/v1/kitchen/estimates/{sku}/{step}/pin":    managers,
	"DELETE /api/v1/kitchen/estimates/{sku}/{step}/pin": managers,
	"GET /api/v1/kitchen/factors":                       staff,
	"GET /api/v1/events":                                staff,
	"GET /api/v1/events/schemas":                        everyRole,
	"GET /api/v1/events/schemas/{type}":                 everyRole,

	"GET /api/v1/webhooks":                                    integrators,
	"POST /api/v1/webhooks":                                   integrators,
	"GET /api/v1/webhooks/{id}":                               integrators,
	"PUT /api/v1/webhooks/{id}":                               integrators,
	"DELETE /api/v1/webhooks/{id}":                            integrators,
	"POST /api/v1/webhooks/{id}/enable":                       integrators,
	"POST /api/v1/webhooks/{id}/test":                         integrators,
	"GET /api/v1/webhooks/{id}/deliveries":                    integrators,
	"POST /api/v1/webhooks/{id}/deliveries/{delivery}/replay": integrators,
	"GET /api/v1/notifications":                               managers,

	"POST /api/v1/sales":                         integrators,
	"GET /api/v1/sales":                          integrators,
	"GET /api/v1/planning/aliases":               managers,
	"PUT /api/v1/planning/aliases/{sku}":         managers,
	"DELETE /api/v1/planning/aliases/{sku}":      managers,
	"GET /api/v1/planning/calendar":              managers,
	"POST /api/v1/planning/calendar":             managers,
	"DELETE /api/v1/planning/calendar/{id}":      managers,
	"GET /api/v1/planning/outlets/{outlet}":      managers,
	"PUT /api/v1/planning/outlets/{outlet}":      managers,
	"POST /api/v1/planning/forecasts":            managers,
	"GET /api/v1/planning/forecasts":             staff,
	"GET /api/v1/planning/forecasts/totals":      managers,
	"GET /api/v1/planning/forecasts/runs":        managers,
	"GET /api/v1/planning/forecasts/runs/{id}":   managers,
	"GET /api/v1/planning/forecasts/today":       staff,
	"POST /api/v1/planning/forecasts/today":      managers,
	"PUT /api/v1/planning/forecasts/{sku}/{day}": managers,
	"GET /api/v1/stock":                          staff,
	"GET /api/v1/stock/ingredients/{ingredient}": staff,
	"POST /api/v1/stock/sheets":                  cooks,
	"GET /api/v1/stock/movements":                cooks,
	"GET /api/v1/stock/usage":                    managers,
	"GET /api/v1/stock/outs":                     staff,
	"GET /api/v1/stock/bills":                    staff,
	"GET /api/v1/suppliers":                      cooks,
	"GET /api/v1/suppliers/{supplier}":           cooks,
	"GET /api/v1/purchases":                      cooks,
	"POST /api/v1/purchases":                     managers,
	"POST /api/v1/purchases/suggested":           managers,
	"GET /api/v1/purchases/{purchase}":           cooks,
	"PUT /api/v1/purchases/{purchase}":           managers,
	"POST /api/v1/purchases/{purchase}/send":     managers,
	"POST /api/v1/purchases/{purchase}/receive":  cooks,
	"POST /api/v1/purchases/{purchase}/cancel":   managers,
	"GET /api/v1/purchases/{purchase}/document":  cooks,
	"GET /api/v1/planning/accuracy":              managers,
	"GET /api/v1/planning/validations":           managers,
	"POST /api/v1/planning/validations":          managers,
	"GET /api/v1/planning/validations/{id}":      managers,
	"GET /api/v1/planning/models":                managers,
	"POST /api/v1/planning/models":               managers,

	"POST /api/v1/planning/production":              managers,
	"GET /api/v1/planning/production":               staff,
	"PUT /api/v1/planning/production/{code}/{day}":  managers,
	"POST /api/v1/planning/procurement":             managers,
	"GET /api/v1/planning/procurement":              managers,
	"PUT /api/v1/planning/procurement/{code}/{day}": managers,
	"POST /api/v1/planning/stock":                   managers,
	"GET /api/v1/planning/stock":                    staff,
	"GET /api/v1/planning/plan-edits":               managers,

	"GET /api/v1/deliveries":                                     staff,
	"GET /api/v1/delivery-regions":                               staff,
	"GET /api/v1/deliveries/{delivery}":                          everyRole,
	"GET /api/v1/deliveries/{delivery}/explain":                  staff,
	"POST /api/v1/deliveries/{delivery}/assign":                  managers,
	"PUT /api/v1/deliveries/{delivery}/pin":                      managers,
	"DELETE /api/v1/deliveries/{delivery}/pin":                   managers,
	"POST /api/v1/deliveries/{delivery}/unassign":                managers,
	"POST /api/v1/deliveries/{delivery}/take-over":               managers,
	"GET /api/v1/outlets/{outlet}/delivery-zones":                everyRole,
	"PUT /api/v1/outlets/{outlet}/delivery-zones":                managers,
	"DELETE /api/v1/outlets/{outlet}/delivery-zones/{zone}":      managers,
	"POST /api/v1/outlets/{outlet}/delivery-zones/{zone}/pause":  managers,
	"POST /api/v1/outlets/{outlet}/delivery-zones/{zone}/resume": managers,
	"PUT /api/v1/outlets/{outlet}/delivery-reach":                managers,
	"GET /api/v1/outlets/{outlet}/delivery-check":                placers,
	"GET /api/v1/track/{token}":                                  public,
	"GET /api/v1/drivers":                                        staff,
	"GET /api/v1/drivers/{driver}/track":                         managers,
	"POST /api/v1/drivers/{driver}/incident":                     managers,
	"DELETE /api/v1/drivers/{driver}/incident":                   managers,
	"POST /api/v1/driver-positions":                              integrators,
	"GET /api/v1/driver":                                         drivers,
	"POST /api/v1/driver/online":                                 drivers,
	"POST /api/v1/driver/offline":                                drivers,
	"POST /api/v1/driver/break":                                  drivers,
	"GET /api/v1/driver/work":                                    drivers,
	"GET /api/v1/driver/stream":                                  drivers,
	"POST /api/v1/driver/deliveries/{delivery}/accept":           drivers,
	"POST /api/v1/driver/deliveries/{delivery}/decline":          drivers,
	"POST /api/v1/driver/deliveries/{delivery}/pickup":           drivers,
	"POST /api/v1/driver/deliveries/{delivery}/delivered":        drivers,
	"POST /api/v1/driver/deliveries/{delivery}/problem":          drivers,
	"POST /api/v1/driver/position":                               drivers,
	"POST /api/v1/driver/positions":                              drivers,

	"GET /api/v1/{parent_tenant}/orchestrator/enterprise/dashboard":           planners,
	"GET /api/v1/{parent_tenant}/orchestrator/enterprise/network-summary":     planners,
	"GET /api/v1/{parent_tenant}/orchestrator/enterprise/production-overview": planners,
	"GET /api/v1/{parent_tenant}/orchestrator/enterprise/distribution-status": planners,
	"GET /api/v1/{parent_tenant}/orchestrator/enterprise/child-performance":   planners,

	"GET /api/v1/alerts":                   managers,
	"GET /api/v1/alerts/{id}":              managers,
	"POST /api/v1/alerts/{id}/acknowledge": managers,
	"POST /api/v1/alerts/{id}/archive":     managers,

	"POST /api/v1/tokens":        ownersOnly,
	"GET /api/v1/tokens":         ownersOnly,
	"DELETE /api/v1/tokens/{id}": ownersOnly,

	"GET /api/v1/orchestrator/workflows":               planners,
	"GET /api/v1/orchestrator/workflows/{id}":          planners,
	"PUT /api/v1/orchestrator/workflows/{id}":          planners,
	"POST /api/v1/orchestrator/workflows/{id}/execute": planners,
	"POST /api/v1/orchestrator/workflows/{id}/enable":  planners,
	"POST /api/v1/orchestrator/workflows/{id}/disable": planners,
	"GET /api/v1/orchestrator/executions":              planners,
	"GET /api/v1/orchestrator/executions/failed":       planners,
	"GET /api/v1/orchestrator/executions/{id}":         planners,
	"GET /api/v1/orchestrator/executions/{id}/logs":    planners,
	"GET /api/v1/orchestrator/executions/{id}/steps":   planners,
	"POST /api/v1/orchestrator/executions/{id}/retry":  planners,
	"POST /api/v1/orchestrator/executions/{id}/cancel": planners,
	"GET /api/v1/orchestrator/audit":                   planners,
	"GET /api/v1/orchestrator/schedule":                planners,
	"PUT /api/v1/orchestrator/schedule":                planners,
	"GET /api/v1/orchestrator/schedule/next-run":       planners,
	"GET /api/v1/orchestrator/health":                  public,
	"GET /api/v1/orchestrator/leader":                  planners,
	"GET /api/v1/orchestrator/metrics":                 planners,
	"GET /api/v1/orchestrator/statistics":              planners,
	"GET /api/v1/orchestrator/costs":                   planners,

	"POST /api/v1/orders/confirm":          placers,
	"POST /api/v1/allocator/run-once":      cooks,
	"POST /api/v1/tasks/{taskID}/start":    cooks,
	"POST /api/v1/tasks/{taskID}/complete": cooks,
	"GET /api/v1/tasks/{taskID}":           staff,

	"POST /orders":                       placers,
	"GET /orders/{order_number}/status":  everyRole,
	"GET /orders/{order_number}/history": everyRole,
	"GET /workers/status":                staff,
}

// allow returns a KindForbidden error unless the actor may use the route.
func (a access) allow(who actor.Actor) error {
	if slices.Contains(a.roles, who.Role) || who.Role == actor.Owner {
		return nil
	}
	return errs.Forbidden("a %s may not do this", who.Role)
}
