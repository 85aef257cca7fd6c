-- Lists of those who told what they like and have done nothing yet, with places of items in place of ids; evidence: -1 where
-- a row rests on no item. Only of releases that have them.
with items as (
    select item_id, row_number() over (order by item_id)::integer - 1 as place
    from serving.items
)

select
    newcomers.user_id,
    items.place as item,
    newcomers.score,
    case newcomers.reason when 'goes_with' then -4 when 'liked' then -3 else -1 end as reason,
    coalesce(evidence.place, -1) as evidence
from serving.newcomers as newcomers
inner join items on items.item_id = newcomers.item_id
left join items as evidence on evidence.item_id = newcomers.evidence_item_id
order by newcomers.user_id, newcomers.rank
