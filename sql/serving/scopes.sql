-- The scopes in which something is trending.
select scope, count(*) as n_items
from serving.trending
group by scope
order by scope <> 'all', scope
