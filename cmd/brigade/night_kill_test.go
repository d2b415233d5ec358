package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/store"
	"brigade/internal/store/localpg"
	"brigade/internal/store/pgtest"
)

const (
	nightTenants = 32
	nightSteps   = 10 * nightTenants
	nightKills   = 10
)

// morning is where it is about eight in the morning, so that under the test neither the date changes nor noon comes, which
// brings forecasts up to date.
var morning = sync.OnceValue(func() *time.Location {
	east := 8 - time.Now().UTC().Hour()
	if east < -12 {
		east += 24
	}
	at, err := time.LoadLocation(fmt.Sprintf("Etc/GMT%+d", -east)) // their signs are the other way round
	if err != nil {
		panic(err)
	}
	return at
})

// seedNight makes tenants with two products, something that these are made of, and some weeks of sales, the same in every database.
// What is made keeps an hour: tomorrow's plan does not depend on when today it was made, nor on which forecast of today was known.
func seedNight(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	zone, today := morning().String(), time.Now().In(morning()).Format(time.DateOnly)
	for _, sql := range []string{
		`insert into tenants (slug, name, tier, timezone) select 'n' || i, 'n', case i % 3 when 0 then 'enterprise' else 'standard' end, $1
		 from generate_series(1, $3::int) i where $2::date is not null order by i`,
		`insert into outlets (tenant_id, slug, name, timezone, is_default) select id, 'kitchen', 'kitchen', $1, true from tenants where $2::date is not null and $3 > 0 order by id`,
		`insert into sales_series (tenant_id, outlet_id, sku) select o.tenant_id, o.id, 'p' || p from outlets o, generate_series(1, 2) p
		 where $1 <> '' and $2::date is not null and $3 > 0 order by o.id, p`,
		`insert into ingredients (tenant_id, outlet_id, code, name, unit, batch_milli, lead_minutes, shelf_hours) select tenant_id, id, 'dough', 'dough', 'g', 500000, 60, 1
		 from outlets where $1 <> '' and $2::date is not null and $3 > 0 order by id`,
		`insert into bill_lines (outlet_id, kind, made, ingredient_id, tenant_id, quantity_milli) select i.outlet_id, 'item', 'p1', i.id, i.tenant_id, 250000
		 from ingredients i where $1 <> '' and $2::date is not null and $3 > 0`,
		`insert into item_needs (outlet_id, sku, ingredient_id, tenant_id, quantity_milli) select i.outlet_id, 'p1', i.id, i.tenant_id, 250000
		 from ingredients i where $1 <> '' and $2::date is not null and $3 > 0`,
		`insert into sales_days (series_id, day, tenant_id, quantity_milli, revenue_minor, sold_outs)
		 select s.id, $2::date - d, s.tenant_id, 1000 * (10 + s.id + (s.id * 7 + d * 11) % 5 + d % 7), 10000, 0 from sales_series s, generate_series(0, 40) d where $1 <> '' and $3 > 0`,
		`insert into sales_outlet_days (outlet_id, day, tenant_id, changes) select o.id, $2::date - d, o.tenant_id, 1 from outlets o, generate_series(0, 40) d where $1 <> '' and $3 > 0`,
	} {
		_, err := pool.Exec(t.Context(), sql, zone, today, nightTenants)
		require.NoError(t, err)
	}
}

// outside is a service that does a step of the night: it takes a moment, unless whoever asked goes away, and writes down
// in a database of its own from when until when it was at it.
func outside(t *testing.T, record *pgxpool.Pool) string {
	t.Helper()
	_, err := record.Exec(t.Context(), "create table at_work (key text, began timestamptz not null default clock_timestamp(), ended timestamptz, id serial primary key)")
	require.NoError(t, err)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a request of the night
		key := r.Header.Get("Idempotency-Key")
		var id int
		if err := record.QueryRow(context.WithoutCancel(r.Context()), "insert into at_work (key) values ($1) returning id", r.URL.Path+" "+key).Scan(&id); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		select {
		case <-r.Context().Done():
		case <-time.After(time.Duration(20+rand.IntN(100)) * time.Millisecond):
		}
		_, _ = record.Exec(context.WithoutCancel(r.Context()), "update at_work set ended = clock_timestamp() where id = $1", id) // none: it counts as at work for ever
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"key":%q}`, key)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// put gives the nodes two workflows: one that looks back and one that plans ahead.
func (n *nights) put(service string) {
	n.t.Helper()
	n.ask(http.MethodPut, "/workflows/night", fmt.Sprintf(`{"type":"on_demand","timezone":%q,"retry_delay_seconds":0,"max_retries":0,"steps":[
		{"name":"forecasts","uses":"forecast"},{"name":"validation","uses":"validate"},{"name":"ask","http":{"url":"%s/a"}},
		{"name":"summary","uses":"summary","after":["forecasts","validation","ask"]}]}`, morning(), service))
	n.ask(http.MethodPut, "/workflows/ahead", fmt.Sprintf(`{"type":"on_demand","timezone":%q,"retry_delay_seconds":0,"max_retries":0,"steps":[
		{"name":"forecasts","uses":"forecast"},{"name":"production","uses":"production","after":["forecasts"]},
		{"name":"procurement","uses":"procurement","after":["production"]},{"name":"inventory","uses":"inventory","after":["procurement"]},
		{"name":"tell","http":{"url":"%s/b"},"after":["forecasts"]},{"name":"summary","uses":"summary","after":["inventory","tell"]}]}`, morning(), service))
}

// begin asks a node for a workflow, for today or days from it.
func (n *nights) begin(name string, days int) {
	n.t.Helper()
	n.ask(http.MethodPost, "/workflows/"+name+"/execute", fmt.Sprintf(`{"date":%q}`, time.Now().In(morning()).AddDate(0, 0, days).Format(time.DateOnly)))
}

// done is how many steps are completed so far; -1 while Postgres is away.
func (n *nights) done() int {
	ctx, cancel := context.WithTimeout(n.t.Context(), 5*time.Second)
	defer cancel()
	steps := -1
	if err := n.pool.QueryRow(ctx, "select count(*) from workflow_steps where status = 'completed' and day > (select min(day) from workflow_steps)").Scan(&steps); err != nil {
		return -1
	}
	return steps
}

// came is what the night came to, without the numbers of its rows and the times at which they were written.
func (n *nights) came(what string) (list []string) {
	n.t.Helper()
	rows, err := n.pool.Query(n.t.Context(), map[string]string{
		"executions": `select format('%s %s %s of %s, %s failed, %s retried', day, status, steps_completed, steps_total, steps_failed, retries) from workflow_executions order by 1`,
		"steps":      `select format('%s/%s/%s %s %s', tenant_id, day, step, status, attempt) || coalesce((result - 'run' - 'steps')::text, '') from workflow_steps order by 1`,
		"runs":       `select format('%s/%s %s', tenant_id, day, status) from forecast_runs where status = 'done' order by 1`,
		"forecasts":  `select format('%s/%s/%s/%s %s %s', r.tenant_id, r.day, f.series_id, f.day, f.mean, f.quantiles) from forecasts f join forecast_runs r on r.id = f.run_id order by 1`,
		"plans": `select format('%s/%s/%s ', tenant_id, kind, day) || (body - 'forecast') from plans p where day = (select max(day) from plans)
			and revision = (select max(revision) from plans o where o.outlet_id = p.outlet_id and o.kind = p.kind and o.day = p.day) order by 1`,
		"validations": `select format('%s/%s %s %s', tenant_id, last_day, validated, mape) from validation_runs order by 1`,
		"events":      `select format('%s %s', type, count(*)) from event_log where aggregate_type = 'workflow' group by type order by 1`,
	}[what])
	require.NoError(n.t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		require.NoError(n.t, rows.Scan(&line))
		list = append(list, line)
	}
	require.NoError(n.t, rows.Err())
	return list
}

// String is how far the night is, for whoever wants to know why it does not end.
func (n *nights) String() string {
	var said, batches string
	if err := n.pool.QueryRow(context.Background(), "select now()::text || coalesce((select string_agg(b::text, ' ') from workflow_batches b), '') || (select string_agg(E'\n' || pid::text || ' ' || state || ' ' || coalesce(wait_event,'') || ' ' || coalesce((now()-xact_start)::text, '') || array_to_string(pg_blocking_pids(pid), ',') || left(query, 150), ' ') from pg_stat_activity where state <> 'idle')").Scan(&batches); err != nil {
		return err.Error()
	}
	if err := n.pool.QueryRow(context.Background(), `select string_agg(format('%s %s %s: %s', c, status, step, error), E'\n') from (
		select count(*) as c, status, step, error from workflow_steps group by status, step, error order by step, status) s`).Scan(&said); err != nil {
		return err.Error()
	}
	return said + "\n" + batches
}

// over waits until every execution has ended; nodes that gave up because Postgres was away are replaced meanwhile.
func (n *nights) over(replace func()) {
	n.t.Helper()
	require.Eventually(n.t, func() bool {
		replace()
		ctx, cancel := context.WithTimeout(n.t.Context(), 5*time.Second)
		defer cancel()
		var open int
		err := n.pool.QueryRow(ctx, "select count(*) from workflow_executions where status in ('pending', 'running')").Scan(&open)
		return err == nil && open == 0
	}, patience, 50*time.Millisecond, "%s", n)
}

// A night of three nodes over one Postgres of which ten times one or the other is killed ends all the same: what each tenant has is
// there once and is what an undisturbed night gives, and no step was ever at work beside itself.
func TestANightOutlivesItsProcesses(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	record, err := store.Open(url, 8)
	require.NoError(t, err)
	t.Cleanup(record.Close)
	service := outside(t, record)

	calm := &nights{t: t, url: pgtest.NewURL(t)}
	calm.pool, err = store.Open(calm.url, 2)
	require.NoError(t, err)
	t.Cleanup(calm.pool.Close)
	seedNight(t, calm.pool)
	calm.add().awaitReady()
	calm.put(service + "/calm")
	calm.begin("night", -1)
	defer func() { _ = calm.nodes[0].cmd.Process.Kill() }()

	state := stateFolder(t)
	server, err := localpg.Start(t.Context(), localpg.Config{StateDir: state})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	n := &nights{t: t, url: server.URL()}
	ok(t, "migrate", "up", "--database-url", n.url)
	n.pool, err = store.Open(n.url, 2)
	require.NoError(t, err)
	t.Cleanup(n.pool.Close)
	seedNight(t, n.pool)
	n.exec(`create table granted (workflow bigint, tenant bigint, day date, step int, batch bigint, began timestamptz not null default clock_timestamp(), ended timestamptz)`)
	n.exec(`create function note_grant() returns trigger language plpgsql as $$ begin
		if old.status = 'running' and (new.status <> 'running' or new.batch_id <> old.batch_id) then
			update granted set ended = clock_timestamp() where batch = old.batch_id and tenant = old.tenant_id and ended is null;
		end if;
		if new.status = 'running' and (old.status <> 'running' or new.batch_id <> old.batch_id) then
			insert into granted values (new.workflow_id, new.tenant_id, new.day, new.step, new.batch_id);
		end if;
		return new; end $$`)
	n.exec(`create trigger note_grant after update on workflow_steps for each row execute function note_grant()`)
	const lease = "--step-lease=4"
	for range 3 {
		n.add(lease)
	}
	n.nodes[0].awaitReady()
	n.put(service + "/wild")
	n.begin("night", -1)
	for _, x := range []*nights{n, calm} {
		x.over(func() {})
		x.begin("night", 0)
		x.begin("ahead", 1)
	}
	replace := func() {
		n.nodes = slices.DeleteFunc(n.nodes, func(p *process) bool {
			select {
			case <-p.exited:
				return true
			default:
				return false
			}
		})
		for len(n.nodes) < 3 {
			n.add(lease)
		}
	}
	postgres := rand.Perm(nightKills)[:4] // which of the kills are Postgres's
	for kill := range nightKills {
		goal, moment := kill*nightSteps/2/nightKills+rand.IntN(20), time.Now().Add(time.Duration(100+rand.IntN(400))*time.Millisecond)
		require.Eventually(t, func() bool { // in the midst of it, however fast it goes and however much lies about
			replace()
			done := n.done()
			return done >= goal || done >= 0 && time.Now().After(moment)
		}, patience, 5*time.Millisecond, "%s", n)
		if slices.Contains(postgres, kill) {
			before := server.Restarts()
			require.NoError(t, syscall.Kill(postmaster(t, state), syscall.SIGKILL))
			require.Eventually(t, func() bool { return server.Restarts() > before }, patience, 5*time.Millisecond)
			continue
		}
		for n.nodes[rand.IntN(len(n.nodes))].cmd.Process.Kill() != nil { // it gave up by itself, for Postgres was away
			replace()
		}
	}
	n.over(replace)
	calm.over(func() {})
	n.pool.Reset() // connections to one that was killed
	for _, what := range []string{"executions", "steps", "runs", "forecasts", "plans", "validations", "events"} {
		want := calm.came(what)
		require.NotEmpty(t, want, what)
		same(t, want, n.came(what), what)
	}
	requireApart(t, n.pool, `select count(*), count(*) filter (where exists (select from granted o where o.batch <> g.batch and o.workflow = g.workflow
		and o.tenant = g.tenant and o.day = g.day and o.step = g.step and o.began < coalesce(g.ended, 'infinity') and g.began < coalesce(o.ended, 'infinity'))) from granted g`)
	requireApart(t, record, `select count(*), count(*) filter (where exists (select from at_work o where o.id <> w.id and o.key = w.key
		and o.began < coalesce(w.ended, 'infinity') and w.began < coalesce(o.ended, 'infinity'))) from at_work w`)
}

// same compares two lists and shows the first lines in which they differ.
func same(t *testing.T, want, got []string, what string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		require.Equal(t, want[i], got[i], what)
	}
	require.Len(t, got, len(want), what)
}

// requireApart looks at a record of work: how much of it there is, and how much went on beside the same.
func requireApart(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	var all, beside int
	require.NoError(t, pool.QueryRow(t.Context(), sql).Scan(&all, &beside))
	require.GreaterOrEqual(t, all, 2*nightTenants)
	require.Zero(t, beside)
}
