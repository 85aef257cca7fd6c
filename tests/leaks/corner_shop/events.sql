-- Till lines of the corner shop. Times are UTC.
select
    lines.landed_id,
    lines.household_id as user_id,
    lines.product_id as item_id,
    lines.sold_at as event_ts,
    'purchase' as event_type,
    lines.quantity,
    lines.sales_value as value,
    lines.basket_id
from raw.lines as lines
where lines.kind = 'sale'
