-- What each user takes by manufacturer: one row per user and manufacturer.
-- share_of_user: the manufacturer's part of all the user's decayed weight, items without a manufacturer included.
with makers as (
    select
        pairs.user_key,
        items.manufacturer_id,
        count(*)::integer as n_items,
        min(pairs.recency_days) as recency_days,
        exact_sum(pairs.decayed_weight) as decayed_weight
    from features.user_item as pairs
    inner join clean.items as items on items.item_key = pairs.item_key
    where items.manufacturer_id is not null
    group by pairs.user_key, items.manufacturer_id
)

select
    makers.user_key,
    makers.manufacturer_id,
    makers.n_items,
    makers.recency_days,
    makers.decayed_weight / nullif(users.decayed_weight, 0) as share_of_user
from makers
inner join features.user as users on users.user_key = makers.user_key
order by makers.user_key, makers.manufacturer_id
