-- Where an item stands in a user's lists, who proposed it there, and the reason with its figures.
select
    task,
    rank,
    score,
    raw_score,
    configuration,
    algorithms,
    reason,
    reason_algorithm,
    reason_text,
    evidence_item_id,
    evidence_count,
    evidence_days,
    model_night
from serving.recommendations
where user_id = $user_id and item_id = $item_id
order by task
