-- What goes with an item, nearest first.
select linked.rank, linked.similar_item_id as item_id, linked.title, linked.category, items.price, linked.score
from serving.similar_items as linked
left join serving.items as items on items.item_id = linked.similar_item_id
where linked.item_id = $item_id
order by linked.rank
