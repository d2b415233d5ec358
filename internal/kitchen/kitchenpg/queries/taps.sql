-- name: InsertTaps :many
with old as (
    delete from kitchen_taps where (tenant_id, key) in (
        select k.tenant_id, k.key from kitchen_taps k where k.at < @before::timestamptz order by k.at limit 50 for update skip locked
    )
)
insert into kitchen_taps (tenant_id, key, what, order_id, task_id, tapped_by, at)
select unnest(@tenants::bigint[]), unnest(@keys::text[]), unnest(@what::text[]), unnest(@orders::bigint[]), unnest(@tasks::bigint[]),
       unnest(@tapped_by::text[]), unnest(@at::timestamptz[])
on conflict do nothing
returning tenant_id, key;

-- name: Tapped :one
select exists (select from kitchen_taps where tenant_id = @tenant and key = @key);
