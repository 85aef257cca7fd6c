-- Users whose id holds a text, those with the most events first; without a text all.
select user_id, n_events, n_baskets, n_items, recency_days, tenure_days, available_from
from serving.users
where $part is null or contains(user_id, $part)
order by user_id <> coalesce($part, ''), n_events desc, user_id
limit $most::integer
