-- +goose Up

-- What the links are signed with by which customers follow their orders: one secret of the house, made once. Nothing is
-- written for a link, so orders cost no more. Another secret makes all links that are out void.
create table tracking_secret (
    one    boolean primary key default true check (one),
    secret bytea not null check (length(secret) >= 32)
);
insert into tracking_secret (secret)
values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

-- +goose Down
drop table tracking_secret;
