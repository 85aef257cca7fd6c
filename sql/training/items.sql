-- Items in the order of their ids: the row number is the item's index in an algorithm's arrays.
select
    item_key,
    item_id
from clean.items
order by item_id
