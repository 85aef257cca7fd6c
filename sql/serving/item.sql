-- One item as the night knows it.
select
    item_id, title, department, category, subcategory, brand, price, available_from, n_events, n_buyers, n_baskets,
    recency_days
from serving.items
where item_id = $item_id
order by item_id
