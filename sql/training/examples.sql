-- What a reranker learns from: the candidates of the graded night that sql/training/labels.sql chose, as that night knew them,
-- of the users from $first_user to $last_user, and beside them whether the user took the item, and what the row weighs.
select
    candidates.*,
    labels.taken,
    labels.weight
from graded.recommendations.candidates as candidates
inner join made.labels as labels
    on
        labels.task = candidates.task
        and labels.user_key = candidates.user_key
        and labels.item_key = candidates.item_key
where candidates.user_key between $first_user and $last_user
order by candidates.task, candidates.user_key, candidates.item_key
