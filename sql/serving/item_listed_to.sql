-- Who had an item among the first ten places of their list.
select task, user_id
from serving.recommendations
where item_id = $item_id and rank <= 10
order by task, user_id
