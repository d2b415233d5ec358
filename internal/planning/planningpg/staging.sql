create temporary table if not exists sales_staging (
    line           integer not null,
    outlet_id      bigint not null,
    sku            text not null,
    name           text not null,
    day            date not null,
    hour           smallint,
    quantity_milli bigint not null,
    revenue_minor  bigint not null,
    sold_out       boolean not null,
    key            text collate "C" not null
) on commit delete rows
