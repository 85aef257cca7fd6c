-- The items most like each item, best first, and the algorithm that says so.
select
    items.item_id,
    similar_items.rank,
    others.item_id as similar_item_id,
    others.title,
    others.category,
    similar_items.score,
    similar_items.algorithm
from recommendations.similar_items as similar_items
inner join clean.items as items on items.item_key = similar_items.item_key
inner join clean.items as others on others.item_key = similar_items.similar_item_key
order by items.item_id, similar_items.rank
