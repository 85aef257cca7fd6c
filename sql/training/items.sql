-- Items in the order of their ids: the row number is the item's index in an algorithm's arrays.
-- is_retired: it is no longer to be had after the cutoff, as far as the night knows; it is learned from, never listed.
select
    items.item_key,
    items.item_id,
    coalesce(items.retired_at <= night.cutoff, false) as is_retired
from clean.items as items
cross join this.night as night
order by items.item_id
