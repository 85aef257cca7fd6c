-- Sentences by a language model for rows of the lists, where the profile has some made (reasons.sentences) and what came
-- was true to its evidence; else the row's reason_text stands alone. Figures are put in as in reason_text.
-- made.sentences: blurbs and explanations by what they rest on; made.figures: numbers and ages in words.
select
    lists.task,
    users.user_id,
    lists.rank,
    items.item_id,
    sentences.language,
    replace(
        replace(sentences.blurb, '{count}', coalesce(counts.text, '')), '{age}', coalesce(ages.age, '')
    ) as blurb,
    replace(
        replace(sentences.explanation, '{count}', coalesce(counts.text, '')), '{age}', coalesce(ages.age, '')
    ) as explanation,
    sentences.model,
    sentences.evidence_hash
from recommendations.lists as lists
inner join made.sentences as sentences
    on
        sentences.item_key = lists.item_key
        and sentences.reason_template = lists.reason_template
        and sentences.is_once = coalesce(lists.evidence_count = 1, false)
        and sentences.evidence_item_key
        = case when lists.reason_template = 'goes_with' then lists.evidence_item_key else lists.item_key end
        and coalesce(sentences.reason_about, '') = coalesce(lists.reason_about, '')
        and sentences.blurb is not null
inner join clean.users as users on users.user_key = lists.user_key
inner join clean.items as items on items.item_key = lists.item_key
left join made.figures as counts on counts.number = lists.evidence_count
left join made.figures as ages on ages.number = floor(lists.evidence_days)::bigint
order by lists.task, users.user_id, lists.rank
