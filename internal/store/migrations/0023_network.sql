-- +goose Up

-- Networks: a parent tenant sees its own outlets and those of the tenants that have joined it, summed up. ------------------

create table network_members (
    tenant_id bigint primary key references tenants,           -- of one network at most
    parent_id bigint not null references tenants,              -- which is a member of none
    joined_by text not null,
    joined_at timestamptz not null,
    check (tenant_id <> parent_id)
);
create index network_members_parent on network_members (parent_id, tenant_id);

create table network_centrals (                                -- outlets that produce for others
    outlet_id bigint primary key references outlets,
    tenant_id bigint not null references tenants
);

-- +goose Down
drop table network_centrals, network_members;
