-- What rises and what falls: of the users who took anything in the last 28 days, how many took the item, or anything of the
-- category, beside the 28 days before. Windows are whole weeks, so that no weekday weighs more in one of them.
-- z: of the two-proportion test with pooled variance. assets/movements.py fills in its p, and q: p corrected for all tests of
-- the kind. Users are counted, not events: those of one user are not independent. Many are in
-- both windows, which the test does not know and which makes it slower to claim a change, not faster.
-- Only what the normal distribution holds for: 5 users at least who would be expected to take it in either window, and 5 who
-- would not. No rows while the log is shorter than both windows.
with log as (
    select max(tenure_days) as length_days
    from features.user
),

takes as (
    select user_key, item_key, age_days <= 28 as is_late
    from clean.interactions
    cross join log
    where weight > 0 and age_days <= 56 and log.length_days >= 56
    group by all
),

active as (
    select
        count(distinct user_key) filter (where is_late) as n_late,
        count(distinct user_key) filter (where not is_late) as n_before
    from takes
),

shares as (
    select
        'item' as kind,
        takes.item_key,
        null::varchar as category,
        count(*) filter (where takes.is_late) as n_users,
        count(*) filter (where not takes.is_late) as n_users_before
    from takes
    group by takes.item_key
    union all
    select
        'category' as kind,
        null as item_key,
        items.category,
        count(distinct takes.user_key) filter (where takes.is_late) as n_users,
        count(distinct takes.user_key) filter (where not takes.is_late) as n_users_before
    from takes
    inner join clean.items as items on items.item_key = takes.item_key
    where items.category is not null
    group by items.category
),

pooled as (
    select
        shares.*,
        active.n_late,
        active.n_before,
        (shares.n_users + shares.n_users_before) / (active.n_late + active.n_before) as share
    from shares
    cross join active
),

tested as (
    select
        *,
        (n_users / n_late - n_users_before / n_before) / sqrt(share * (1 - share) * (1 / n_late + 1 / n_before)) as z
    from pooled
    where least(share, 1 - share) * least(n_late, n_before) >= 5
)

select
    tested.kind,
    (row_number() over (
        partition by tested.kind order by abs(tested.z) desc, items.item_id, tested.category
    ))::integer as rank,
    items.item_id,
    items.title,
    coalesce(tested.category, items.category) as category,
    tested.n_users::integer as n_users,
    tested.n_users_before::integer as n_users_before,
    tested.n_users / tested.n_late as share,
    tested.n_users_before / tested.n_before as share_before,
    tested.z,
    null::double as p,
    null::double as q
from tested
left join clean.items as items on items.item_key = tested.item_key
order by tested.kind, rank
