-- The first ten places of the lists of one task: of every user, or of one in so many.
select user_id, rank, item_id, title
from serving.recommendations
where task = $task and rank <= 10 and hash(user_id) % $nth = 0
order by user_id, rank
