-- What is trending by scope, with places in place of ids.
-- share: the part of the scope's items that score no higher, which is the score that an unknown user's list shows.
with items as (
    select item_id, row_number() over (order by item_id)::integer - 1 as place
    from serving.items
)

select
    trending.scope,
    items.place as item,
    trending.score,
    cume_dist() over (partition by trending.scope order by trending.score) as share
from serving.trending as trending
inner join items on items.item_id = trending.item_id
order by trending.scope, trending.rank
