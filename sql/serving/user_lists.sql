-- A user's lists with what stands behind each place: of one task, or (null) of all.
with lists as (
    from serving.recommendations
    union all by name
    select null::double as confidence where false -- For releases of an earlier version, which do not have it.
)

select
    listed.task,
    listed.rank,
    listed.item_id,
    listed.title,
    listed.category,
    items.price,
    listed.score,
    listed.raw_score,
    listed.configuration,
    listed.reason,
    listed.reason_text,
    listed.reason_algorithm,
    array_to_string(
        list_transform(listed.algorithms, lambda each: concat_ws(' ', each.algorithm, each.rank)), ', '
    ) as proposed_by,
    listed.evidence_item_id,
    evidence.title as evidence_title,
    listed.evidence_count,
    listed.evidence_days,
    listed.confidence,
    listed.model_night
from lists as listed
left join serving.items as items on items.item_id = listed.item_id
left join serving.items as evidence on evidence.item_id = listed.evidence_item_id
where listed.user_id = $user_id and ($task is null or listed.task = $task)
order by listed.task desc, listed.rank
