-- +goose Up

-- When orders were said to be ready, and how much a kitchen takes on. -------------------------------------------------

alter table tickets add column due_at timestamptz;             -- when the order is wanted; null: as soon as it can be

create table order_promises (
    order_id  bigint primary key,
    tenant_id bigint not null,
    outlet_id bigint not null,
    made_at   timestamptz not null,
    lead_ms   integer not null,                                -- until the plan expected it to be ready
    alone_ms  integer not null,                                -- what its longest way takes if it waits for nothing
    first_p50 timestamptz not null,                            -- as it was made: half of all orders are ready by then
    first_p90 timestamptz not null check (first_p90 >= first_p50), -- and nine of ten by then
    p50       timestamptz not null,                            -- as it stands
    p90       timestamptz not null check (p90 >= p50),
    told      timestamptz not null,                            -- the latest time its guest was told
    slips     smallint not null default 0,                     -- how often he was told a later one
    tasks     smallint not null                                -- that it was made for
) with (fillfactor = 80);

create table kitchen_states (                                  -- an outlet without a row is open, and nothing was learned
    outlet_id   bigint primary key references outlets,
    tenant_id   bigint not null,
    state       text not null default 'open' check (state in ('open', 'busy')),
    since       timestamptz,
    paused      jsonb not null default '[]',                   -- what it has paused by itself
    calibration jsonb not null default '{}'                    -- what kept and broken promises have taught
) with (fillfactor = 80);

create table admission_settings (                              -- an outlet without a row takes on all that comes
    outlet_id bigint primary key references outlets,
    tenant_id bigint not null,
    settings  jsonb not null
);

-- +goose Down

drop table admission_settings;
drop table kitchen_states;
drop table order_promises;
alter table tickets drop column due_at;
