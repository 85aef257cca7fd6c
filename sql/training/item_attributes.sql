-- What is known of items by the cutoff, in the order of training/items.sql: every column that the source delivers.
select items.* exclude (item_key, item_id, available_from, retired_at)
from clean.items as items
order by items.item_id
