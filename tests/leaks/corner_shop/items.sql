-- The price list: what each product is and costs from an instant on, and until when it is to be had.
select
    prices.landed_id,
    prices.product_id as item_id,
    prices.valid_from as known_from,
    prices.product_type as title,
    prices.department,
    prices.product_category as category,
    prices.price,
    prices.retired_at
from raw.prices as prices
