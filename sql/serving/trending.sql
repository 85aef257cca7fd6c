-- What is trending in a scope, most first.
select trending.scope, trending.rank, trending.item_id, trending.title, trending.category, items.price, trending.score,
    trending.share
from serving.trending as trending
left join serving.items as items on items.item_id = trending.item_id
where trending.scope = $scope
order by trending.rank
