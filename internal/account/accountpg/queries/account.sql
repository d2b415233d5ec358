-- name: InsertUser :one
insert into users (tenant_id, outlet_id, station_id, driver_id, name, email, role, created_by)
select @tenant_id, nullif(@outlet_id::bigint, 0), nullif(@station_id::bigint, 0), nullif(@driver_id::bigint, 0), @name, nullif(@email::text, ''), @role, @created_by
where (@outlet_id::bigint = 0 or exists (select 1 from outlets o where o.id = @outlet_id and o.tenant_id = @tenant_id))
  and (@station_id::bigint = 0 or exists (select 1 from stations s where s.id = @station_id and s.outlet_id = @outlet_id and s.tenant_id = @tenant_id))
  and (@driver_id::bigint = 0 or exists (select 1 from drivers d where d.id = @driver_id and d.tenant_id = @tenant_id))
returning id, created_at;

-- name: UpdateUser :execrows
update users u set outlet_id = nullif(@outlet_id::bigint, 0), station_id = nullif(@station_id::bigint, 0), driver_id = nullif(@driver_id::bigint, 0),
       name = @name, email = nullif(@email::text, ''), role = @role, active = @active
where u.id = @id and u.tenant_id = @tenant_id
  and (@outlet_id::bigint = 0 or exists (select 1 from outlets o where o.id = @outlet_id and o.tenant_id = @tenant_id))
  and (@station_id::bigint = 0 or exists (select 1 from stations s where s.id = @station_id and s.outlet_id = @outlet_id and s.tenant_id = @tenant_id))
  and (@driver_id::bigint = 0 or exists (select 1 from drivers d where d.id = @driver_id and d.tenant_id = @tenant_id));

-- name: Users :many
select u.id, u.tenant_id, coalesce(u.outlet_id, 0)::bigint as outlet_id, coalesce(u.station_id, 0)::bigint as station_id,
       coalesce(u.driver_id, 0)::bigint as driver_id, u.name, coalesce(u.email, '')::text as email, u.role, u.active, u.created_at,
       (u.password_hash <> '')::boolean as has_password, coalesce(s.name, '')::text as station_name, coalesce(p.outlet_id, 0)::bigint as pin_at,
       coalesce((select max(x.last_seen_at) from user_sessions x where x.user_id = u.id), 'epoch')::timestamptz as last_seen_at
from users u
left join stations s on s.id = u.station_id
left join user_pins p on p.user_id = u.id
where u.tenant_id = @tenant_id
  and (@outlet_id::bigint = 0 or u.outlet_id = @outlet_id)
  and (@id::bigint = 0 or u.id = @id)
  and (@role::text = '' or u.role = @role)
order by u.active desc, u.name, u.id
limit @max_rows offset @skip;

-- name: LockUser :one
select u.id, u.role, u.active, coalesce(u.outlet_id, 0)::bigint as outlet_id, coalesce(u.email, '')::text as email from users u where u.id = @id and u.tenant_id = @tenant_id for update;

-- name: UserByEmail :one
select u.id, u.tenant_id, u.name, u.active, u.password_hash, t.status as tenant_status
from users u join tenants t on t.id = u.tenant_id
where u.email = @email::text;

-- name: SetPassword :exec
update users set password_hash = @password_hash where id = @id;

-- name: PasswordOf :one
-- For who comes with a session that he opened by password.
select u.password_hash from users u join user_sessions x on x.user_id = u.id
where u.id = @id and u.active and x.hash = @session and x.tablet_id is null and x.ended_at is null and x.expires_at > now();

-- name: HoldUser :one
-- Until the transaction ends nobody changes the user, nor what he signs in with.
select id from users where id = @id and active for share;

-- name: InsertSession :one
insert into user_sessions (tenant_id, user_id, tablet_id, hash, expires_at, address, agent)
select u.tenant_id, u.id, nullif(@tablet_id::bigint, 0), @hash, now() + make_interval(secs => @seconds::float8), @address, @agent
from users u where u.id = @user_id and u.active
  and (@tablet_id::bigint = 0 and u.password_hash = @password::text
       or @tablet_id::bigint <> 0 and exists (select 1 from user_pins p where p.user_id = u.id and p.hash = @pin::bytea))
returning id;

-- name: Session :one
-- b is the tablet that it was opened on by PIN, h the one that it is used on, however it was opened: both lock themselves.
select x.id, x.user_id, coalesce(x.tablet_id, 0)::bigint as tablet_id, u.name, u.role, u.tenant_id, coalesce(u.outlet_id, 0)::bigint as outlet_id,
       coalesce(u.station_id, 0)::bigint as station_id, coalesce(u.driver_id, 0)::bigint as driver_id, t.status as tenant_status,
       coalesce(d.id, 0)::bigint as default_outlet, coalesce(b.outlet_id, 0)::bigint as tablet_outlet,
       coalesce(b.station_id, 0)::bigint as tablet_station, coalesce(b.idle_seconds, h.idle_seconds, 0)::int as idle_seconds,
       (x.last_seen_at < now() - interval '5 seconds')::boolean as stale
from user_sessions x
join users u on u.id = x.user_id and u.active
join tenants t on t.id = u.tenant_id
left join outlets d on d.tenant_id = u.tenant_id and d.is_default
left join tablets b on b.id = x.tablet_id
left join tablets h on h.hash = @device::bytea and h.ended_at is null
where x.hash = @hash and x.ended_at is null and x.expires_at > now()
  and (h.id is null or x.last_seen_at > now() - make_interval(secs => h.idle_seconds::float8))
  and (x.tablet_id is null or b.ended_at is null and b.hash = @device::bytea
       and x.last_seen_at > now() - make_interval(secs => b.idle_seconds::float8)
       and exists (select 1 from user_pins p where p.user_id = u.id and p.outlet_id = b.outlet_id)
       and (u.outlet_id is null or u.outlet_id = b.outlet_id)
       and (u.station_id is null or b.station_id is null or u.station_id = b.station_id));

-- name: TouchSession :exec
update user_sessions set last_seen_at = now() where id = @id;

-- name: EndSession :one
update user_sessions x set ended_at = now() from users u
where x.hash = @hash and x.ended_at is null and u.id = x.user_id
returning x.tenant_id, u.name;

-- name: EndSessionByID :execrows
update user_sessions set ended_at = now() where id = @id and user_id = @user_id and tenant_id = @tenant_id and ended_at is null;

-- name: EndSessionsOf :execrows
update user_sessions set ended_at = now() where user_id = @user_id and ended_at is null and hash <> @but;

-- name: EndPINSessionsOf :exec
update user_sessions set ended_at = now() where user_id = @user_id and tablet_id is not null and ended_at is null;

-- name: EndSessionsOfTablet :execrows
update user_sessions set ended_at = now() where tablet_id = @tablet_id::bigint and ended_at is null;

-- name: Sessions :many
select x.id, x.created_at, x.last_seen_at, x.address, x.agent, coalesce(b.name, '')::text as tablet, (x.hash = @own)::boolean as here
from user_sessions x left join tablets b on b.id = x.tablet_id
where x.user_id = @user_id and x.tenant_id = @tenant_id and x.ended_at is null and x.expires_at > now()
  and (b.id is null or b.ended_at is null and x.last_seen_at > now() - make_interval(secs => b.idle_seconds::float8))
order by x.last_seen_at desc limit 50;

-- name: ForgetSessions :exec
delete from user_sessions where expires_at < now() - interval '30 days';

-- name: InsertLink :exec
insert into user_links (hash, user_id, expires_at) values (@hash, @user_id, now() + make_interval(secs => @seconds::float8));

-- name: Link :one
select u.id, u.tenant_id, u.name, coalesce(u.email, '')::text as email
from user_links l join users u on u.id = l.user_id and u.active join tenants t on t.id = u.tenant_id and t.status = 'active'
where l.hash = @hash and l.used_at is null and l.expires_at > now();

-- name: UseLink :one
update user_links l set used_at = now() from users u
where l.hash = @hash and l.used_at is null and l.expires_at > now() and u.id = l.user_id and u.active
returning u.id, u.tenant_id, u.name;

-- name: DropLinks :exec
delete from user_links where user_id = @user_id;

-- name: SaltOf :one
insert into outlet_salts (outlet_id, salt)
select o.id, @salt from outlets o where o.id = @outlet_id and o.tenant_id = @tenant_id
on conflict (outlet_id) do update set outlet_id = excluded.outlet_id
returning salt;

-- name: PutPIN :exec
insert into user_pins (user_id, tenant_id, outlet_id, hash) values (@user_id, @tenant_id, @outlet_id, @hash)
on conflict (user_id) do update set outlet_id = excluded.outlet_id, hash = excluded.hash;

-- name: DropPIN :exec
delete from user_pins where user_id = @user_id;

-- name: UserByPIN :one
select u.id, u.name, coalesce(u.station_id, 0)::bigint as station_id
from user_pins p join users u on u.id = p.user_id and u.active join tenants t on t.id = u.tenant_id and t.status = 'active'
where p.outlet_id = @outlet_id and p.hash = @hash and p.tenant_id = @tenant_id and u.role <> 'driver' and (u.outlet_id is null or u.outlet_id = p.outlet_id);

-- name: InsertTablet :one
insert into tablets (tenant_id, outlet_id, station_id, name, hash, idle_seconds, created_by)
select o.tenant_id, o.id, nullif(@station_id::bigint, 0), @name, @hash, @idle_seconds, @created_by
from outlets o where o.id = @outlet_id and o.tenant_id = @tenant_id
  and (@station_id::bigint = 0 or exists (select 1 from stations s where s.id = @station_id and s.outlet_id = o.id))
returning id, created_at;

-- name: Tablets :many
select b.id, b.tenant_id, b.outlet_id, coalesce(b.station_id, 0)::bigint as station_id, coalesce(s.name, '')::text as station_name, b.name,
       b.idle_seconds, b.created_at, b.created_by,
       coalesce((select max(x.last_seen_at) from user_sessions x where x.tablet_id = b.id), 'epoch')::timestamptz as last_seen_at
from tablets b left join stations s on s.id = b.station_id
where b.tenant_id = @tenant_id and (@outlet_id::bigint = 0 or b.outlet_id = @outlet_id) and b.ended_at is null
order by b.id desc limit 200;

-- name: TabletByHash :one
select b.id, b.tenant_id, b.outlet_id, coalesce(b.station_id, 0)::bigint as station_id, coalesce(s.name, '')::text as station_name, b.name, b.idle_seconds, o.name as outlet_name
from tablets b join outlets o on o.id = b.outlet_id left join stations s on s.id = b.station_id
join tenants t on t.id = b.tenant_id and t.status = 'active'
where b.hash = @hash and b.ended_at is null;

-- name: EndTablet :one
update tablets set ended_at = now() where id = @id and tenant_id = @tenant_id and (@outlet_id::bigint = 0 or outlet_id = @outlet_id) and ended_at is null
returning name;

-- name: InsertTries :many
insert into sign_in_tries (key) select unnest(@keys::text[]) returning id;

-- name: TooMany :one
-- Whether there are more attempts than some limits allow.
select coalesce(bool_or(x.tries > x.most), false)::boolean as too_many
from (select l.most, count(t.id) as tries
      from (select unnest(@keys::text[]) as key, unnest(@most::bigint[]) as most, unnest(@seconds::float8[]) as seconds) l
      left join sign_in_tries t on t.key = l.key and t.at > now() - make_interval(secs => l.seconds)
      group by l.key, l.most) x;

-- name: KeepTries :exec
update sign_in_tries set at = now() where id = any(@ids::bigint[]);

-- name: DropTries :exec
delete from sign_in_tries where id = any(@ids::bigint[]);

-- name: ForgetTries :exec
delete from sign_in_tries where at < now() - interval '25 hours';

-- name: Note :exec
insert into access_log (tenant_id, what, who, about, address) values (@tenant_id, @what, @who, @about, @address);

-- name: Notes :many
select id, at, what, who, about, address from access_log
where tenant_id = @tenant_id and (@before::bigint = 0 or id < @before)
order by id desc limit @max_rows;

-- name: ForgetNotes :exec
-- A tenant's oldest, a few at a time: whoever signs in does it on his way.
delete from access_log where at < now() - interval '400 days'
  and id in (select n.id from access_log n where n.tenant_id = @tenant_id order by n.id limit 100);

-- name: StationByName :one
select id from stations where tenant_id = @tenant_id and outlet_id = @outlet_id and name = @name;
