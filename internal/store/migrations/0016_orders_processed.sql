-- +goose Up

-- On how many orders somebody completed a task: many tasks of one order are one order, as contract R counts them.
alter table staff add column orders_processed bigint not null default 0;
update staff s set orders_processed = n.orders
from (select assigned_staff_id as id, count(distinct order_id) as orders from tasks where completed_at is not null group by assigned_staff_id) n
where s.id = n.id;

-- +goose Down

alter table staff drop column orders_processed;
