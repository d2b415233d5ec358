-- name: Insert :one
insert into channels (tenant_id, outlet_id, name, prices, token_hash, secret, created_by)
select o.tenant_id, o.id, @name, @prices, @hash, @secret, @created_by from outlets o where o.id = @outlet and o.tenant_id = @tenant
returning id, created_at;

-- name: Channels :many
select * from channels where tenant_id = @tenant and closed_at is null and (@name::text = '' or name = @name::text) order by name;

-- name: ByToken :one
select c.*, t.status as tenant_status from channels c join tenants t on t.id = c.tenant_id
where c.closed_at is null and (c.token_hash = @hash::bytea or c.old_hash = @hash::bytea and c.old_until > @now::timestamptz);

-- name: Rotate :exec
update channels set old_hash = token_hash, old_secret = secret, old_until = @old_until::timestamptz, token_hash = @hash, secret = @secret
where id = @id;

-- name: SetPrices :exec
update channels set prices = @prices where id = @id;

-- name: Forget :exec
update channels set told = '{}' where id = @id;

-- name: Close :exec
-- Its name is free from then on.
update channels set closed_at = now(), name = name || '#' || id, old_hash = null, old_secret = '', old_until = null,
       secret = '' where id = @id and closed_at is null;

-- name: SetDelay :exec
update channels set delay_minutes = @minutes, delay_until = @until, delay_reason = @reason where id = @id;

-- name: Known :many
select * from channels where closed_at is null and id > @after order by id limit @n;

-- name: Told :execrows
update channels set told = @told, told_version = told_version + 1 where id = @id and told_version = @version and closed_at is null;

-- name: Meanings :many
select foreign_id, sku, note from channel_items
where channel_id = @channel and (cardinality(@ids::text[]) = 0 or foreign_id = any (@ids::text[])) order by foreign_id;

-- name: PutMeanings :exec
insert into channel_items (channel_id, foreign_id, sku, note)
select @channel, unnest(@ids::text[]), unnest(@skus::text[]), unnest(@notes::text[])
on conflict (channel_id, foreign_id) do update set sku = excluded.sku, note = excluded.note;

-- name: DropOthers :exec
delete from channel_items where channel_id = @channel and foreign_id <> all (@ids::text[]);

-- name: DropMeaning :execrows
delete from channel_items where channel_id = @channel and foreign_id = @id;
