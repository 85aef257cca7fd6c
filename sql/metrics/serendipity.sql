-- Serendipity: share of the first 10 ranks that were taken and could not be expected, mean over known users (Ge,
-- Delgado-Battenfeld and Jannach, RecSys 2010; Kotkov, Wang and Veijalainen, KBS 2016). Expected is what a primitive
-- recommender names: what the user had before, the ten most taken items, and the ten of each of the user's three leading categories.
with leading_categories as (
    select user_key, category
    from graded.features.user_category
    qualify row_number() over (partition by user_key order by share_of_user desc, category) <= 3
),

hits as (
    select task, algorithm, user_key, item_key
    from made.listed
    where hit and not was_had
),

popular as (
    select item_key
    from graded.features.item
    qualify rank() over (order by n_buyers desc) <= 10
),

categories as (
    select items.item_key, versions.category, items.n_buyers
    from graded.features.item as items
    inner join clean.item_versions as versions on versions.item_key = items.item_key
    cross join this.night as night
    where versions.visible_night <= night.graded_night
    qualify row_number() over (partition by versions.item_key order by versions.visible_night desc) = 1
),

popular_of_categories as (
    select item_key, category
    from categories
    where category is not null
    qualify rank() over (partition by category order by n_buyers desc) <= 10
),

unexpected as (
    select hits.task, hits.algorithm, count(*) as n_hits
    from hits
    anti join popular on popular.item_key = hits.item_key
    left join popular_of_categories as popular_there on popular_there.item_key = hits.item_key
    left join leading_categories as habits
        on habits.user_key = hits.user_key and habits.category = popular_there.category
    where habits.category is null
    group by hits.task, hits.algorithm
),

graded as (
    select task, count(*) as n_users
    from grades.users
    where not is_cold_user
    group by task
),

lists as (
    select distinct task, algorithm
    from made.listed
)

select
    lists.task,
    lists.algorithm,
    10 as k,
    coalesce(unexpected.n_hits, 0) / (10 * graded.n_users) as value
from lists
inner join graded on graded.task = lists.task
left join unexpected on unexpected.task = lists.task and unexpected.algorithm = lists.algorithm
order by lists.task, lists.algorithm, k
