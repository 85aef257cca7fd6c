-- All that the release can say of a user and an item, listed or not.
select *
from serving.explain($user_id, $item_id)
