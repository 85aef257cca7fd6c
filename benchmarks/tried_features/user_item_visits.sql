-- What a user's visits say of an item: one row per user and item; a visit is a UTC day with anything the user took.
-- n_7d to n_91d: visits of the last days with it. weeks_91d: of the last 13 weeks, those with it.
-- visits_since: visits since the last with it; usual_visits: median number from one with it to the next; visits_due:
-- the first over the second. share_of_visits: of the visits since the first with it, those with it.
-- shortest_gap_days, longest_gap_days, spread_gap_days: of the days between visits with it.
-- last_quantity: over the mean of all visits with it.
with takes as (
    select user_key, item_key, event_ts::date as day, min(age_days) as age_days, exact_sum(quantity) as quantity
    from clean.interactions
    where weight > 0
    group by user_key, item_key, day
),

days as (
    select distinct user_key, day
    from takes
),

visits as (
    select
        user_key,
        day,
        row_number() over (partition by user_key order by day) as visit,
        count(*) over (partition by user_key) as n_visits
    from days
),

gaps as (
    select
        takes.user_key,
        takes.item_key,
        takes.age_days,
        takes.quantity,
        visits.visit,
        visits.n_visits,
        takes.day - lag(takes.day) over (partition by takes.user_key, takes.item_key order by takes.day) as gap_days,
        visits.visit - lag(visits.visit) over (partition by takes.user_key, takes.item_key order by takes.day) as gap_visits,
        row_number() over (partition by takes.user_key, takes.item_key order by takes.day desc) as place
    from takes
    inner join visits on visits.user_key = takes.user_key and visits.day = takes.day
),

pairs as (
    select
        user_key,
        item_key,
        count(*) as n,
        count(*) filter (where age_days <= 7) as n_7d,
        count(*) filter (where age_days <= 28) as n_28d,
        count(*) filter (where age_days <= 91) as n_91d,
        count(distinct age_days // 7) filter (where age_days <= 91) as weeks_91d,
        min(n_visits) - max(visit) as visits_since,
        min(n_visits) - min(visit) + 1 as visits_from_first,
        median(gap_visits) as usual_visits,
        min(gap_days) as shortest_gap_days,
        max(gap_days) as longest_gap_days,
        max(quantity) filter (where place = 1) / exact_avg(quantity) as last_quantity
    from gaps
    group by user_key, item_key
)

select
    user_key,
    item_key,
    n_7d,
    n_28d,
    n_91d,
    weeks_91d,
    visits_since,
    usual_visits,
    visits_since / usual_visits as visits_due,
    n / visits_from_first as share_of_visits,
    shortest_gap_days,
    longest_gap_days,
    longest_gap_days - shortest_gap_days as spread_gap_days,
    last_quantity
from pairs
order by user_key, item_key
