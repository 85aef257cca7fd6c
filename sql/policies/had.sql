-- Who of a batch has had what is pinned, in any event (pin).
select distinct events.user_key, events.item_key
from clean.interactions as events
inner join clean.items as items on items.item_key = events.item_key
where events.user_key between $first and $last and list_contains($items, items.item_id)
order by events.user_key, events.item_key
