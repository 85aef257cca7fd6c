-- What the scores of a user's lists are made of; of one item alone where one is asked for. No row outside the release's sample.
select task, rank, item_id, explains, base, parts
from serving.contributions
where
    user_id = $user_id
    and ($item_id::varchar is null or item_id = $item_id)
order by task, rank, explains
