-- A user's last events, newest first, as far as the release holds them.
select
    history.event_ts,
    history.event_type,
    history.item_id,
    items.title,
    items.category,
    history.quantity,
    history.value,
    history.basket_id
from serving.history as history
left join serving.items as items on items.item_id = history.item_id
where history.user_id = $user_id
order by history.event_ts desc, history.item_id, history.event_type
