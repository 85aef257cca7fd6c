-- The neighbourhood of an item in the graph of what is taken together: its nearest items, the nearest of each of those,
-- and all pairs among them, each once.
with near as (
    select other_item_id as item_id
    from serving.co_purchases
    where item_id = $item_id
    order by n_together desc, other_item_id
    limit 12
),

beyond as (
    select pairs.other_item_id as item_id
    from serving.co_purchases as pairs
    semi join near on near.item_id = pairs.item_id
    where pairs.other_item_id <> $item_id
    qualify row_number() over (partition by pairs.item_id order by pairs.n_together desc, pairs.other_item_id) <= 3
),

shown as (
    select $item_id as item_id
    union
    select item_id from near
    union
    select item_id from beyond
)

select
    pairs.item_id,
    pairs.other_item_id,
    min(one.title) as title,
    min(other.title) as other_title,
    max(pairs.n_together) as n_together,
    max(pairs.lift) as lift
from serving.co_purchases as pairs
semi join shown on shown.item_id = pairs.item_id
inner join shown as ends on ends.item_id = pairs.other_item_id
left join serving.items as one on one.item_id = pairs.item_id
left join serving.items as other on other.item_id = pairs.other_item_id
where
    pairs.item_id < pairs.other_item_id
    or not exists (
        select 1
        from serving.co_purchases as back
        where back.item_id = pairs.other_item_id and back.other_item_id = pairs.item_id
    )
group by pairs.item_id, pairs.other_item_id
order by $item_id in (pairs.item_id, pairs.other_item_id) desc, n_together desc, pairs.item_id, pairs.other_item_id
limit 60
