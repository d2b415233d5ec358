-- name: ClaimNumbers :exec
-- One row, which must still hold the last number that this node knows of. Nobody is waited for: who holds the row gives
-- out the same numbers.
update order_counters c set last = @last
where c.tenant_id = @tenant and c.day = @day and exists (
    select from order_counters h where h.tenant_id = @tenant and h.day = @day and h.last = @expected for update skip locked);
