-- +goose Up

-- A station that is no longer in the loaded file stays for old recipes, tasks and machines, which name it.
alter table stations add column removed boolean not null default false;

-- +goose Down
alter table stations drop column removed;
