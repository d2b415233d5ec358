-- +goose Up

-- Orders that are paid first, wanted at a time, made elsewhere or handed over with a code. Other orders have no terms. --

create table installation (                                    -- tells this database's keys at providers from another's
    id   smallint primary key default 1 check (id = 1),
    salt text not null default left(replace(gen_random_uuid()::text, '-', ''), 12)
);
insert into installation default values;

create table outlet_settings (                                 -- an outlet without a row has the defaults
    outlet_id              bigint primary key references outlets,
    payment_within_seconds integer not null default 600 check (payment_within_seconds > 0), -- then an unpaid order is cancelled
    hand_over_code         boolean not null default false,     -- collected and delivered only with the order's code
    pos_url                text not null default '',           -- the external point of sale; '': the own kitchen
    pos_secret             text not null default '',           -- signs what is sent there and what comes back
    pos_accept_seconds     integer not null default 120 check (pos_accept_seconds > 0) -- then the order is cancelled
);

create table outlet_hours (                                    -- in the outlet's local time; no row at all: always open
    outlet_id bigint not null references outlets,
    weekday   smallint not null check (weekday between 0 and 6), -- 0 = Sunday
    opens     time not null,
    closes    time not null,                                   -- not after opens: until that time next day
    primary key (outlet_id, weekday, opens)
);

create table order_terms (
    order_id  bigint primary key,
    tenant_id bigint not null,
    outlet_id bigint not null,
    waits     text not null check (waits in ('', 'payment', 'time', 'acceptance')),
    due_at    timestamptz,                                     -- when the wait ends, by the product's clock
    wanted_at timestamptz,                                     -- when it shall be ready; null: as soon as it can be
    external  boolean not null default false,                  -- made by an external point of sale
    code      text not null default '',                        -- said by who collects it; '': none is asked for
    proof     text not null default '',                        -- how it was handed over: code, or a photo's reference
    failure   text not null default ''                         -- why a step at the point of sale is not done yet
) with (fillfactor = 80);
create index order_terms_due on order_terms (due_at) where due_at is not null;

create table payments (
    order_id         bigint primary key,
    tenant_id        bigint not null,
    outlet_id        bigint not null,
    method           text not null,
    token            text not null default '',
    currency         text not null,
    authorised_minor bigint not null default 0 check (authorised_minor >= 0),
    captured_minor   bigint not null default 0 check (captured_minor >= 0),
    refunded_minor   bigint not null default 0 check (refunded_minor between 0 and captured_minor),
    state            text not null default 'open' check (state in ('open', 'refused', 'released')),
    reference        text not null default '',                 -- the provider's
    updated_at       timestamptz not null
) with (fillfactor = 80);

create table payment_attempts (                                -- each step at a provider, with its one key
    order_id     bigint not null,
    seq          smallint not null,
    tenant_id    bigint not null,
    step         text not null check (step in ('authorise', 'capture', 'refund', 'release')),
    amount_minor bigint not null check (amount_minor > 0),
    key          text not null unique,                         -- the idempotency key: the same until the outcome is known
    state        text not null check (state in ('pending', 'done', 'refused', 'stuck', 'resolved')),
    tries        integer not null default 0,
    last_error   text not null default '',
    reference    text not null default '',
    note         text not null default '',
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    primary key (order_id, seq)
) with (fillfactor = 80);
create index payment_attempts_open on payment_attempts (tenant_id, updated_at) where state in ('pending', 'stuck');

create view order_money as                                     -- what each paid order has cost its guest so far
select o.tenant_id, o.id as order_id, o.number, o.status, o.total_minor, p.method, p.state, p.authorised_minor,
       p.captured_minor, p.refunded_minor, p.captured_minor - p.refunded_minor as held_minor
from payments p join orders o on o.id = p.order_id;

create view order_steps as                                     -- what orders wait for: timers, and steps at others
select t.tenant_id, t.order_id, o.number, 'timer' as kind, t.waits as step, t.due_at as at, 0 as tries, '' as last_error
from order_terms t join orders o on o.id = t.order_id where t.due_at is not null
union all
select a.tenant_id, a.order_id, o.number, 'payment', a.step, a.created_at, a.tries, a.last_error
from payment_attempts a join orders o on o.id = a.order_id where a.state in ('pending', 'stuck');

-- +goose Down
drop view order_steps, order_money;
drop table payment_attempts, payments, order_terms, outlet_hours, outlet_settings, installation;
