-- name: Rules :many
select outlet_id, rules from kitchen_rules where outlet_id = any(@outlets::bigint[]);

-- name: PutRules :exec
insert into kitchen_rules (outlet_id, tenant_id, rules) values (@outlet, @tenant, @rules)
on conflict (outlet_id) do update set rules = excluded.rules;
