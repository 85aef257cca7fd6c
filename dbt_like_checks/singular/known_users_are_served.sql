-- table: recommendations.lists
-- Every known user has a list in every task, as long as anything trending is left for the user
-- (in discovery: anything the user has not had).
-- remedy: The failing rows name users who would see nothing. Look at the candidates of that task, at what is trending,
-- and at sql/recommendations/lists.sql, which fills short lists with what is trending. Mend it and build the night
-- again.
with not_served as (
    select
        tasks.task,
        users.user_key,
        users.user_id
    from clean.users as users
    cross join this.tasks as tasks
    anti join recommendations.lists as lists on lists.task = tasks.task and lists.user_key = users.user_key
)

select distinct
    not_served.task,
    not_served.user_key,
    not_served.user_id
from not_served
inner join recommendations.trending as trending on trending.scope = 'all'
left join clean.interactions as had
    on had.user_key = not_served.user_key and had.item_key = trending.item_key
where not_served.task <> 'discovery' or had.item_key is null
