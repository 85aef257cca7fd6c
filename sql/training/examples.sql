-- What a reranker learns from: candidates of the graded night of every user who took something since and was proposed some
-- of it, and whether the user took the item. Candidates up to $top_ranks and what was taken are all there; of those
-- behind, every $every_nth stands for that many (weight). At most $max_users users of a task, by the hash of their ids.
with judged as (
    select
        candidates.*,
        relevant.item_key is not null as taken
    from graded.recommendations.candidates as candidates
    left join grades.relevant as relevant
        on
            relevant.task = candidates.task
            and relevant.user_key = candidates.user_key
            and relevant.item_key = candidates.item_key
),

hit_users as (
    select distinct judged.task, judged.user_key, users.user_id
    from judged
    inner join clean.users as users on users.user_key = judged.user_key
    where judged.taken
),

learners as (
    select task, user_key
    from hit_users
    qualify row_number() over (partition by task order by md5(user_id), user_id) <= $max_users
)

select
    judged.*,
    case when judged.taken or judged.rank <= $top_ranks then 1 else $every_nth end::integer as weight
from judged
semi join learners on learners.task = judged.task and learners.user_key = judged.user_key
where
    judged.user_key between $first_user and $last_user
    and (judged.taken or judged.rank <= $top_ranks or judged.rank % $every_nth = 0)
order by judged.task, judged.user_key, judged.item_key
