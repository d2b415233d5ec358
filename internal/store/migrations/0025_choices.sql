-- +goose Up

-- What a guest can choose of an item, and what it holds that makes some people ill.
alter table menu_items
    add column choices   jsonb not null default '[]',   -- groups: name, min, max, choices of name and price
    add column allergens text[] not null default '{}';

-- +goose Down

alter table menu_items drop column choices, drop column allergens;
