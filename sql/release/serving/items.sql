-- Every item known on this night: what it is, the median price paid for one lately (else ever, else the catalogue's),
-- and how often and how lately it was taken. Days count back from the night's end; null for what nobody took.
select
    items.item_id,
    items.title,
    items.department,
    items.category,
    items.subcategory,
    items.brand,
    popularity.price,
    items.available_from,
    popularity.n_events,
    popularity.n_buyers,
    popularity.n_baskets,
    popularity.recency_days
from clean.items as items
inner join features.item as popularity on popularity.item_key = items.item_key
order by items.item_id
