-- What can be offered with an item as one bundle, the strongest first; with a user ($user_id, or null) what fits the user first.
select rank, items, titles, n_together, support, confidence, lift, price, diversity, fit
from serving.bundle($item_id, u := $user_id, k := $k::integer, task := $task)
order by rank
