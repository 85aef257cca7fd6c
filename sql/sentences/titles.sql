-- Every title that the night knows, which no sentence may name unless it is its own.
select distinct items.title
from clean.items as items
where items.title is not null
order by items.title
