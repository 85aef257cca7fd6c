-- New items of the night, numbered in the order of their ids from the last key on.
-- A key says when an item was first seen: it is never a feature and never breaks a tie.
with first_seen as (
    select item_id from landed.events
    union
    select item_id from landed.items where known_from is not null
),

new_items as (
    select first_seen.item_id
    from first_seen
    where first_seen.item_id not in (select item_id from before.clean.item_keys)
)

select
    (
        row_number() over (order by item_id) - 1
        + coalesce((select max(item_key) + 1 from before.clean.item_keys), 0)
    )::integer as item_key,
    item_id
from new_items
order by item_key
