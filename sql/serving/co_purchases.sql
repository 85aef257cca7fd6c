-- What was taken together with an item, most often first; lift_lately and lift_before: of the later and the earlier half of
-- the days that are counted.
select
    pairs.other_item_id as item_id,
    items.title,
    items.category,
    items.price,
    pairs.n_together,
    pairs.support,
    pairs.confidence,
    pairs.lift,
    pairs.lift_before,
    pairs.lift_lately
from serving.co_purchases as pairs
left join serving.items as items on items.item_id = pairs.other_item_id
where pairs.item_id = $item_id
order by pairs.n_together desc, pairs.other_item_id
