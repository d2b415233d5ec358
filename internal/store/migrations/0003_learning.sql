-- +goose Up

-- What is learned of how long work takes. Logs are natural logarithms of actual ÷ expected, newest last; an open one is
-- a task that completed by itself: it says "at least so long".

create table step_estimates (                                  -- per step of an item's recipe
    outlet_id        bigint not null,
    sku              text not null,
    step_no          integer not null,
    tenant_id        bigint not null,
    description      text not null,                            -- the step it was learned of, with station and
    station_id       bigint not null,                          -- recipe's estimate: when one of them is another by now,
    base_seconds     double precision not null,                -- learning begins anew
    logs             real[] not null default '{}',
    open             boolean[] not null default '{}',
    samples          bigint not null default 0,                -- measured by people, ever
    learned_seconds  double precision,                         -- null: too few samples
    p90_seconds      double precision,
    in_force_seconds double precision,                         -- what new tasks take; it follows learned_seconds in steps
    pinned_seconds   double precision check (pinned_seconds > 0),
    pinned_by        text not null default '',
    pinned_at        timestamptz,
    updated_at       timestamptz not null,
    primary key (outlet_id, sku, step_no)
);

create table step_estimate_days (                              -- how they came to be: the last values of each day
    outlet_id        bigint not null,
    sku              text not null,
    step_no          integer not null,
    day              date not null,                            -- in the outlet's zone
    learned_seconds  double precision,
    p90_seconds      double precision,
    in_force_seconds double precision not null,
    samples          bigint not null,
    primary key (outlet_id, sku, step_no, day)
);

create table learned_factors (                                 -- stations, people, and tasks in hand, beside the steps
    outlet_id  bigint not null,
    kind       text not null check (kind in ('station', 'person', 'load')),
    ref        bigint not null,                                -- station, staff, or how many other tasks were in hand
    logs       real[] not null default '{}',
    open       boolean[] not null default '{}',
    samples    bigint not null default 0,
    factor     double precision not null default 1,            -- actual ÷ expected, as far as it can be told
    updated_at timestamptz not null,
    primary key (outlet_id, kind, ref)
);

create table learning_cursor (                                 -- everything in the event log up to here has been learned
    id         smallint primary key default 1 check (id = 1),
    position   bigint not null default 0,
    updated_at timestamptz not null default now()
);
insert into learning_cursor default values;

create view steps_in_force as                                  -- a recipe's steps with the time that new tasks take
select s.recipe_id, s.step_no, r.outlet_id, r.sku, s.description, s.station_id, s.machine_id, s.base_priority,
       s.estimate_seconds as base_seconds,
       coalesce(case when e.description = s.description then e.pinned_seconds end,
                case when e.description = s.description and e.station_id = s.station_id
                          and e.base_seconds = s.estimate_seconds then e.in_force_seconds end,
                s.estimate_seconds)::double precision as estimate_seconds
from recipe_steps s
join recipes r on r.id = s.recipe_id
left join step_estimates e on e.outlet_id = r.outlet_id and e.sku = r.sku and e.step_no = s.step_no;

-- Whoever asks what happened in some minutes reads those only; new rows cost nothing.
create index event_log_time on event_log using brin (occurred_at) with (pages_per_range = 32);

-- +goose Down
drop index event_log_time;
drop view steps_in_force;
drop table learning_cursor, learned_factors, step_estimate_days, step_estimates;
