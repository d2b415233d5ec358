-- +goose Up

-- What is no longer part of a kitchen stays in the database: old recipes and tasks name it.
alter table stations add column removed_at timestamptz;        -- null: it is part of the kitchen

-- Where an item stands on its outlet's menu; those of one place by their ids.
alter table menu_items add column place integer not null default 0;

-- +goose Down
alter table menu_items drop column place;
alter table stations drop column removed_at;
