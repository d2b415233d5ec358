-- +goose Up

create table kitchen_rules (                                   -- an outlet without a row decides by the usual rules
    outlet_id bigint primary key references outlets,
    tenant_id bigint not null,
    rules     jsonb not null
);

-- +goose Down

drop table kitchen_rules;
