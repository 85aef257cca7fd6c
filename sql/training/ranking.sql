-- What a reranker scores: the candidates of the users from $first_user to $last_user. tie: the lower stands first among equals.
with id_order as (
    select item_key, row_number() over (order by item_id) as tie
    from clean.items
)

select candidates.*, id_order.tie
from recommendations.candidates as candidates
inner join id_order on id_order.item_key = candidates.item_key
where candidates.user_key between $first_user and $last_user
order by candidates.task, candidates.user_key, candidates.item_key
