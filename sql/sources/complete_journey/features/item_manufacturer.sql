-- Who makes each product: one row per item with a manufacturer.
-- n_items: items of the manufacturer that anybody takes. share_of_manufacturer: the item's part of its manufacturer's
-- decayed_weight; zero where nobody takes any.
with totals as (
    select
        products.manufacturer_id,
        count(*) filter (where items.n_events > 0)::integer as n_items,
        exact_sum(items.decayed_weight) as decayed_weight
    from features.item as items
    inner join clean.items as products on products.item_key = items.item_key
    where products.manufacturer_id is not null
    group by products.manufacturer_id
)

select
    items.item_key,
    totals.manufacturer_id,
    totals.n_items,
    coalesce(items.decayed_weight / nullif(totals.decayed_weight, 0), 0) as share_of_manufacturer
from features.item as items
inner join clean.items as products on products.item_key = items.item_key
inner join totals on totals.manufacturer_id = products.manufacturer_id
order by items.item_key
