-- What a reranker learns to foretell: of the candidates of the graded night, for every user who took something since and was
-- proposed some of it, whether the user took the item. What was taken is all there; of the others one of $every_nth, which
-- stands for that many (weight), by the hash of the ids: a rule by rank would let the rank tell what was taken. At most
-- $max_users users of a task, by the hash of their ids. Nothing but these columns goes on from the labels.
with hit_users as (
    select distinct candidates.task, candidates.user_key, users.user_id
    from graded.recommendations.candidates as candidates
    inner join graded.clean.users as users on users.user_key = candidates.user_key
    semi join grades.relevant as relevant
        on
            relevant.task = candidates.task
            and relevant.user_key = candidates.user_key
            and relevant.item_key = candidates.item_key
),

learners as (
    select task, user_key, user_id
    from hit_users
    qualify row_number() over (partition by task order by md5(user_id), user_id) <= $max_users
),

judged as (
    select
        candidates.task,
        candidates.user_key,
        candidates.item_key,
        relevant.item_key is not null as taken,
        md5_number_lower(learners.user_id || ' ' || items.item_id) % $every_nth as part
    from graded.recommendations.candidates as candidates
    inner join learners on learners.task = candidates.task and learners.user_key = candidates.user_key
    inner join graded.clean.items as items on items.item_key = candidates.item_key
    left join grades.relevant as relevant
        on
            relevant.task = candidates.task
            and relevant.user_key = candidates.user_key
            and relevant.item_key = candidates.item_key
)

select
    task,
    user_key,
    item_key,
    taken,
    case when taken then 1 else $every_nth end::integer as weight
from judged
where taken or part = 0
order by task, user_key, item_key
