-- What reasons of tonight's lists rest on, each once, that of most rows first: nothing of it tells whose they are. Counts
-- and ages are no part of it, but whether something was once: a sentence has placeholders for them. evidence_item_key: the
-- item that the user took, where the reason rests on one; else the item itself.
select
    lists.item_key,
    lists.reason_template,
    coalesce(lists.evidence_count = 1, false) as is_once,
    case when lists.reason_template = 'goes_with' then lists.evidence_item_key else lists.item_key end as evidence_item_key,
    lists.reason_about,
    items.title,
    items.category,
    items.brand,
    others.title as other_title,
    others.category as other_category,
    count(*)::integer as n_rows,
    min(items.item_id) as item_id,
    min(others.item_id) as other_item_id
from recommendations.lists as lists
inner join clean.items as items on items.item_key = lists.item_key
left join clean.items as others
    on others.item_key = lists.evidence_item_key and lists.reason_template = 'goes_with'
where items.title is not null and (lists.reason_template <> 'goes_with' or others.title is not null)
group by all
order by n_rows desc, item_id, lists.reason_template, is_once, other_item_id, lists.reason_about
