-- What each user takes by product family: one row per user and subcategory; items without a subcategory are left out.
-- n_takes: baskets of its items, each item counted by itself. repeat_share: of those takes, the ones of an item the user
-- already had in another basket before.
-- n_new_items: items had for the first time in the last 28 days. newest_age_days: days since the user last took one that
-- was new to them.
-- decayed_weight_7d: event weights halved every 7 days, summed.
-- share_of_user: the subcategory's part of all the user's decayed weight, items without a subcategory included.
with families as (
    select
        pairs.user_key,
        items.subcategory,
        count(*)::integer as n_items,
        sum(pairs.n_baskets::integer)::integer as n_takes,
        count(*) filter (where pairs.first_age_days <= 28)::integer as n_new_items,
        min(pairs.recency_days) as recency_days,
        min(pairs.first_age_days) as newest_age_days,
        max(pairs.first_age_days) as first_age_days,
        exact_sum(pairs.decayed_weight) as decayed_weight,
        exact_sum(pairs.decayed_weight_7d) as decayed_weight_7d
    from features.user_item as pairs
    inner join clean.items as items on items.item_key = pairs.item_key
    where items.subcategory is not null
    group by pairs.user_key, items.subcategory
)

select
    families.user_key,
    families.subcategory,
    families.n_items,
    families.n_takes,
    families.n_new_items,
    families.recency_days,
    families.newest_age_days,
    families.first_age_days,
    1 - families.n_items / families.n_takes as repeat_share,
    families.decayed_weight_7d,
    families.decayed_weight / nullif(users.decayed_weight, 0) as share_of_user
from families
inner join features.user as users on users.user_key = families.user_key
order by families.user_key, families.subcategory
