-- Lists of those who have told what they like and have done nothing yet.
select
    newcomers.user_id,
    newcomers.rank,
    items.item_id,
    items.title,
    items.category,
    newcomers.score,
    newcomers.reason,
    case newcomers.reason
        when 'goes_with' then 'goes with what you like'
        when 'liked' then 'trending in a category you like'
        else 'trending now'
    end as reason_text,
    evidence.item_id as evidence_item_id
from recommendations.newcomers as newcomers
inner join clean.items as items on items.item_key = newcomers.item_key
left join clean.item_keys as evidence on evidence.item_key = newcomers.evidence_item_key
order by newcomers.user_id, newcomers.rank
