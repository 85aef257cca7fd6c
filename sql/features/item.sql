-- How each item is taken: one row per known item; only events that weigh count, and an item without any has
-- zero counts and null times.
-- Days count back from the cutoff; age_days is the longer of since first visible and since the first event.
-- usual_gap_days: median over its buyers of their own usual gap. repeat_rate: buyers with more than one basket of it.
-- price: median paid for one in the last 28 days, else ever, else the catalogue's; price_level: its percent rank in the category.
-- category, subcategory, department: as known by the cutoff.
-- first_time_buyers_2d, _7d, _28d: users who took it for the first time in the last so many days; null while the log is
-- shorter than that: everybody is new then.
-- first_time_share_7d: of the users who took it in the last 7 days, those who never had before; null where nobody did.
with log as (
    select max(age_days) as length_days
    from clean.interactions
    where weight > 0
),

buyers as (
    select
        item_key,
        sum(n_events::integer)::integer as n_events,
        count(*)::integer as n_buyers,
        sum(n_baskets::integer)::integer as n_baskets,
        min(recency_days) as recency_days,
        max(first_age_days) as first_age_days,
        median(usual_gap_days) as usual_gap_days,
        count(*) filter (where n_baskets > 1) / count(*) as repeat_rate,
        count(*) filter (where first_age_days <= 2)::integer as first_time_buyers_2d,
        count(*) filter (where first_age_days <= 7)::integer as first_time_buyers_7d,
        count(*) filter (where first_age_days <= 28)::integer as first_time_buyers_28d,
        count(*) filter (where recency_days <= 7) as buyers_7d,
        exact_sum(decayed_weight) as decayed_weight,
        exact_sum(decayed_weight_7d) as decayed_weight_7d
    from features.user_item
    group by item_key
),

total as (
    select exact_sum(decayed_weight) as decayed_weight
    from buyers
),

paid as (
    select
        item_key,
        median(value / nullif(quantity, 0)) filter (where age_days <= 28) as price_28d,
        median(value / nullif(quantity, 0)) as price
    from clean.interactions
    where weight > 0
    group by item_key
),

prices as (
    select items.item_key, items.category, coalesce(paid.price_28d, paid.price, items.price) as price
    from clean.items as items
    left join paid on paid.item_key = items.item_key
),

price_levels as (
    select item_key, percent_rank() over (partition by category order by price) as price_level
    from prices
    where category is not null and price is not null
)

select
    items.item_key,
    coalesce(buyers.n_events, 0) as n_events,
    coalesce(buyers.n_buyers, 0) as n_buyers,
    coalesce(buyers.n_baskets, 0) as n_baskets,
    buyers.recency_days,
    greatest(buyers.first_age_days, (night.night - items.available_from)::double) as age_days,
    buyers.usual_gap_days,
    buyers.repeat_rate,
    case when log.length_days >= 2 then coalesce(buyers.first_time_buyers_2d, 0) end as first_time_buyers_2d,
    case when log.length_days >= 7 then coalesce(buyers.first_time_buyers_7d, 0) end as first_time_buyers_7d,
    case when log.length_days >= 28 then coalesce(buyers.first_time_buyers_28d, 0) end as first_time_buyers_28d,
    case
        when log.length_days >= 7 then buyers.first_time_buyers_7d / nullif(buyers.buyers_7d, 0)
    end as first_time_share_7d,
    coalesce(buyers.decayed_weight, 0) as decayed_weight,
    coalesce(buyers.decayed_weight_7d, 0) as decayed_weight_7d,
    coalesce(buyers.decayed_weight, 0) / nullif(total.decayed_weight, 0) as weight_share,
    prices.price,
    price_levels.price_level,
    items.category,
    items.subcategory,
    items.department
from clean.items as items
cross join this.night as night
cross join log
cross join total
inner join prices on prices.item_key = items.item_key
left join buyers on buyers.item_key = items.item_key
left join price_levels on price_levels.item_key = items.item_key
order by items.item_key
