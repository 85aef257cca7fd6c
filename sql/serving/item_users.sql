-- Who gets an item recommended, those first in whose lists it stands highest.
select user_id, task, rank, score, reason_text
from serving.recommendations
where item_id = $item_id
order by rank, score desc, user_id, task
limit $most::integer
