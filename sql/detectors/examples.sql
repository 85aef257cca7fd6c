-- Examples of the night's rerankers, those of at most $max_users users of a task, by the hash of their ids.
with learners as (
    select examples.task, examples.user_key
    from (select distinct task, user_key from recommendations.examples) as examples
    inner join graded.clean.users as users on users.user_key = examples.user_key
    qualify row_number() over (partition by examples.task order by md5(users.user_id), users.user_id) <= $max_users
)

select examples.*
from recommendations.examples as examples
semi join learners on learners.task = examples.task and learners.user_key = examples.user_key
order by examples.task, examples.user_key, examples.item_key
