-- Items that were first seen after a night, those with the most buyers first.
select item_id, title, category, price, available_from, n_buyers, n_events
from serving.items
where available_from > $since::date
order by n_buyers desc, item_id
limit $most::integer
