-- +goose Up

-- What people tapped on kitchen screens, once each: a tablet that was offline may send a tap again.
create table kitchen_taps (
    tenant_id bigint not null,
    key       text not null,                                    -- the tablet's
    what      text not null,
    order_id  bigint not null,
    task_id   bigint not null,                                  -- 0 = the tap was about the whole order
    tapped_by text not null,
    at        timestamptz not null,                             -- when it was carried out
    primary key (tenant_id, key)
);

create index on kitchen_taps (at);                              -- old ones are forgotten

-- +goose Down

drop table kitchen_taps;
