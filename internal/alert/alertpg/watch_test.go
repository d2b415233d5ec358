package alertpg_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/alert"
)

// ran writes an execution that has ended: of which tenants failed, by error.
func (k *kit) ran(t *testing.T, id int64, tenant int64, took time.Duration, failed map[int64]string, well ...int64) {
	t.Helper()
	_, err := k.pool.Exec(t.Context(), `
		insert into workflow_executions (id, workflow_id, workflow_name, tenant_id, trigger, triggered_by, zone, day, status, version, plan, created_at, started_at, completed_at)
		values ($1, 3, 'daily', $2, 'manual', 'ann', 'UTC', '2026-05-04', 'completed', 1, '{}', $3::timestamptz, $3::timestamptz, $3::timestamptz + $4 * interval '1 second')`,
		id, tenant, k.clock.now, took.Seconds())
	require.NoError(t, err)
	step := func(tenant int64, status, why string) {
		_, err := k.pool.Exec(t.Context(), `
			insert into workflow_steps (execution_id, tenant_id, step, workflow_id, day, status, waits, bonus_seconds, not_before, turn_at, error)
			values ($1, $2, 0, 3, '2026-05-04', $3, 0, 0, $4, $4, $5)`, id, tenant, status, k.clock.now, why)
		require.NoError(t, err)
	}
	for tenant, why := range failed {
		step(tenant, "failed", why)
	}
	for _, tenant := range well {
		step(tenant, "completed", "")
	}
}

func (k *kit) watch() *alert.Watch { return alert.NewWatch(k.service, k.store) }

// living lists living alerts as tenant, kind and detail.
func (k *kit) living(t *testing.T) (list []string) {
	t.Helper()
	rows, err := k.pool.Query(t.Context(), `select tenant_id || ' ' || kind || ' ' || count || ': ' || detail from alerts where status <> 'archived' order by tenant_id, kind`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		list = append(list, text)
	}
	require.NoError(t, rows.Err())
	return list
}

func ended(execution int64, why string, tenants, affected int, took time.Duration) alert.Ended {
	return alert.Ended{
		Run: alert.Run{Workflow: "daily", Execution: execution, Day: "2026-05-04"}, Error: why, Tenants: tenants, Affected: affected, Took: took,
	}
}

func TestFailuresAreSignalledToThoseTheyConcern(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.ran(t, 1, 0, time.Minute, map[int64]string{acme: "no flour", other: "no milk"}, 9)
	e := ended(1, "some tenants failed", 3, 2, time.Minute)
	for range 2 { // the end of a run may be heard of twice
		require.NoError(t, k.watch().Ended(t.Context(), e))
	}
	require.Equal(t, []string{
		"0 failure 1: The run of daily for 2026-05-04 failed: some tenants failed. 2 of 3 tenants are affected.",
		"7 failure 1: The run of daily for 2026-05-04 failed: no flour.",
		"8 failure 1: The run of daily for 2026-05-04 failed: no milk.",
	}, k.living(t))

	k.ran(t, 2, 0, time.Minute, map[int64]string{other: "no milk again"}, acme, 9)
	require.NoError(t, k.watch().Ended(t.Context(), ended(2, "some tenants failed", 3, 1, time.Minute)))
	require.Equal(t, []string{
		"0 failure 2: The run of daily for 2026-05-04 failed: some tenants failed. 1 of 3 tenants are affected.",
		"8 failure 2: The run of daily for 2026-05-04 failed: no milk again.",
	}, k.living(t), "it went well for one of them")

	k.ran(t, 3, 0, time.Minute, nil, acme, other, 9)
	require.NoError(t, k.watch().Ended(t.Context(), ended(3, "", 3, 0, time.Minute)))
	require.Empty(t, k.living(t))
}

func TestRunsAreSlowByTheirOwnHistory(t *testing.T) {
	t.Parallel()
	k := setup(t)
	for i := range int64(9) {
		k.ran(t, i+1, 0, time.Minute+time.Duration(i%3)*time.Second, nil)
		k.ran(t, 100+i, acme, time.Hour, nil) // a tenant's own runs are another history
	}
	end := func(id int64, took time.Duration) {
		k.ran(t, id, 0, took, nil)
		require.NoError(t, k.watch().Ended(t.Context(), ended(id, "", 1, 0, took)))
	}
	end(20, 80*time.Second)
	require.Empty(t, k.living(t))
	end(21, 2*time.Minute)
	require.Len(t, k.living(t), 1)
	require.Contains(t, k.living(t)[0], "0 slow 1: The run of daily for 2026-05-04 took 2m0s; such runs take 1m1s")
	end(22, time.Minute)
	require.Empty(t, k.living(t), "as usual again")
}

func TestRunsThatDoNotComeAreMissed(t *testing.T) {
	t.Parallel()
	k := setup(t)
	due := k.clock.now
	_, err := k.pool.Exec(t.Context(), `
		insert into workflows (id, name, kind, enabled, steps) values (3, 'daily', 'daily', true, '[]'), (4, 'off', 'daily', false, '[]');
		insert into workflow_schedules (workflow_id, zone, version, next_at) select w, z, 1, '2026-05-04T06:00:00Z' from unnest(array[3, 4]) w, unnest(array['UTC', 'Asia/Tokyo']) z`)
	require.NoError(t, err)
	look := func(after time.Duration) []string {
		require.NoError(t, k.watch().Look(t.Context(), due.Add(after)))
		return k.living(t)
	}
	require.Empty(t, look(alert.MissingAfter))
	for range 2 {
		require.Equal(t, []string{
			"0 missing 1: The run of daily that was due at 2026-05-04 06:00 UTC has not begun.",
			"0 missing 1: The run of daily that was due at 2026-05-04 06:00 UTC has not begun.",
		}, look(alert.MissingAfter+time.Second), "in each zone")
	}
	_, err = k.pool.Exec(t.Context(), `
		insert into workflow_executions (workflow_id, workflow_name, tenant_id, trigger, triggered_by, zone, day, scheduled_for, status, version, plan, created_at)
		values (3, 'daily', 0, 'scheduled', 'schedule', 'UTC', '2026-05-04', '2026-05-04T06:00:00Z', 'pending', 1, '{}', now())`)
	require.NoError(t, err)
	require.Len(t, look(time.Hour), 1)
	_, err = k.pool.Exec(t.Context(), fmt.Sprintf(`update workflow_schedules set next_at = '%s'`, due.Add(24*time.Hour).Format(time.RFC3339)))
	require.NoError(t, err)
	require.Empty(t, look(time.Hour))
}
