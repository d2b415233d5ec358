-- name: Secret :one
select secret from tracking_secret;
