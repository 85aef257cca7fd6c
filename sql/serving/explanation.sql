-- Where an item stands in a user's lists, who proposed it there, and the reason with its figures.
with lists as (
    from serving.recommendations
    union all by name
    select null::double as confidence where false -- For releases of an earlier version, which do not have it.
)

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
    confidence,
    model_night
from lists
where user_id = $user_id and item_id = $item_id
order by task
