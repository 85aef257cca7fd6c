-- What each user has taken: one row per user and item, from every event visible on this night that weighs.
-- A basket is the source's basket, else its session, else the UTC day. Days count back from the cutoff.
-- usual_gap_days: median days between the UTC days it was had on; null for what was had on one day only.
-- due: days since the last time over the usual gap, so 1 means "about now".
-- decayed_weight: event weights divided by (1 + age / 30 days); share and rank order the user's own items by it.
-- decayed_weight_7d: event weights halved every 7 days.
with pairs as (
    select
        user_key,
        item_key,
        count(*)::integer as n_events,
        count(*) filter (where event_type = 'purchase')::integer as n_purchases,
        count(distinct coalesce(basket_id, session_id, event_ts::date::varchar))::integer as n_baskets,
        min(age_days) as recency_days,
        max(age_days) as first_age_days,
        min(event_ts)::date < max(event_ts)::date as on_several_days,
        exact_sum(weight / (1 + age_days / 30)) as decayed_weight,
        exact_sum(weight * pow(0.5, age_days / 7)) as decayed_weight_7d
    from clean.interactions
    where weight > 0
    group by user_key, item_key
),

days as (
    select distinct events.user_key, events.item_key, events.event_ts::date as day
    from clean.interactions as events
    semi join pairs
        on pairs.user_key = events.user_key and pairs.item_key = events.item_key and pairs.on_several_days
    where events.weight > 0
),

gaps as (
    select user_key, item_key, day - lag(day) over (partition by user_key, item_key order by day) as gap_days
    from days
),

usual_gaps as (
    select user_key, item_key, median(gap_days)::double as usual_gap_days
    from gaps
    where gap_days is not null
    group by user_key, item_key
),

totals as (
    select user_key, exact_sum(decayed_weight) as decayed_weight
    from pairs
    group by user_key
),

-- Sorting on the place in id order is faster than on the id.
id_order as (
    select item_key, row_number() over (order by item_id) as place
    from clean.items
)

select
    pairs.user_key,
    pairs.item_key,
    pairs.n_events,
    pairs.n_purchases,
    pairs.n_baskets,
    pairs.recency_days,
    pairs.first_age_days,
    usual_gaps.usual_gap_days,
    pairs.recency_days / usual_gaps.usual_gap_days as due,
    pairs.decayed_weight,
    pairs.decayed_weight_7d,
    pairs.decayed_weight / nullif(totals.decayed_weight, 0) as share_of_user,
    row_number() over (
        partition by pairs.user_key order by pairs.decayed_weight desc, id_order.place
    )::integer as rank_in_user
from pairs
inner join totals on totals.user_key = pairs.user_key
inner join id_order on id_order.item_key = pairs.item_key
left join usual_gaps on usual_gaps.user_key = pairs.user_key and usual_gaps.item_key = pairs.item_key
order by pairs.user_key, pairs.item_key
