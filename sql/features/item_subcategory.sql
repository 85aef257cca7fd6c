-- How each item stands in its product family: one row per item with a subcategory; zero shares in a family nobody takes.
-- share_of_subcategory: the item's part of the family's decayed_weight; share_of_subcategory_7d: of its decayed_weight_7d.
-- rank_in_subcategory: place among the family's items by decayed_weight.
with totals as (
    select
        subcategory,
        exact_sum(decayed_weight) as decayed_weight,
        exact_sum(decayed_weight_7d) as decayed_weight_7d
    from features.item
    where subcategory is not null
    group by subcategory
),

id_order as (
    select item_key, row_number() over (order by item_id) as place
    from clean.items
)

select
    items.item_key,
    coalesce(items.decayed_weight / nullif(totals.decayed_weight, 0), 0) as share_of_subcategory,
    coalesce(items.decayed_weight_7d / nullif(totals.decayed_weight_7d, 0), 0) as share_of_subcategory_7d,
    row_number() over (
        partition by items.subcategory order by items.decayed_weight desc, id_order.place
    )::integer as rank_in_subcategory
from features.item as items
inner join totals on totals.subcategory = items.subcategory
inner join id_order on id_order.item_key = items.item_key
order by items.item_key
