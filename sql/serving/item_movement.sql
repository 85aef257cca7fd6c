-- How the share of users who take an item has moved, and how likely so much is chance.
select n_users, n_users_before, share, share_before, z, p, q
from serving.movements
where kind = 'item' and item_id = $item_id
order by item_id
