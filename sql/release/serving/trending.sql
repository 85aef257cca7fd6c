-- What is trending, scope 'all' being the whole shop, then one scope per department and category.
-- score: distinct buyers, each counted by how long ago they last took the item, halved every so many
-- days as meta.trending_windows says.
-- share: of the scope's rows those whose score is no higher. It is the score that serving.recommend shows to unknown ids, and
-- stands here so that no call has to plan the window.
select
    trending.scope,
    trending.rank,
    items.item_id,
    items.title,
    items.category,
    trending.score,
    cume_dist() over (partition by trending.scope order by trending.score) as share
from recommendations.trending as trending
inner join clean.items as items on items.item_key = trending.item_key
order by trending.scope, trending.rank
