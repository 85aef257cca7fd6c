-- The lists with places in place of ids and texts, in order of task, user and rank.
-- evidence, n, days (in hundredths, of the age in single precision): 1 more than what they say, and 0 where a reason has
-- none.
with tasks as (
    select task, row_number() over (order by task <> 'next', task)::integer - 1 as place
    from meta.tasks
),

users as (
    select user_id, row_number() over (order by user_id)::integer - 1 as place
    from serving.users
),

items as (
    select item_id, row_number() over (order by item_id)::integer - 1 as place
    from serving.items
),

reasons as (
    select
        reason,
        reason_algorithm,
        reason_text,
        row_number() over (order by reason, reason_algorithm, reason_text)::integer - 1 as place
    from (select distinct reason, reason_algorithm, reason_text from serving.recommendations)
)

select
    tasks.place as task,
    users.place as user_place,
    items.place as item,
    lists.score,
    reasons.place as reason,
    coalesce(evidence.place + 1, 0)::integer as evidence,
    coalesce(lists.evidence_count::bigint + 1, 0) as n,
    coalesce(round_even(lists.evidence_days::float::double * 100, 0)::bigint + 1, 0) as days
from serving.recommendations as lists
inner join tasks on tasks.task = lists.task
inner join users on users.user_id = lists.user_id
inner join items on items.item_id = lists.item_id
inner join reasons
    on
        reasons.reason is not distinct from lists.reason
        and reasons.reason_algorithm is not distinct from lists.reason_algorithm
        and reasons.reason_text is not distinct from lists.reason_text
left join items as evidence on evidence.item_id = lists.evidence_item_id
order by tasks.place, users.place, lists.rank
