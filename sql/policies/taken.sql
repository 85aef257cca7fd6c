-- When each user of a batch last took each item (never_again).
select user_key, item_key, recency_days
from features.user_item
where user_key between $first and $last
order by user_key, item_key
