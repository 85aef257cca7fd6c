-- The recommendations of this night: for each task and known user the ranked items, each with its score and the raw one
-- behind it, the algorithms that proposed it with their ranks, and the reason with the figures it rests on. policies: rules
-- of the profile behind its place. Ids are as delivered.
select
    night.night,
    lists.task,
    users.user_id,
    lists.rank,
    items.item_id,
    items.title,
    items.category,
    lists.score,
    lists.raw_score,
    lists.configuration,
    lists.algorithms,
    lists.reason,
    lists.reason_algorithm,
    lists.reason_text,
    lists.reason_template,
    lists.reason_about,
    evidence.item_id as evidence_item_id,
    lists.evidence_count,
    lists.evidence_days,
    confidence.confidence,
    lists.policies,
    lists.model_night,
    inputs.run_id
from recommendations.lists as lists
cross join this.night as night
inner join clean.users as users on users.user_key = lists.user_key
inner join clean.items as items on items.item_key = lists.item_key
left join this.inputs as inputs on inputs.table_name = 'recommendations.lists' and inputs.night = night.night
left join recommendations.confidence as confidence
    on
        confidence.task = lists.task
        and confidence.configuration = lists.configuration
        and confidence.rank = lists.rank
        and confidence.score_tenth = ceil(lists.score * 10)::integer
left join clean.items as evidence on evidence.item_key = lists.evidence_item_key
order by lists.task, users.user_id, lists.rank
