-- +goose Up

-- A step at a provider that was just written is asked for at once by the process that wrote it. Only what it does not
-- bring to an end becomes a job.
alter table payment_attempts
    add column asker  bigint not null default 0,               -- the node that asks
    add column ask_at timestamptz;                             -- then a job asks instead; null: it has a job, or an outcome
create index payment_attempts_asked on payment_attempts (ask_at) where ask_at is not null;

create index order_terms_failed on order_terms (tenant_id) where failure <> '';

create table order_traces (                                    -- of orders that are traced: where their spans belong
    order_id     bigint primary key,
    tenant_id    bigint not null,
    trace_parent text not null                                 -- W3C trace context
);

-- +goose Down
drop table order_traces;
drop index payment_attempts_asked, order_terms_failed;
alter table payment_attempts drop column ask_at, drop column asker;
