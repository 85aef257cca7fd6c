-- Goods brought back.
select
    lines.landed_id,
    lines.household_id as user_id,
    lines.product_id as item_id,
    lines.sold_at as event_ts,
    lines.quantity,
    lines.basket_id
from raw.lines as lines
where lines.kind = 'refund'
