-- name: OutletPlaces :many
select outlet_id, lat, lon from delivery_outlets where outlet_id = any(@outlets::bigint[]);
