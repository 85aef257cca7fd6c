-- Items that go with an item, with places in place of ids, best first.
with items as (
    select item_id, row_number() over (order by item_id)::integer - 1 as place
    from serving.items
)

select
    items.place as item,
    others.place as other,
    similar_items.score
from serving.similar_items as similar_items
inner join items on items.item_id = similar_items.item_id
inner join items as others on others.item_id = similar_items.similar_item_id
order by items.place, similar_items.rank
