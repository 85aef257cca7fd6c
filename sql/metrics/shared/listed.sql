-- What the metrics of sql/metrics look at, shown to them as made.listed: ranks 1 to 10 of each list of the graded night
-- whose user is graded and was known then, one row per task, list, user and item, with what the graded night knew of the
-- item. Unknown users are all served one list, which says nothing of the others.
-- hit: taken since. category: as delivered by then. n_buyers: users who had taken it. is_new: 28 days old at most.
-- was_had: taken before by this user.
with lists as (
    select task, algorithm, user_key, item_key, hit
    from grades.judged_candidates
    where rank <= 10
    union all
    select task, algorithm, user_key, item_key, hit
    from grades.judged_published
    where rank <= 10
),

versions as (
    select versions.item_key, versions.category
    from clean.item_versions as versions
    cross join this.night as night
    where versions.visible_night <= night.graded_night
    qualify row_number() over (partition by versions.item_key order by versions.visible_night desc) = 1
)

select
    lists.task,
    lists.algorithm,
    lists.user_key,
    lists.item_key,
    lists.hit,
    versions.category,
    items.n_buyers,
    items.age_days <= 28 as is_new,
    pairs.item_key is not null as was_had
from lists
semi join grades.users as users
    on users.task = lists.task and users.user_key = lists.user_key and not users.is_cold_user
inner join graded.features.item as items on items.item_key = lists.item_key
left join versions on versions.item_key = lists.item_key
left join graded.features.user_item as pairs
    on pairs.user_key = lists.user_key and pairs.item_key = lists.item_key
