-- What items, users and pairs of both had done before the graded cutoff, and in the horizon after it: the history beside
-- which a column must say nothing of what came after. Only events that weigh, as visible on the graded night before its
-- cutoff and as visible now after it. At most $max_items items and $max_users users, by the hash of their ids, and the
-- pairs of the first $pair_users of them; only those whose first event is older than one horizon.
-- n_last, n_second, n_third: events of the last horizon before the graded cutoff, of the second last and the third last.
-- decayed, earlier_decayed: events before the graded cutoff, and before the last horizon, halved with every two horizons.
-- earlier_recency_days: days from the last event before the last horizon to its beginning.
with chosen_items as (
    select items.item_key
    from clean.items as items
    cross join this.night as night
    where items.available_from <= night.graded_night
    qualify row_number() over (order by md5(items.item_id), items.item_id) <= $max_items
),

chosen_users as (
    select users.user_key, row_number() over (order by md5(users.user_id), users.user_id) as place
    from clean.users as users
    cross join this.night as night
    where users.available_from <= night.graded_night
    qualify place <= $max_users
),

events as (
    select
        events.user_key,
        events.item_key,
        events.quantity,
        events.value,
        profile.horizon,
        events.age_days - profile.horizon as age_days
    from clean.interactions as events
    cross join this.night as night
    cross join this.profile as profile
    where
        events.weight > 0
        and events.event_ts < night.cutoff
        and (events.event_ts >= night.graded_cutoff or events.visible_night <= night.graded_night)
),

of_entities as (
    select 'item' as entity, null as user_key, events.* exclude (user_key)
    from events
    semi join chosen_items on chosen_items.item_key = events.item_key
    union all by name
    select 'user' as entity, null as item_key, events.* exclude (item_key)
    from events
    semi join chosen_users on chosen_users.user_key = events.user_key
    union all by name
    select 'user_item' as entity, events.*
    from events
    semi join chosen_users on chosen_users.user_key = events.user_key and chosen_users.place <= $pair_users
)

select
    entity,
    user_key,
    item_key,
    count(*) filter (where age_days > 0) as n_before,
    count(*) filter (where age_days <= 0) as n_after,
    coalesce(exact_sum(case when age_days > 0 then quantity end), 0) as quantity_before,
    coalesce(exact_sum(case when age_days <= 0 then quantity end), 0) as quantity_after,
    coalesce(exact_sum(case when age_days > 0 then value end), 0) as value_before,
    coalesce(exact_sum(case when age_days <= 0 then value end), 0) as value_after,
    count(*) filter (where age_days > 0 and age_days <= horizon) as n_last,
    count(*) filter (where age_days > horizon and age_days <= 2 * horizon) as n_second,
    count(*) filter (where age_days > 2 * horizon and age_days <= 3 * horizon) as n_third,
    coalesce(exact_sum(case when age_days > 0 then pow(0.5, age_days / (2 * horizon)) end), 0) as decayed,
    coalesce(exact_sum(case when age_days > horizon then pow(0.5, age_days / (2 * horizon) - 0.5) end), 0) as earlier_decayed,
    min(age_days) filter (where age_days > 0) as recency_days,
    min(age_days - horizon) filter (where age_days > horizon) as earlier_recency_days,
    max(age_days) as age_days
from of_entities
group by entity, user_key, item_key
having max(age_days - horizon) > 0
order by entity, user_key, item_key
