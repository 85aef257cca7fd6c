-- What rises or falls: items or categories ($kind), the surest first, of which $max_q at most
-- are chance; $direction: rises, falls or both.
select rank, item_id, title, category, n_users, n_users_before, share, share_before, z, p, q
from serving.movements
where kind = $kind and q <= $max_q::double and ($direction = 'both' or (z > 0) = ($direction = 'rises'))
order by rank
limit $most::integer
