-- How many items were first seen after a night.
select count(*) as n_items
from serving.items
where available_from > $since::date
order by n_items
