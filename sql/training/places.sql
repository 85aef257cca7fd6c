-- Items by key in the order of their ids: which of two equals stands first, the one with the lower place.
select
    item_key,
    (row_number() over (order by item_id) - 1)::integer as place
from clean.items
order by item_key
