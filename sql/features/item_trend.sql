-- Whether each item rises or falls: one row per known item, events and distinct buyers of the last 7 days, the 7 before,
-- and the weekly mean of the 28 days before the last 7; buyers of the last 2 days show what has just begun to move.
-- Only events that weigh count. Windows end at the cutoff; one that begins before the log is null.
-- trend_ratio: (events of the last 7 days + 1) / (their weekly mean before + 1), so above 1 is rising.
with log as (
    select max(age_days) as length_days
    from clean.interactions
    where weight > 0
),

buyers as (
    select
        item_key,
        user_key,
        count(*) filter (where age_days <= 2) as events_2d,
        count(*) filter (where age_days <= 7) as events_7d,
        count(*) filter (where age_days > 7 and age_days <= 14) as events_prior_7d,
        count(*) filter (where age_days > 7) as events_prior_28d
    from clean.interactions
    where weight > 0 and age_days <= 35
    group by item_key, user_key
),

counts as (
    select
        item_key,
        sum(events_7d::integer)::integer as events_7d,
        count(*) filter (where events_2d > 0)::integer as buyers_2d,
        count(*) filter (where events_7d > 0)::integer as buyers_7d,
        sum(events_prior_7d::integer)::integer as events_prior_7d,
        count(*) filter (where events_prior_7d > 0)::integer as buyers_prior_7d,
        sum(events_prior_28d::integer) / 4 as weekly_events_28d
    from buyers
    group by item_key
)

select
    items.item_key,
    case when log.length_days >= 7 then coalesce(counts.events_7d, 0) end as events_7d,
    case when log.length_days >= 7 then coalesce(counts.buyers_7d, 0) end as buyers_7d,
    case when log.length_days >= 14 then coalesce(counts.events_prior_7d, 0) end as events_prior_7d,
    case when log.length_days >= 14 then coalesce(counts.buyers_prior_7d, 0) end as buyers_prior_7d,
    case when log.length_days >= 35 then coalesce(counts.weekly_events_28d, 0) end as weekly_events_28d,
    case
        when log.length_days >= 35
            then (coalesce(counts.events_7d, 0) + 1) / (coalesce(counts.weekly_events_28d, 0) + 1)
    end as trend_ratio,
    case when log.length_days >= 2 then coalesce(counts.buyers_2d, 0) end as buyers_2d
from clean.items as items
cross join log
left join counts on counts.item_key = items.item_key
order by items.item_key
