-- +goose Up

-- Contract R's workers take whole orders from a queue. An outlet chooses: its orders burst into tasks for its staff and
-- machines, or go whole to workers.
alter table outlets add column kitchen_mode text not null default 'tasks' check (kitchen_mode in ('tasks', 'workers'));

create table workers (                                         -- one row per name, live or not
    tenant_id         bigint not null references tenants,
    name              text not null,
    session           uuid not null,                           -- of the process that has the name
    node_id           bigint not null,                         -- it lives while its node does
    order_types       text[] not null,
    status            text not null check (status in ('online', 'offline')),
    orders_processed  bigint not null default 0,
    heartbeat_seconds double precision not null check (heartbeat_seconds > 0),
    started_at        timestamptz not null default now(),
    last_seen         timestamptz not null default now(),
    primary key (tenant_id, name)
);

create table worker_orders (                                   -- orders that go to workers, from intake on
    order_id  bigint primary key,
    tenant_id bigint not null,
    outlet_id bigint not null,
    number    text not null,
    worker    text not null default '',                        -- who took it last; '' = nobody yet
    taken_at  timestamptz,
    done_at   timestamptz,                                     -- it is ready, or not wanted any more
    unique (tenant_id, number)
);
create index worker_orders_open on worker_orders (order_id) where done_at is null;

create table event_parked (                                    -- events that a sink can never take, left out
    sink      text not null,
    position  bigint not null,
    event_id  uuid not null,
    type      text not null,
    reason    text not null,
    parked_at timestamptz not null default now(),
    primary key (sink, position)
);

create table inbox (                                           -- messages from outside that were taken, each once
    consumer    text not null,
    message     text not null,
    received_at timestamptz not null default now(),
    primary key (consumer, message)
);

-- +goose Down
drop table inbox, event_parked, worker_orders, workers;
alter table outlets drop column kitchen_mode;
