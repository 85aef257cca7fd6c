-- What each user is like, as the night knows it: one row per user with an event that counts, or with attributes.
-- categories: the five that most of the user's decayed event weights are in, each with its share of all of them.
-- price_level: 1 is typical; see sql/features/user.sql. usual_weekday (1 is Monday) and usual_hour: when most of the user's
-- baskets began, UTC, the earlier one of equal ones; null below three baskets. Hours are null where no event has a time of day.
-- segments: activity (thirds of the users by events) and the attributes delivered of the user, those with 2 to 12 values.
with baskets as (
    select
        user_key,
        coalesce(basket_id, session_id, event_ts::date::varchar) as basket,
        min(event_ts) as began
    from clean.interactions
    where weight > 0
    group by user_key, basket
),

times as (
    select
        user_key,
        count(*) as n_baskets,
        [count(*) filter (where isodow(began) = 1), count(*) filter (where isodow(began) = 2),
            count(*) filter (where isodow(began) = 3), count(*) filter (where isodow(began) = 4),
            count(*) filter (where isodow(began) = 5), count(*) filter (where isodow(began) = 6),
            count(*) filter (where isodow(began) = 7)] as weekdays,
        bool_or(began <> began::date) as has_times
    from baskets
    group by user_key
),

hours as (
    select user_key, hour(began)::integer as hour
    from baskets
    group by user_key, hour(began)
    qualify row_number() over (partition by user_key order by count(*) desc, hour(began)) = 1
),

ranked as (
    select
        user_key,
        category,
        share_of_user as share,
        row_number() over (partition by user_key order by share_of_user desc, category) as place
    from features.user_category
    where share_of_user is not null
),

categories as (
    select user_key, list(struct_pack(category := category, share := share) order by place) as categories
    from ranked
    where place <= 5
    group by user_key
),

bounds as (
    select quantile_disc(n_events, 1 / 3) as low, quantile_disc(n_events, 2 / 3) as middle
    from features.user
    where n_events > 0
),

documents as (
    select user_key, to_json(versions) as attributes
    from (select * exclude (user_id, available_from) from clean.users) as versions
),

names as (
    select distinct unnest(json_keys(attributes)) as name
    from documents
),

delivered as (
    select documents.user_key, names.name, documents.attributes ->> names.name as value
    from documents
    cross join names
    where names.name <> 'user_key' and json_type(documents.attributes, names.name) = 'VARCHAR'
),

known as (
    select name
    from delivered
    group by name
    having count(distinct value) between 2 and 12
),

segments as (
    select users.user_key, 'activity' as segment, case
            when users.n_events <= bounds.low then 'low'
            when users.n_events <= bounds.middle then 'middle'
            else 'high'
        end as value
    from features.user as users
    cross join bounds
    where users.n_events > 0
    union all
    select delivered.user_key, delivered.name as segment, delivered.value
    from delivered
    semi join known on known.name = delivered.name
),

lists as (
    select user_key, list(struct_pack(segment := segment, value := value) order by segment) as segments
    from segments
    group by user_key
)

select
    users.user_id,
    coalesce(categories.categories, []) as categories,
    activity.price_level,
    activity.value_per_basket,
    activity.basket_size,
    activity.repeat_share,
    activity.new_share_28d,
    activity.usual_gap_days,
    case when times.n_baskets > 2 then list_position(times.weekdays, list_max(times.weekdays))::integer end as usual_weekday,
    case when times.n_baskets > 2 and times.has_times then hours.hour end as usual_hour,
    activity.store,
    coalesce(lists.segments, []) as segments
from clean.users as users
inner join features.user as activity on activity.user_key = users.user_key
left join times on times.user_key = users.user_key
left join hours on hours.user_key = users.user_key
left join categories on categories.user_key = users.user_key
left join lists on lists.user_key = users.user_key
where activity.n_events > 0 or lists.segments is not null
order by users.user_id
